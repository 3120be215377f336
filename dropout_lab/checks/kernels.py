"""Check the fast kernels against their references: outputs and gradients, in single and in half precision."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from dropout_lab.checks.figure import Figure, error_figure
from dropout_lab.dropout.kernels import linear_maps_reference as references
from dropout_lab.dropout.kernels.linear_maps import CONV, DENSE_MAP
from dropout_lab.dropout.kernels.rnn_cells import RNN_CELLS, CellMasks
from dropout_lab.dropout.kernels.rnn_reference import run_sequence_reference
from dropout_lab.dropout.kernels.rnn_sequence import run_sequence
from dropout_lab.dropout.masks import mask_factor
from dropout_lab.process_settings import use_threads
from dropout_lab.sweeps.pack_job import available_cores

# Largest difference relative to the largest value: rounding of products of up to 784 terms.
TOLERANCES = {torch.float32: 1e-5, torch.bfloat16: 3e-2}
RATE = 0.4
# Models, examples, inputs and outputs of dense layers, one for each kernel of dropout/kernels/linear.py.
DENSE = {"narrow": (3, 16, 64, 10), "dense": (3, 16, 64, 48), "large": (2, 128, 784, 512)}

Function = Callable[..., Tensor]


def check_kernels(folder: Path) -> list[Figure]:
    """Compare every kernel with its reference."""
    with use_threads(available_cores()):
        return [
            *(figure for dtype in TOLERANCES for figure in _compare_maps(dtype)),
            *(_compare_sequence(kind) for kind in RNN_CELLS),
        ]


def _compare_maps(dtype: torch.dtype) -> Iterator[Figure]:
    precision = str(dtype).removeprefix("torch.")
    for name, (models, batch, size, width) in DENSE.items():
        inputs = [draw(models, batch, size), draw(models, size, width), draw(models, width)]
        yield compare(f"{name} layer, {precision}", DENSE_MAP, references.dense_map_reference, inputs, dtype)
    inputs = [draw(2, 4, 16), draw(2, 4, 16, 12), draw(2, 12)]
    name = f"dense layer per example, {precision}"
    yield compare(name, DENSE_MAP.each, references.dense_map_per_example_reference, inputs, dtype)
    inputs = [draw(2, 4, 3, 8, 8), draw(2, 6, 3, 3, 3), draw(2, 6)]
    yield compare(f"convolution, {precision}", CONV, references.conv_map_reference, inputs, dtype)
    inputs[1] = draw(2, 4, 6, 3, 3, 3)
    yield compare(f"convolution per example, {precision}", CONV.each, references.conv_map_reference, inputs, dtype)


def _compare_sequence(kind: str) -> Figure:
    """Compare a recurrent layer with masks on all its states."""
    models, steps, batch, width, units = 2, 5, 3, 8, 6
    gates = RNN_CELLS[kind].count * units
    shapes = [(models, steps, batch, width), (models, gates, width), (models, gates, units), (models, gates)]
    shapes += [(models, gates), *[(models, batch, units)] * (2 if kind == "lstm" else 1)]
    shape = (models, steps, batch, units)
    masks = {n: _draw_mask(shape, not n.startswith("keep"), seed) for seed, n in enumerate(RNN_CELLS[kind].masks)}

    def flatten(function: Callable[..., tuple[Tensor, Sequence[Tensor]]]) -> Function:
        def outputs(x: Tensor, *rest: Tensor) -> Tensor:
            hidden, ends = function(kind, x, rest[:4], rest[4:], CellMasks(**masks))
            return torch.cat([hidden, *(end.unsqueeze(1) for end in ends)], 1)

        return outputs

    inputs = [0.5 * draw(*shape, seed=seed) for seed, shape in enumerate(shapes)]
    fast, reference = flatten(run_sequence), flatten(run_sequence_reference)
    return compare(f"{kind} layer, float32", fast, reference, inputs, torch.float32)


def compare(name: str, fast: Function, reference: Function, inputs: Sequence[Tensor], dtype: torch.dtype) -> Figure:
    """Return the largest relative difference of outputs and gradients as a figure.

    Args:
        name: name of the figure.
        fast, reference: functions of the inputs.
        inputs: tensors, which are converted to ``dtype``.
        dtype: dtype of the computation.
    """
    pairs = zip(_differentiate(fast, inputs, dtype), _differentiate(reference, inputs, dtype), strict=True)
    errors = [((a.float() - b.float()).abs().max() / b.float().abs().max()).item() for a, b in pairs]
    return error_figure(name, torch.tensor(errors).max().item(), TOLERANCES[dtype])  # NaN if any of them is


def _differentiate(function: Function, inputs: Sequence[Tensor], dtype: torch.dtype) -> list[Tensor]:
    """Return the output and the gradients of all inputs."""
    inputs = [x.to(dtype).requires_grad_() for x in inputs]
    out = function(*inputs)
    return [out.detach(), *torch.autograd.grad(out, inputs, draw(*out.shape, seed=8).to(out.dtype))]


def draw(*shape: int, seed: int = 0) -> Tensor:
    """Return normal numbers that are the same in each call."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _draw_mask(shape: Sequence[int], rescaled: bool, seed: int) -> Tensor:
    bits = torch.randint(-(2**15), 2**15, tuple(shape), generator=torch.Generator().manual_seed(seed))
    return mask_factor(bits.to(torch.int16), RATE, torch.empty(tuple(shape)), rescaled)
