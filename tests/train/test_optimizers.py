"""Stacked optimizers against those of torch, weights and state."""

import pytest
import torch

from dropout_lab.config import TrainConf
from dropout_lab.train.optimizers import OPTIMIZERS

CASES = {
    "sgd": [
        ({"momentum": 0.8}, lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.8)),
        ({"momentum": 0.8, "nesterov": True}, lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.8, nesterov=True)),
        ({"momentum": 0.0, "nesterov": True}, lambda p, lr: torch.optim.SGD(p, lr=lr)),
    ],
    "adam": [({}, lambda p, lr: torch.optim.Adam(p, lr=lr))],
    "rmsprop": [({}, lambda p, lr: torch.optim.RMSprop(p, lr=lr))],
    "adadelta": [({}, lambda p, lr: torch.optim.Adadelta(p, lr=lr))],
}


def test_every_optimizer_is_compared():
    assert OPTIMIZERS.keys() == CASES.keys()


RATES = {"own": [0.1, 0.003, 0.0, 1.0], "one": [0.01] * 4, "runs": [0.1, 0.1, 0.003, 0.1]}


@pytest.mark.parametrize("lrs", list(RATES.values()), ids=list(RATES))
@pytest.mark.parametrize(("name", "case"), [(name, case) for name, cases in CASES.items() for case in cases])
def test_each_model_follows_torchs_optimizer_with_its_own_rate(name, case, lrs):
    constants, theirs_of = case
    torch.manual_seed(0)
    rates = torch.tensor(lrs, dtype=torch.float64)
    params = [torch.randn(4, 3, 2, dtype=torch.float64), torch.randn(4, 5, dtype=torch.float64)]
    plain = [[p[m].clone().requires_grad_() for p in params] for m in range(4)]
    # Of two speeds, the second parameter's is three times the learning rate.
    theirs = [
        theirs_of([{"params": [p], "lr": lr * s} for p, s in zip(plain[m], (1, 3), strict=True)], lr)
        for m, lr in enumerate(lrs)
    ]
    ours = OPTIMIZERS[name](params, rates, TrainConf(optimizer=name, **constants), [1.0, 3.0])
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
        # As the gradient of a filter may lie in memory.
        ours.step([g.mT.contiguous().mT if g.dim() > 2 else g.clone() for g in grads])
    for place, m in enumerate(alive):
        for i, p in enumerate(plain[m]):
            torch.testing.assert_close(params[i][place], p.detach(), rtol=1e-9, atol=1e-11)
            for slot, values in ours.state.items():
                # Without momentum torch keeps no buffer.
                there = theirs[m].state[p].get(slot)
                if there is not None:
                    torch.testing.assert_close(values[i][place], there, rtol=1e-9, atol=1e-12)
