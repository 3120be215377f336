"""Variants of weights and paths: the mask reaches the weights that the step uses, and each example has its own."""

import pytest
import torch
from torch import nn

from dropout_lab.dropout import DropConnect, Fast, StochasticDepth, WeightDrop, inverted, stochastic_depth
from dropout_lab.dropout.kernels.linear_maps import CONV, DENSE_MAP
from dropout_lab.rng import TorchRandomness

from .contract import random


class TestDropConnect:
    def test_each_example_has_a_mask_of_its_own_and_a_batch_mask_has_not(self):
        x = torch.ones(6, 50)
        own = DropConnect(0.5, nn.Linear(50, 8))(x)
        assert all(not torch.equal(own[0], row) for row in own[1:])
        one = DropConnect(0.5, nn.Linear(50, 8), mask="batch")(x)
        torch.testing.assert_close(one, one[:1].expand_as(one))

    def test_it_is_the_layer_with_these_weights_dropped(self):
        layer, x = nn.Linear(7, 5).double(), torch.randn(4, 7, dtype=torch.float64)
        out = DropConnect(0.3, layer, generator=torch.Generator().manual_seed(1))(x)
        masked = inverted(
            layer.weight.T.expand(1, 4, 7, 5),
            0.3,
            TorchRandomness(generator=torch.Generator().manual_seed(1)),
        )[0]
        expected = torch.stack([x[i] @ masked[i] for i in range(4)]) + layer.bias
        torch.testing.assert_close(out, expected)

    def test_no_mask_falls_on_the_bias(self):
        layer = nn.Linear(3, 4)
        torch.testing.assert_close(DropConnect(1.0, layer)(torch.randn(2, 3)), layer.bias.expand(2, 4))

    @pytest.mark.parametrize("how", [{}, {"padding": 1}, {"stride": 2, "padding": 2}, {"dilation": 2}])
    def test_a_convolution_of_any_geometry(self, how):
        layer = nn.Conv2d(2, 3, 3, **how)
        x = torch.randn(4, 2, 9, 8)
        torch.testing.assert_close(DropConnect(0.0, layer)(x), layer(x))
        torch.testing.assert_close(DropConnect(0.5, layer).eval()(x), layer(x))

    def test_inputs_of_every_shape_that_the_layer_takes(self):
        linear, conv = nn.Linear(3, 4), nn.Conv2d(2, 5, 3)
        for training in (True, False):
            for shape in [(3,), (0, 3), (2, 3), (2, 6, 3), (2, 6, 5, 3)]:
                x = torch.randn(shape)
                torch.testing.assert_close(DropConnect(0.0, linear).train(training)(x), linear(x))
            for shape in [(2, 6, 6), (3, 2, 6, 6)]:
                x = torch.randn(shape)
                torch.testing.assert_close(DropConnect(0.0, conv).train(training)(x), conv(x), rtol=1e-4, atol=1e-5)

    def test_what_it_cannot_wrap_is_refused(self):
        with pytest.raises(TypeError, match=r"wraps an nn\.Linear"):
            DropConnect(0.5, nn.Conv2d(2, 4, 3, groups=2))
        with pytest.raises(TypeError, match=r"wraps an nn\.Linear"):
            DropConnect(0.5, nn.ReLU())
        with pytest.raises(ValueError, match="mask=each"):
            DropConnect(0.5, nn.Linear(2, 2), mask="each")
        with pytest.raises(RuntimeError, match="without a layer"):
            DropConnect(0.5)(torch.ones(2, 2))


def test_own_weights_for_each_example_is_one_product_after_another():
    x, weight, bias = torch.randn(2, 3, 5, 4), torch.randn(2, 3, 4, 6), torch.randn(2, 6)
    out = DENSE_MAP.each(x, weight, bias)
    for m in range(2):
        for b in range(3):
            torch.testing.assert_close(out[m, b], x[m, b] @ weight[m, b] + bias[m])
    maps, filters, bias = torch.randn(2, 3, 2, 6, 6), torch.randn(2, 3, 4, 2, 3, 3), torch.randn(2, 4)
    out = CONV.each(maps, filters, bias)
    for m in range(2):
        for b in range(3):
            alone = nn.functional.conv2d(maps[m, b : b + 1], filters[m, b], bias[m], padding=1)[0]
            torch.testing.assert_close(out[m, b], alone, rtol=1e-4, atol=1e-5)


