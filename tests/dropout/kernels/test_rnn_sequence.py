"""The sequence operation: gradcheck, torch's own layers, and a plain loop over cells with masks written out."""

import pytest
import torch
from torch import nn

from dropout_lab.dropout.kernels.rnn_cells import RNN_CELLS, CellMasks
from dropout_lab.dropout.kernels.rnn_reference import run_sequence_reference
from dropout_lab.dropout.kernels.rnn_sequence import run_sequence

TORCH = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
# Which masks stand together in a test; whether they last for the sequence.
CASES = [
    ("lstm", ()),
    ("lstm", ("state",)),
    ("lstm", ("per_gate",)),
    ("lstm", ("candidate",)),
    ("lstm", ("cell",)),
    ("lstm", ("keep_state", "keep_cell")),
    ("lstm", ("state", "candidate", "cell", "keep_state", "keep_cell")),
    ("gru", ()),
    ("gru", ("state",)),
    ("gru", ("per_gate",)),
    ("gru", ("candidate",)),
    ("gru", ("state", "candidate", "keep_state")),
    ("rnn", ()),
    ("rnn", ("state",)),
    ("rnn", ("state", "keep_state")),
]


def generator(seed):
    return torch.Generator().manual_seed(seed)


def inputs(kind, models, steps=4, batch=3, wide=2, units=3, own=False):
    """x, weights and the state at the start, in double precision."""
    random, gates = generator(0), RNN_CELLS[kind].count

    def drawn(*shape):
        return torch.randn(*shape, generator=random, dtype=torch.float64).requires_grad_()

    x = drawn(models, steps, *([gates] if own else []), batch, wide)
    weights = (drawn(models, gates * units, wide), drawn(models, gates * units, units), drawn(models, gates * units),
               drawn(models, gates * units))  # fmt: skip
    start = tuple(drawn(models, batch, units) for _ in range(2 if kind == "lstm" else 1))
    return x, weights, start


def masks(kind, names, models, steps, batch, units, per_step):
    random, made = generator(1), {}
    for name in names:
        shape = [models, steps if per_step else 1, batch, units]
        if name == "per_gate":
            shape.insert(2, RNN_CELLS[kind].count)
        kept = (torch.rand(shape, generator=random, dtype=torch.float64) > 0.4).double()
        made["state" if name == "per_gate" else name] = kept * (1 if name.startswith("keep") else 1.5)
    return CellMasks(**made)


@pytest.mark.parametrize("per_step", [True, False], ids=["steps", "sequence"])
@pytest.mark.parametrize("models", [1, 2])
@pytest.mark.parametrize(("kind", "names"), CASES, ids=lambda v: "+".join(v) if isinstance(v, tuple) else v)
def test_it_is_the_plain_loop_and_so_are_its_gradients(kind, names, models, per_step):
    x, weights, start = inputs(kind, models, own="per_gate" in names)
    asked = masks(kind, names, models, 4, 3, 3, per_step)
    found, expected = (f(kind, x, weights, start, asked) for f in (run_sequence, run_sequence_reference))
    torch.testing.assert_close(found, expected)
    pull = [torch.randn(part.shape, generator=generator(2), dtype=torch.float64) for part in (found[0], *found[1])]
    slopes = [torch.autograd.grad([out, *ends], [x, *weights, *start], pull) for out, ends in (found, expected)]
    for mine, plain in zip(*slopes, strict=True):
        torch.testing.assert_close(mine, plain)


@pytest.mark.parametrize(("kind", "names"), CASES, ids=lambda v: "+".join(v) if isinstance(v, tuple) else v)
def test_gradcheck(kind, names):
    x, weights, start = inputs(kind, 2, steps=3, batch=2, own="per_gate" in names)
    asked = masks(kind, names, 2, 3, 2, 3, True)

    def function(x, a, b, c, d, *start):
        out, ends = run_sequence(kind, x, (a, b, c, d), start, asked)
        return out, *ends

    assert torch.autograd.gradcheck(function, (x, *weights, *start))


@pytest.mark.parametrize("kind", RNN_CELLS)
def test_without_masks_it_is_torchs_layer(kind):
    net = TORCH[kind](5, 7, batch_first=True)
    x = torch.randn(2, 6, 5, generator=generator(0))
    out, ends = net(x)
    weights = tuple(p.unsqueeze(0) for p in net.parameters())
    zero = torch.zeros(1, 2, 7)
    found, mine = run_sequence(
        kind, x.transpose(0, 1).unsqueeze(0), weights, (zero,) * (2 if kind == "lstm" else 1), CellMasks()
    )
    torch.testing.assert_close(found[0].transpose(0, 1), out)
    for a, b in zip(mine, ends if kind == "lstm" else (ends,), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize(("kind", "wrong"), [("gru", "cell"), ("rnn", "candidate"), ("rnn", "keep_cell")])
def test_a_mask_without_a_place_is_refused(kind, wrong):
    x, weights, start = inputs(kind, 1)
    with pytest.raises(ValueError, match=f"a {kind} has no site for a mask of its {wrong}"):
        run_sequence(kind, x, weights, start, CellMasks(**{wrong: torch.ones(1, 1, 3, 3)}))


def test_the_gradient_of_the_last_state_alone_arrives():
    x, weights, start = inputs("lstm", 1)
    _, (h, c) = run_sequence("lstm", x, weights, start, CellMasks())
    assert torch.autograd.grad(c.sum(), x, retain_graph=True)[0].abs().sum() > 0
    assert torch.autograd.grad(h.sum(), x)[0].abs().sum() > 0


def test_nothing_changes_without_gradients():
    x, weights, start = inputs("lstm", 1)
    with torch.inference_mode():
        out, _ = run_sequence(
            "lstm", x.detach(), tuple(w.detach() for w in weights), tuple(s.detach() for s in start), CellMasks()
        )
    torch.testing.assert_close(out, run_sequence("lstm", x, weights, start, CellMasks())[0])
