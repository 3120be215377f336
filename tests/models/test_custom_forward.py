"""A pass through a user's network: what it may do to its input and buffers, and how it may fail."""

import random

import numpy as np
import pytest
import torch
from torch import nn

from dropout_lab.models import NetworkError, PlainHook
from dropout_lab.rng import Streams

from .test_custom import CPU, OUTPUTS, Marking, custom


class Net(nn.Module):
    """Subclasses change the hidden activations or the outputs."""

    def __init__(self, shape, outputs):
        super().__init__()
        self.hidden, self.drop, self.out = nn.Linear(64, 8), nn.Dropout(), nn.Linear(8, outputs)

    def change(self, h):
        return h

    def end(self, y):
        return y

    def forward(self, x):
        return self.end(self.out(self.drop(self.change(self.hidden(x.flatten(1))))))


def started(make):
    model = custom(make)
    return model, model.init([Streams(0, 0)], CPU)


@pytest.mark.parametrize("write", [lambda x: x.mul_(2), lambda x: x.data.add_(1), lambda x: x.numpy().fill(3)])
@pytest.mark.parametrize("training", [True, False])
def test_a_network_that_writes_to_its_input_does_not_change_the_data(write, training):
    class Writes(Net):
        def forward(self, x):
            write(x)
            return super().forward(x)

    model, params = started(Writes)
    x = torch.rand(1, 4, 1, 8, 8)
    before = x.clone()
    outs = [model.forward(params, x, NoNoise(training)) for _ in range(2)]
    assert torch.equal(x, before)
    assert torch.equal(*outs)


class NoNoise(PlainHook):
    def __init__(self, training):
        self.training = training


def fails(error, training):
    class Fails(Net):
        ready = False

        def change(self, h):
            if len(h) == 7 and self.training == training:
                raise error
            return h

    return Fails


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (RuntimeError("first\nsecond"), "RuntimeError: first"),
        (SystemExit(0), "SystemExit: 0"),
        (SystemExit(), "SystemExit"),
        (GeneratorExit(), "GeneratorExit"),
        (BaseException("odd"), "BaseException: odd"),
    ],
)
def test_whatever_a_network_raises_is_one_line_that_names_mode_and_shape(error, text):
    for training, mode in ((True, "training"), (False, "evaluation")):
        model, params = started(fails(error, training))
        with pytest.raises(NetworkError) as caught:
            model.forward(params, torch.zeros(1, 7, 1, 8, 8), NoNoise(training))
        assert str(caught.value) == f"nets:make fails in {mode} on a batch [7, 1, 8, 8]: {text}"
        model.forward(params, torch.zeros(1, 7, 1, 8, 8), NoNoise(not training))


def test_ctrl_c_passes_by():
    model, params = started(fails(KeyboardInterrupt(), False))
    with pytest.raises(KeyboardInterrupt):
        model.forward(params, torch.zeros(1, 7, 1, 8, 8), PlainHook())


@pytest.mark.parametrize(
    ("end", "text"),
    [
        (lambda y: (y, y), "returns tuple in training on a batch"),
        (lambda y: {"logits": y}, "returns dict in training"),
        (lambda y: None, "returns NoneType in training"),
        (lambda y: y.argmax(1), r"returns outputs \[3\] in training .*, it must return \[3, 5\]"),
        (lambda y: y.unsqueeze(1), r"returns outputs \[3, 1, 5\]"),
        (lambda y: (y > 0).long(), r"returns torch.int64 .*; it must return floating-point numbers"),
    ],
)
def test_what_is_no_tensor_of_outputs_is_refused(end, text):
    class Ends(Net):
        def end(self, y):
            return end(y)

    with pytest.raises(NetworkError, match=text):
        custom(Ends)


def test_a_regression_of_one_target_needs_its_axis():
    from dropout_lab.models import Custom

    class Flat(Net):
        def end(self, y):
            return y.squeeze(1)

    with pytest.raises(NetworkError, match=r"returns outputs \[3\] .*, it must return \[3, 1\]"):
        Custom((1, 8, 8), 1, Flat, "nets:flat")


def test_buffers_of_any_type_are_kept_and_weights_of_another_type_are_one_line():
    class Buffers(Net):
        def __init__(self, shape, outputs):
            super().__init__(shape, outputs)
            self.register_buffer("mask", torch.arange(8) % 2 == 0)
            self.register_buffer("scale", torch.full((8,), 2), persistent=False)

        def change(self, h):
            return h * self.mask * self.scale

    model, params = started(Buffers)
    assert (params["mask"].dtype, params["scale"].dtype) == (torch.bool, torch.int64)
    assert {"mask", "scale"} <= model.fixed
    hook = Marking()
    model.forward(params, torch.rand(1, 4, 1, 8, 8), hook)
    with pytest.raises(NetworkError, match=r"fails in training on a batch .* must have the same dtype"):
        custom(lambda shape, outputs: Net(shape, outputs).double())
    assert model.forward(params, torch.rand(1, 4, 1, 8, 8), PlainHook()).shape[-1] == OUTPUTS


@pytest.mark.parametrize(
    ("draw", "source"),
    [
        (lambda: np.random.random(), "numpy.random"),
        (lambda: random.random(), "random"),
        (lambda: torch.rand(()).item(), "functional dropout, or noise"),
    ],
)
def test_random_numbers_of_any_shared_generator_are_refused(draw, source):
    class Draws(Net):
        def change(self, h):
            return h if draw() < 2 else -h  # the outputs are the same

    with pytest.raises(ValueError, match=rf"draws random numbers in its forward pass \({source}\)"):
        custom(Draws)