def test_fast_dropout_has_the_mean_and_variance_of_dropping_the_inputs():
    generator = torch.Generator().manual_seed(0)
    x, weight = torch.rand(1, 1, 30, generator=generator), torch.randn(1, 30, 4, generator=generator)
    many, rate = x.expand(1, 200_000, 30), 0.3
    masked = inverted(many, rate, random(1)) @ weight
    drawn = Fast().product(DENSE_MAP, many, weight, None, rate, random(2))
    torch.testing.assert_close(drawn.mean(1), masked.mean(1), rtol=0, atol=0.03)
    torch.testing.assert_close(drawn.var(1), masked.var(1), rtol=0.02, atol=0)


class TestWeightDrop:
    def test_the_mask_is_on_the_weights_of_the_step_and_not_on_the_module(self):
        lstm = nn.LSTM(3, 5, num_layers=2, batch_first=True)
        before = {name: p.detach().clone() for name, p in lstm.named_parameters()}
        x = torch.randn(4, 6, 3)
        dropped = WeightDrop(1.0, lstm)(x)[0]
        with torch.no_grad():
            for name in ("weight_hh_l0", "weight_hh_l1"):
                getattr(lstm, name).zero_()
        torch.testing.assert_close(dropped, lstm(x)[0])
        lstm.load_state_dict(before)
        torch.testing.assert_close(WeightDrop(0.5, lstm).eval()(x)[0], lstm(x)[0])

    def test_one_mask_serves_all_steps_and_examples(self):
        rnn = nn.RNN(2, 4, batch_first=True)
        layer = WeightDrop(0.5, rnn, generator=torch.Generator().manual_seed(3))
        out = layer(torch.ones(3, 5, 2))[0]
        assert all(torch.equal(out[0], row) for row in out[1:])
        masked = inverted(rnn.weight_hh_l0, 0.5, TorchRandomness(generator=torch.Generator().manual_seed(3)))
        h = torch.zeros(4)
        for step in range(5):
            h = torch.tanh(rnn.weight_ih_l0 @ torch.ones(2) + rnn.bias_ih_l0 + masked @ h + rnn.bias_hh_l0)
            torch.testing.assert_close(out[0, step], h)

    def test_gradient_reaches_the_weights_that_were_kept(self):
        gru = nn.GRU(2, 4, batch_first=True)
        WeightDrop(0.5, gru)(torch.randn(3, 5, 2))[0].sum().backward()
        part = (gru.weight_hh_l0.grad == 0).float().mean().item()
        assert 0.2 < part < 0.8
        assert (gru.weight_ih_l0.grad != 0).all()

    def test_what_is_not_recurrent_is_refused(self):
        with pytest.raises(TypeError, match=r"wraps an nn\.LSTM"):
            WeightDrop(0.5, nn.Linear(2, 2))


class TestStochasticDepth:
    def test_a_branch_is_there_or_not_for_each_example(self):
        out = stochastic_depth(torch.ones(1000, 3, 4, 5), 0.3, random())
        each = out.flatten(1)
        assert ((each == 0).all(1) | (each == 1).all(1)).all()
        assert (each[:, 0] == 0).float().mean().item() == pytest.approx(0.3, abs=0.08)

    def test_with_a_model_axis_each_model_has_its_rate(self):
        out = stochastic_depth(torch.ones(2, 500, 6), torch.tensor([0.0, 1.0]), random())
        assert (out[0] == 1).all()
        assert (out[1] == 0).all()

    def test_the_branch_counts_keep_at_test_time(self):
        assert StochasticDepth(0.25).eval()(torch.ones(2, 3)).unique().tolist() == [0.75]
