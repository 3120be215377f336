"""Variants as modules around torch's recurrent layers."""

import pytest
import torch
from torch import nn

from dropout_lab.dropout import Naive, RecurrentDropout, RNNDrop, Variational, Zoneout

LAYERS = [nn.LSTM, nn.GRU, nn.RNN]


def layer(kind, **more):
    torch.manual_seed(0)
    return kind(3, 4, 2, bidirectional=True, **more)


def state(kind, batch=5):
    parts = tuple(torch.randn(4, batch, 4, generator=torch.Generator().manual_seed(i)) for i in range(2))
    return parts if kind is nn.LSTM else parts[0]


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("variant", [Naive, Variational, Zoneout])
def test_without_noise_it_is_the_layer(variant, kind, bias, batch_first):
    plain = layer(kind, bias=bias, batch_first=batch_first)
    x = torch.randn(5, 6, 3)
    start = state(kind, 5 if batch_first else 6)
    for module in (variant(0.0, plain), variant(0.0, plain).eval()):
        for given in (None, start):
            torch.testing.assert_close(module(x, given), plain(x, given))
    if variant is not Zoneout:
        torch.testing.assert_close(variant(0.5, plain).eval()(x, start), plain(x, start))


def test_zoneout_moves_a_part_of_the_way_at_test_time():
    plain = nn.RNN(3, 4)
    x, h = torch.randn(1, 2, 3), torch.randn(1, 2, 4)
    out, end = Zoneout(0.25, plain).eval()(x, h)
    torch.testing.assert_close(out, 0.25 * h + 0.75 * plain(x, h)[0])
    torch.testing.assert_close(end, out)


def test_what_zoneout_holds_is_the_state_before():
    plain = nn.GRU(3, 50)
    x, h = torch.randn(1, 8, 3), torch.randn(1, 8, 50)
    out, _ = Zoneout(0.4, plain)(x, h)
    held = out == h
    assert 0.3 < held.float().mean() < 0.5
    torch.testing.assert_close(out[~held], plain(x, h)[0][~held])


def test_a_dropped_memory_cell_gives_nothing_at_any_step():
    out, (_, cells) = RNNDrop(0.5, nn.LSTM(3, 40))(torch.randn(7, 6, 3))
    gone = out[0] == 0
    assert 0.35 < gone.float().mean() < 0.65
    assert (out == 0).eq(gone).all()
    assert (cells[0] == 0).eq(gone).all()
    assert not torch.equal(gone[0], gone[1])


@pytest.mark.parametrize("kind", LAYERS)
def test_gates_with_masks_of_their_own_train(kind):
    plain = layer(kind)
    Variational(0.3, plain, gate_masks="own")(torch.randn(4, 5, 3))[0].sum().backward()
    assert all(p.grad.isfinite().all() and p.grad.abs().sum() > 0 for p in plain.parameters())


@pytest.mark.parametrize(
    ("variant", "wrong", "message"),
    [
        (Variational, lambda: nn.Linear(2, 2), "wraps an nn.LSTM, nn.GRU or nn.RNN"),
        (Naive, lambda: nn.LSTM(2, 2, 2, dropout=0.5), "no dropout"),
        (Naive, lambda: nn.LSTM(2, 3, proj_size=2), "wraps an"),
        (Zoneout, lambda: nn.RNN(2, 2, nonlinearity="relu"), "with tanh"),
        (RNNDrop, lambda: nn.GRU(2, 2), "has no site"),
        (RecurrentDropout, lambda: nn.RNN(2, 2), "has no site"),
    ],
)
def test_other_layers_are_refused(variant, wrong, message):
    with pytest.raises(TypeError, match=message):
        variant(0.5, wrong())


def test_what_it_cannot_run_is_said():
    with pytest.raises(ValueError, match="three axes"):
        Naive(0.5, nn.LSTM(3, 4))(torch.randn(5, 3))
    with pytest.raises(RuntimeError, match="without a layer"):
        Naive(0.5)(torch.randn(5, 2, 3))
    with pytest.raises(ValueError, match="gate_masks=each"):
        Variational(0.5, gate_masks="each")
