"""The batch sizes of an epoch."""


def batch_sizes(examples: int, batch_size: int) -> list[int]:
    """Return the sizes of an epoch's batches, in order.

    The last batch is shorter if the batch size does not divide the number of examples. A last batch of one example is
    merged with the previous batch, because batch normalisation has no statistics of a single example.

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
    """Return whether a last batch of one example is merged with the previous batch."""
    return 1 < batch_size < examples and examples % batch_size == 1
