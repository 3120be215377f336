"""Networks of the user's own that cannot be trained, and the one line that says why."""

import numpy as np
import pytest
import torch
from torch import nn

from dropout_lab.rng import Streams

from .test_custom import CPU, OUTPUTS, Reader, custom, sequence


class Functional(nn.Module):
    def __init__(self, shape, outputs):
        super().__init__()
        self.drop, self.out = nn.Dropout(), nn.Linear(64, outputs)

    def forward(self, x):
        return self.out(nn.functional.dropout(self.drop(x.flatten(1)), 0.1, self.training))


class Changing(nn.Module):
    def __init__(self, shape, outputs):
        super().__init__()
        self.drop, self.out = nn.Dropout(), nn.Linear(64, outputs)

    def forward(self, x):
        return self.out(self.drop(self.drop(x).flatten(1)))


def encoder_with_dropout(shape, outputs):
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True)
    return nn.Sequential(nn.Flatten(1, 2), layer, nn.Flatten(), nn.Linear(64, outputs))


def without_batch_first(shape, outputs):
    return nn.Sequential(
        nn.Flatten(1, 2), Transposed(), nn.Dropout(), Transposed(), nn.Flatten(), nn.Linear(64, outputs)
    )


class Transposed(nn.Module):
    def forward(self, x):
        return x.transpose(0, 1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (5, "TypeError: 'int' object is not callable"),
        (lambda shape: nn.Linear(64, 5), r"nets:make\(\(1, 8, 8\), 5\) fails: TypeError"),
        (lambda shape, outputs: [nn.Linear(64, 5)], "nets:make returns list; it must return an nn.Module"),
        (sequence(nn.Flatten(), nn.Linear(64, OUTPUTS)), "nets:make contains no nn.Dropout$"),
        (sequence(nn.Dropout()), "nets:make has no parameter to train"),
        (
            sequence(nn.Dropout(), nn.Linear(9, OUTPUTS)),
            r"fails in training on a batch \[3, 1, 8, 8\]: RuntimeError: mat1 and mat2",
        ),
        (
            sequence(nn.Dropout(), nn.Flatten(), nn.Linear(64, 3)),
            r"returns outputs \[3, 3\] in training on a batch \[3, 1, 8, 8\], where \[3, 5\]",
        ),
        (sequence(nn.Dropout(), nn.Flatten(0), nn.Linear(192, 5)), r"returns outputs \[5\] in training"),
        (
            sequence(nn.Dropout(), nn.Flatten(1, 2), nn.LSTM(8, 5)),
            r"returns tuple in training on a batch .*; it must return one tensor of shape \[3, 5\]",
        ),
        (Functional, r"draws random numbers in its forward pass \(functional dropout, or noise\)"),
        (encoder_with_dropout, r"draws random numbers in its forward pass \(dropout= of 1.self_attn\)"),
        (Changing, "uses its nn.Dropout 'drop' on maps and on units; use a separate module for each"),
        (without_batch_first, r"gives its nn.Dropout '2' \[8, 3, 8\], where \[3, D\], \[3, T, D\]"),
        (
            sequence(nn.Unflatten(1, (1, 1)), nn.Dropout3d(), nn.Flatten(), nn.Linear(64, OUTPUTS)),
            r"gives its nn.Dropout '1' \[3, 1, 1, 8, 8\]",
        ),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(ValueError, match=message) as caught:
        custom(make)
    assert "\n" not in str(caught.value)


def test_a_dropout_that_no_pass_calls_is_not_found():
    class Idle(Transposed):
        def __init__(self, shape, outputs):
            super().__init__()
            self.drop, self.out = nn.Dropout(), nn.Linear(64, outputs)

        def forward(self, x):
            return self.out(x.flatten(1))

    with pytest.raises(ValueError, match=r"finds no nn\.Dropout in it that its forward pass calls"):
        custom(Idle)


def test_a_pack_of_several_and_functions_that_change_their_mind():
    model = custom(Reader)
    with pytest.raises(ValueError, match="is trained one model at a time, but this pack has 2"):
        model.init([Streams(0, 0), Streams(0, 1)], CPU)

    def net(width):
        return nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.Dropout(), Pad())

    widths = iter([3, 4])
    with pytest.raises(ValueError, match="has different initial values for the same seed"):
        custom(lambda shape, outputs: net(next(widths)))
    model = custom(lambda shape, outputs: net(int(torch.randint(1, 5, ()))))
    with pytest.raises(ValueError, match="has another shape for another seed"):
        [model.init([Streams(0, seed)], CPU) for seed in range(20)]


def test_initial_values_from_elsewhere_than_torchs_generator_are_refused():
    def drawn(shape, outputs):
        net = nn.Sequential(nn.Flatten(), nn.Linear(64, outputs), nn.Dropout())
        net[1].weight.data.copy_(torch.from_numpy(np.random.default_rng().normal(size=(outputs, 64))))
        return net

    with pytest.raises(ValueError, match="has different initial values for the same seed"):
        custom(drawn)


class Pad(nn.Module):
    def forward(self, x):
        return nn.functional.pad(x, (0, OUTPUTS - x.shape[1]))
