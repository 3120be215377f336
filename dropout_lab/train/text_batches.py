"""A running text as batches: streams side by side, window after window."""

from collections.abc import Callable, Iterator, Sequence

from torch import Tensor

from dropout_lab.train.batches import Batches

# To look without training: few streams, so that hardly a token lacks what came before it, and long windows.
LOOK_STREAMS, LOOK_WINDOW = 10, 128


class TextBatches(Batches):
    """Batches of a language model for M trials at once.

    A part is cut into streams of equal length, and these into windows; the next window goes on where the last one
    ended, so that a model that carries its state reads each stream in one piece. What does not fill the streams is left
    out. All trials read the same text in the same order.
    """

    @property
    def n_test(self) -> int:
        """Tokens of the test part that are predicted."""
        return sum(rows[0].numel() for rows in self.looks("test"))

    @property
    def target_scale(self) -> Tensor:
        return self._x.new_ones(len(self.index["train"]))

    def epoch(self, batch_size: int) -> Sequence[Tensor]:
        """Places of the tokens to read in each window of the training part, [M, B, T]."""
        return list(_windows(self.index["train"], batch_size, self._conf.window))

    def looks(self, part: str) -> Iterator[Tensor]:
        """Places of the tokens of a part in windows [M, B, T]."""
        yield from _windows(self.index[part], LOOK_STREAMS, LOOK_WINDOW)

    def batch(self, rows: Tensor, change: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
        return self.fetch(rows)

    def fetch(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """The symbols at these places [M, B, T], and those that come next."""
        return self._examples(rows), self._examples(rows + 1)


def _windows(places: Tensor, streams: int, window: int) -> Iterator[Tensor]:
    """Consecutive places [M, N] as windows [M, B, T] of streams that lie side by side; the last token is only told."""
    count = places.shape[1] - 1
    streams = min(streams, count)
    length = count // streams
    beside = places[:, : streams * length].unflatten(1, (streams, length))
    yield from beside.split(window, dim=2)
