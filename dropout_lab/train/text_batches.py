"""Batches of a running text: parallel streams, split into consecutive windows."""

from collections.abc import Callable, Iterator, Sequence

from torch import Tensor

from dropout_lab.train.batches import Batches

# For evaluation: few streams, so that almost every token has its full context, and long windows.
LOOK_STREAMS, LOOK_WINDOW = 10, 128


class TextBatches(Batches):
    """Batches of a language model for M trials at once.

    A split is cut into streams of equal length, and these into windows. Each window continues the previous one, so a
    model that passes its state on reads each stream without interruption. Tokens that do not fill the streams are left
    out. All trials read the same text in the same order.
    """

    @property
    def n_test(self) -> int:
        """Number of predicted tokens of the test set."""
        return sum(rows[0].numel() for rows in self.eval_batches("test"))

    @property
    def target_scale(self) -> Tensor:
        return self._x.new_ones(len(self.index["train"]))

    def epoch(self, batch_size: int) -> Sequence[Tensor]:
        """Return the positions of the input tokens in each window of the training set, [M, B, T]."""
        return list(_windows(self.index["train"], batch_size, self._conf.bptt))

    def eval_batches(self, part: str) -> Iterator[Tensor]:
        """Iterate over the token positions of a split in windows [M, B, T]."""
        yield from _windows(self.index[part], LOOK_STREAMS, LOOK_WINDOW)

    def batch(self, rows: Tensor, change: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
        return self.fetch(rows)

    def fetch(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return the symbols at these positions [M, B, T], and the next symbols as targets."""
        return self._examples(rows), self._examples(rows + 1)


def _windows(places: Tensor, streams: int, window: int) -> Iterator[Tensor]:
    """Split consecutive positions [M, N] into windows [M, B, T] of parallel streams.

    The last token is only a target.
    """
    count = places.shape[1] - 1
    streams = min(streams, count)
    length = count // streams
    stream_rows = places[:, : streams * length].unflatten(1, (streams, length))
    yield from stream_rows.split(window, dim=2)
