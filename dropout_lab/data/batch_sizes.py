"""The sizes of an epoch's batches."""


def batch_sizes(examples: int, batch_size: int) -> list[int]:
    """The sizes of an epoch's batches, in order.

    The last batch is shorter where the batch size does not divide the number of examples. A last batch of one example
    joins the batch before it, because batch normalisation has no statistics of a single example.

    Args:
        examples: number of training examples.
        batch_size: the setting; 1 means batches of one example throughout.
    """
    sizes = [batch_size] * (examples // batch_size)
    rest = examples % batch_size
    if rest and joins_last(examples, batch_size):
        sizes[-1] += rest
    elif rest:
        sizes.append(rest)
    return sizes


def joins_last(examples: int, batch_size: int) -> bool:
    """Whether a last batch of one example joins the batch before it."""
    return 1 < batch_size < examples and examples % batch_size == 1
