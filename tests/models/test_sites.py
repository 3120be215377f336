"""Modules derived from nn.Dropout: replaced where that loses nothing, refused elsewhere."""

import pytest
import torch
from torch import nn

from dropout_lab.rng import Streams

from .test_custom import CPU, Marking, custom


def network(dropout):
    return lambda shape, outputs: nn.Sequential(nn.Flatten(), dropout(), nn.Linear(64, outputs))


class Rated(nn.Dropout):
    def __init__(self):
        super().__init__(0.2)

    def extra_repr(self):
        return "rated"

    def helper(self):
        return self.p


class Container(nn.Sequential):
    """A container that is called Dropout, and is none."""

    def __init__(self):
        super().__init__(nn.Linear(64, 64), nn.Dropout())


Container.__name__ = "Dropout"


@pytest.mark.parametrize(("made", "site"), [(Rated, "1"), (Container, "1.1"), (nn.AlphaDropout, "1")])
def test_what_only_carries_other_settings_is_replaced(made, site):
    model = custom(network(made))
    assert model.sites == (site,)
    hook = Marking()
    model.forward(model.init([Streams(0, 0)], CPU), torch.zeros(1, 2, 1, 8, 8), hook)
    assert hook.seen[site] == [(1, 2, 64)]


class Forward(nn.Dropout):
    def forward(self, x):
        return x / 2


class Direct(nn.modules.dropout._DropoutNd):
    def forward(self, x):
        return x / 2


class Call(nn.AlphaDropout):
    def __call__(self, x):
        return super().__call__(x) / 2


class AlwaysOn(nn.Dropout):
    def train(self, mode=True):
        return super().train(True)


class Scheduled(nn.Dropout):
    p = property(lambda self: 0.3, lambda self, value: None)


class Inherited(Forward):
    pass


def patched():
    module = nn.Dropout()
    module.forward = lambda x: x
    return module


def hooked(register):
    def make():
        module = nn.Dropout2d() if "backward" in register else nn.Dropout()
        getattr(module, register)(lambda *_: None)
        return module

    return make


def with_parameter():
    module = nn.Dropout()
    module.strength = nn.Parameter(torch.ones(1))
    return module


def parametrized():
    module = nn.Dropout()
    module.strength = nn.Parameter(torch.ones(1))
    nn.utils.parametrize.register_parametrization(module, "strength", nn.Identity())
    return module


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (Forward, "is a Forward, an nn.Dropout that overrides forward"),
        (Inherited, "is a Inherited, an nn.Dropout that overrides forward"),
        (Direct, "is a Direct, an nn.Dropout that overrides forward"),
        (Call, "overrides __call__"),
        (AlwaysOn, "overrides train"),
        (Scheduled, "has a p that was set on the instance"),
        (patched, "has a forward that was set on the instance"),
        (hooked("register_forward_hook"), "has hooks"),
        (hooked("register_forward_pre_hook"), "has hooks"),
        (hooked("register_full_backward_hook"), "has hooks"),
        (with_parameter, "has parameters, buffers or modules"),
        (parametrized, "has parameters, buffers or modules"),
    ],
)
def test_what_replacing_would_lose_is_refused(made, message):
    with pytest.raises(ValueError, match=r"^nets:make: its module '1' is a ") as caught:
        custom(network(made))
    assert message in str(caught.value)
    assert "use a plain nn.Dropout" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_dropout_of_two_parents_is_one_site():
    shared = nn.Dropout()

    def make(shape, outputs):
        first, second = nn.Sequential(nn.Linear(64, 64), shared), nn.Sequential(nn.Linear(64, 64), shared)
        return nn.Sequential(nn.Flatten(), first, second, nn.Linear(64, outputs))

    model = custom(make)
    assert model.sites == ("1.1",)
    hook = Marking()
    model.forward(model.init([Streams(0, 0)], CPU), torch.zeros(1, 2, 1, 8, 8), hook)
    assert hook.seen["1.1"] == [(1, 2, 64)] * 2


class Uses(nn.Module):
    def __init__(self, shape, outputs):
        super().__init__()
        self.drop, self.out = nn.Dropout(), nn.Linear(64, outputs)


class CallsForward(Uses):
    def forward(self, x):
        return self.out(self.drop.forward(x.flatten(1)))


def test_a_direct_call_of_forward_reaches_the_site():
    hook = Marking()
    model = custom(CallsForward)
    model.forward(model.init([Streams(0, 0)], CPU), torch.zeros(1, 2, 1, 8, 8), hook)
    assert hook.seen["drop"] == [(1, 2, 64)]


class ReadsRate(Uses):
    def forward(self, x):
        return self.out(nn.functional.dropout(x.flatten(1), self.drop.p, self.training))


class KeptOn(Uses):
    def forward(self, x):
        self.drop.train()
        return self.out(self.drop(x.flatten(1)))


class KeptOff(KeptOn):
    def forward(self, x):
        self.drop.eval()
        return self.out(self.drop(x.flatten(1)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (ReadsRate, "draws random numbers in its forward pass"),
        (KeptOn, "fails in evaluation .*: its nn.Dropout 'drop' stays in training mode"),
        (KeptOff, "fails in training .*: its nn.Dropout 'drop' stays in evaluation mode"),
    ],
)
def test_dropout_by_other_ways_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        custom(make)
