"""Every fast path computes what its reference computes: outputs and gradients, by shape, dtype, rate and mode."""

import pytest
import torch

from dropout_lab.dropout.kernels import linear, linear_maps
from dropout_lab.dropout.kernels import linear_maps_reference as plain
from dropout_lab.dropout.kernels.linear_maps import CONV, DENSE_MAP, ConvMap, DenseMap
from dropout_lab.dropout.kernels.recurrent_matmul import make_matmul
from dropout_lab.dropout.kernels.rnn_cells import RNN_CELLS, CellMasks
from dropout_lab.dropout.kernels.rnn_reference import recurrent_product_reference, run_sequence_reference
from dropout_lab.dropout.kernels.rnn_sequence import run_sequence
from dropout_lab.dropout.masks import mask_factor

RATES = [0.0, 0.4, 1.0]
TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 3e-2}  # relative to the largest value
dtypes = pytest.mark.parametrize("dtype", TOLERANCE, ids=["fp32", "bf16"])
rates = pytest.mark.parametrize("rate", RATES)
modes = pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])


def drawn(*shape, dtype=torch.float32, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def mask(shape, rate, rescaled=True, dtype=torch.float32, seed=9):
    """A drop mask as a factor; without rescaling, the fraction of an update that zoneout takes."""
    bits = torch.randint(-(2**15), 2**15, shape, generator=torch.Generator().manual_seed(seed)).to(torch.int16)
    return mask_factor(bits, rate, torch.empty(shape, dtype=dtype), rescaled)


def assert_close(fast, reference, dtype):
    assert len(fast) == len(reference)
    for a, b in zip(fast, reference, strict=True):
        assert a.shape == b.shape
        scale = max(b.abs().max().item(), 1e-3)
        torch.testing.assert_close(a.float(), b.float(), rtol=0, atol=TOLERANCE[dtype] * scale)


def outputs(function, inputs, training):
    """The outputs in evaluation, or the outputs and the gradients of all inputs in training."""
    if not training:
        with torch.inference_mode():
            return [function(*inputs)]
    inputs = [value.clone().requires_grad_() for value in inputs]
    out = function(*inputs)
    return [out.detach(), *torch.autograd.grad(out, inputs, drawn(*out.shape, dtype=out.dtype, seed=8))]


@dtypes
@rates
@modes
@pytest.mark.parametrize(("width", "large"), [(1, False), (3, False), (linear.NARROW, False), (24, True)])
@pytest.mark.parametrize("shape", [(1, 1, 4), (3, 5, 7), (2, 3, 4, 7)])
def test_dense_map(shape, width, large, training, rate, dtype, monkeypatch):
    monkeypatch.setattr(linear, "LARGE", 0 if large else 10**9)
    inputs = [drawn(*shape, dtype=dtype), drawn(shape[0], shape[-1], width, dtype=dtype), drawn(shape[0], width)]
    inputs = [inputs[0] * mask(shape, rate, dtype=dtype), inputs[1], inputs[2].to(dtype)]
    for variant in (DENSE_MAP, DenseMap()):
        reference = outputs(plain.dense_map_reference, inputs, training)
        assert_close(outputs(variant, inputs, training), reference, dtype)


@pytest.mark.parametrize("skips", [True, False])
@rates
def test_dense_map_of_many_passes_of_one_model(rate, skips, monkeypatch):
    monkeypatch.setattr(linear_maps, "GATHER", 0)
    monkeypatch.setattr(linear_maps, "CALLS", -1 if skips else 10**12)  # cost of skipping unused rows of weights
    units = drawn(1, 6, 50).relu()  # a unit that is zero is zero in every pass
    inputs = [units * mask((5, 6, 50), rate), drawn(1, 50, 64), drawn(1, 64)]
    with torch.inference_mode():
        assert (linear_maps._used(inputs[0], inputs[1]) is not None) == skips
    reference = outputs(plain.dense_map_reference, inputs, False)
    assert_close(outputs(DENSE_MAP, inputs, False), reference, torch.float32)


@dtypes
@rates
@modes
@pytest.mark.parametrize("shape", [(1, 1, 4), (2, 3, 7), (2, 3, 4, 7)])
def test_dense_map_per_example(shape, training, rate, dtype):
    weights = drawn(*shape[:2], shape[-1], 5, dtype=dtype, seed=1)
    inputs = [drawn(*shape, dtype=dtype), weights * mask(weights.shape, rate, dtype=dtype), drawn(shape[0], 5)]
    inputs[2] = inputs[2].to(dtype)
    reference = outputs(plain.dense_map_per_example_reference, inputs, training)
    assert_close(outputs(DENSE_MAP.each, inputs, training), reference, dtype)


@dtypes
@rates
@modes
@pytest.mark.parametrize(
    "options", [{}, {"stride": (2, 2), "padding": (1, 1)}, {"padding": (2, 2), "dilation": (2, 2)}]
)
@pytest.mark.parametrize("per_example", [False, True], ids=["model", "example"])
@pytest.mark.parametrize("shape", [(1, 2, 1, 6, 6), (2, 3, 3, 8, 6)])
def test_conv_map(shape, per_example, options, training, rate, dtype):
    models, batch, channels = shape[:3]
    weight = drawn(models, *([batch] if per_example else []), 4, channels, 3, 3, dtype=dtype, seed=1)
    if per_example:
        weight = weight * mask(weight.shape, rate, dtype=dtype)
    inputs = [drawn(*shape, dtype=dtype) * mask(shape, rate, dtype=dtype), weight, drawn(models, 4, dtype=dtype)]
    convolve = ConvMap(**options) if options else CONV

    def reference(x, weight, bias):
        return plain.conv_map_reference(x, weight, bias, **options)

    fast = outputs(convolve.each if per_example else convolve, inputs, training)
    assert_close(fast, outputs(reference, inputs, training), dtype)


@dtypes
@rates
@pytest.mark.parametrize("kind", ["none", "mask", "per_gate"])
@pytest.mark.parametrize("steps", [1, 3], ids=["sequence", "steps"])
@pytest.mark.parametrize("models", [1, 2])
def test_recurrent_product(models, steps, kind, rate, dtype):
    batch, units, gates, count = 4, 5, 3, 3
    weight, before = drawn(models, gates * units, units, dtype=dtype), drawn(models, count, batch, units, dtype=dtype)
    shape = (models, steps, *([gates] if kind == "per_gate" else []), batch, units)
    factor = None if kind == "none" else mask(shape, rate, dtype=dtype)
    product, slope = make_matmul(weight, factor, count), drawn(models, batch, gates * units, dtype=dtype, seed=2)
    start, base = drawn(models, batch, gates * units, dtype=dtype, seed=3), drawn(models, batch, units, dtype=dtype)
    every = torch.zeros(models, count, batch, gates * units, dtype=dtype)
    to_weight = torch.zeros_like(weight)
    for t in range(count):
        h, w = before[:, t].clone().requires_grad_(), weight.clone().requires_grad_()
        at = [None if factor is None else factor[m, t if steps > 1 else 0] for m in range(models)]
        reference = torch.stack([recurrent_product_reference(h[m], w[m], at[m]) for m in range(models)])
        to_h, to_w = torch.autograd.grad(reference, [h, w], slope)
        out, back = torch.empty_like(start), torch.empty_like(base)
        alone = 0 if models == 1 else slice(None)  # the tensors of a step of one model have no model axis
        product.forward(t, before[:, t][alone], start[alone], out[alone])
        product.backward(t, slope[alone], base[alone], back[alone])
        assert_close([out, back], [start + reference.detach(), base + to_h], dtype)
        every[:, t] = slope
        to_weight += to_w
    assert_close([product.gradient(every, before)], [to_weight], dtype)


@dtypes
@rates
@modes
@pytest.mark.parametrize("per_step", [True, False], ids=["steps", "sequence"])
@pytest.mark.parametrize("models", [1, 2])
@pytest.mark.parametrize("kind", RNN_CELLS)
def test_run_sequence(kind, models, per_step, training, rate, dtype):
    steps, batch, width, units = 4, 3, 6, 5
    gates = RNN_CELLS[kind].count * units
    shapes = [(models, steps, batch, width), (models, gates, width), (models, gates, units), (models, gates)]
    shapes += [(models, gates), *[(models, batch, units)] * (2 if kind == "lstm" else 1)]
    inputs = [0.5 * drawn(*shape, seed=i) for i, shape in enumerate(shapes)]
    shape = (models, steps if per_step else 1, batch, units)
    names = RNN_CELLS[kind].masks if training else ()  # a deterministic network has no masks
    masks = CellMasks(**{n: mask(shape, rate, not n.startswith("keep"), seed=i) for i, n in enumerate(names)})

    def run(function, autocast):
        def last(x, a, b, c, d, *start):
            with torch.autocast("cpu", dtype, enabled=autocast):
                hidden, ends = function(kind, x, (a, b, c, d), start, masks)
            return torch.cat([hidden, *(end.unsqueeze(1) for end in ends)], 1)

        return outputs(last, inputs, training)

    # Under bf16 only the input projections are rounded, so the reference is computed in fp32.
    assert_close(run(run_sequence, dtype == torch.bfloat16), run(run_sequence_reference, False), dtype)
