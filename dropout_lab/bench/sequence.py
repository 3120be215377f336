"""Benchmark of dropout inside a recurrent layer, relative to torch's fused layer without dropout."""

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from dropout_lab.dropout import VARIANTS
from dropout_lab.dropout.recurrent_wrapper import RecurrentWrapper
from dropout_lab.files import replace_file
from dropout_lab.process_settings import use_threads
from dropout_lab.rng import PackRandomness, Randomness, Streams
from dropout_lab.sweeps.interleaved import describe_machine, ratios

REFERENCE = "fused, no dropout"
LOOP = "loop over cells, no dropout"
RATE = 0.3
VARIANTS_INSIDE = ("naive", "variational", "recurrent", "rnndrop", "zoneout")
# Time steps, batch size, inputs and units: an image read by its rows, and the small language model of Zaremba et al.
# 2014.
SHAPES = ((28, 128, 28, 128), (35, 20, 200, 200))
COLUMNS = ["steps", "batch", "inputs", "units", "layer", "ratio", "low", "high", "rounds"]


class _Bits:
    """Random bits of a pack of one for a module, without the model axis."""

    def __init__(self) -> None:
        self._random = PackRandomness([Streams(0, 0)], "bench", torch.device("cpu"))

    def bits(self, shape: Sequence[int]) -> Tensor:
        return self._random.bits((1, *shape))[0]


def measure(rounds: int = 15, repeats: int = 7, say: Callable[[str], None] = print) -> str:
    """Time the forward and backward pass of an LSTM layer on one thread.

    Args:
        rounds, repeats: as for :func:`ratios`.
        say: prints progress.

    Returns:
        the text of ``sequence.csv``: median and quartiles of the ratio to the fused layer, after a line that describes
        the machine.
    """
    with use_threads(1):
        text = io.StringIO()
        text.write(f"# one layer of LSTM, forwards and backwards, rate {RATE}; {describe_machine()}\n")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        for shape in SHAPES:
            say("T={} B={} D={} H={}".format(*shape))
            for name, ratio in ratios(_works(*shape), REFERENCE, rounds, repeats).items():
                cells = (f"{value:.3f}" for value in (ratio.median, ratio.low, ratio.high))
                writer.writerow([*shape, name, *cells, ratio.rounds])
        return text.getvalue()


def _works(steps: int, batch: int, inputs: int, units: int) -> dict[str, Callable[[], object]]:
    random = torch.Generator().manual_seed(0)
    x = torch.randn(steps, batch, inputs, generator=random).requires_grad_()  # like the output of a lower layer
    layer, cell = nn.LSTM(inputs, units), nn.LSTMCell(inputs, units)
    works = {REFERENCE: _run(layer, x), LOOP: _run(_Loop(cell), x)}
    return works | {name: _run(_around(name, layer), x) for name in VARIANTS_INSIDE}


def _around(name: str, layer: nn.LSTM) -> nn.Module:
    module, bits = VARIANTS[name](RATE), _Bits()
    assert isinstance(module, RecurrentWrapper)
    module.layer = layer

    def random(x: Tensor) -> Randomness:
        return bits

    module.random = random  # type: ignore[method-assign]
    return module


class _Loop(nn.Module):
    """LSTM layer as a loop over ``nn.LSTMCell``."""

    def __init__(self, cell: nn.LSTMCell):
        super().__init__()
        self.cell = cell

    def forward(self, x: Tensor) -> tuple[Tensor, None]:
        state, outs = None, []
        for step in x.unbind(0):
            state = self.cell(step, state)
            outs.append(state[0])
        return torch.stack(outs), None


def _run(module: nn.Module, x: Tensor) -> Callable[[], object]:
    weights = [x, *module.parameters()]

    def run() -> object:
        return torch.autograd.grad(module(x)[0].sum(), weights)

    return run


def write(say: Callable[[str], None]) -> Path:
    """Measure and write the results to ``results/bench/sequence.csv`` in the working directory."""
    target = Path("results/bench/sequence.csv")
    target.parent.mkdir(parents=True, exist_ok=True)
    replace_file(target, measure(say=say))
    return target
