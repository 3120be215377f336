"""Stacked optimizers against those of torch, weights and state."""

import pytest
import torch

from dropout_lab.config import TrainConf
from dropout_lab.train.optimizers import OPTIMIZERS

THEIRS = {
    "sgd": lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.8),
    "adam": lambda p, lr: torch.optim.Adam(p, lr=lr),
}
STATE = {"velocity": "momentum_buffer", "mean": "exp_avg", "square": "exp_avg_sq"}


def test_every_optimizer_is_compared():
    assert OPTIMIZERS.keys() == THEIRS.keys()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_model_follows_torchs_optimizer_with_its_own_rate(name):
    torch.manual_seed(0)
    rates = torch.tensor([0.1, 0.003, 0.0, 1.0])
    params = [torch.randn(4, 3, 2, dtype=torch.float64), torch.randn(4, 5, dtype=torch.float64)]
    plain = [[p[m].clone().requires_grad_() for p in params] for m in range(4)]
    theirs = [THEIRS[name](plain[m], rates[m].item()) for m in range(4)]
    ours = OPTIMIZERS[name](params, rates.double(), TrainConf(optimizer=name, momentum=0.8))
    alive = [0, 1, 2, 3]
    for step in range(60):
        if step == 30:  # a model leaves, the others go on
            alive = [0, 2, 3]
            params = [p[alive] for p in params]
            ours.select(alive, params)
        grads = [torch.randn_like(p) * 10 ** (step % 5 - 2) for p in params]
        for place, m in enumerate(alive):
            for p, g in zip(plain[m], grads, strict=True):
                p.grad = g[place].clone()
            theirs[m].step()
        ours.step(params, [g.clone() for g in grads])
    for place, m in enumerate(alive):
        for i, p in enumerate(plain[m]):
            # The rates are float32 numbers in both.
            torch.testing.assert_close(params[i][place], p.detach(), rtol=1e-6, atol=1e-8)
            for slot, values in ours.state.items():
                torch.testing.assert_close(values[i][place], theirs[m].state[p][STATE[slot]], rtol=1e-12, atol=1e-12)
