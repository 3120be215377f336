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


LRS = {"own": [0.1, 0.003, 0.0, 1.0], "one": [0.01] * 4, "runs": [0.1, 0.1, 0.003, 0.1]}


@pytest.mark.parametrize("lrs", list(LRS.values()), ids=list(LRS))
@pytest.mark.parametrize(("name", "case"), [(name, case) for name, cases in CASES.items() for case in cases])
def test_each_model_follows_torchs_optimizer_with_its_own_learning_rate(name, case, lrs):
    constants, theirs_of = case
    torch.manual_seed(0)
    params = [torch.randn(4, 3, 2, dtype=torch.float64), torch.randn(4, 5, dtype=torch.float64)]
    plain = [[p[m].clone().requires_grad_() for p in params] for m in range(4)]
    # Of two speeds, the second parameter's is three times the learning rate.
    theirs = [
        theirs_of([{"params": [p], "lr": lr * s} for p, s in zip(plain[m], (1, 3), strict=True)], lr)
        for m, lr in enumerate(lrs)
    ]
    conf = TrainConf(optimizer=name, **constants)
    ours = OPTIMIZERS[name](params, torch.tensor(lrs, dtype=torch.float64), conf, [1.0, 3.0])
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


# Elements of one model's part: whole cache lines, which stack, and others, which do not; a filter, a single number.
SHAPES = [(64, 32), (16,), (10,), (32, 10), (3, 5, 7), (1,)]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(("name", "case"), [(name, case) for name, cases in CASES.items() for case in cases])
def test_each_model_has_the_same_bits_in_a_pack_and_alone(name, case, threads):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    params = [torch.randn(5, *shape) for shape in SHAPES]
    lrs = torch.tensor([0.1, 0.1, 0.003, 0.1, 0.1], dtype=torch.float64)
    speeds = [torch.tensor([1, 1, 1, 3, 3], dtype=torch.float64)] + [1.0] * (len(SHAPES) - 1)
    conf = TrainConf(optimizer=name, **case[0])
    parts = [[p[m : m + 1].clone() for p in params] for m in range(5)]
    alone = [OPTIMIZERS[name](parts[m], lrs[m : m + 1], conf, [speeds[0][m].item(), *speeds[1:]]) for m in range(5)]
    pack = OPTIMIZERS[name](params, lrs, conf, speeds)
    alive = [0, 1, 2, 3, 4]
    # By one factor for all models, by another for each, and none at all.
    factors = {5: torch.tensor(0.5), 10: torch.tensor([1, 0.1, 0.2, 0.3]), 15: torch.tensor(0.0)}
    for step in range(20):
        if step == 8:
            alive = [0, 2, 3, 4]
            lrs, params = lrs[alive], [p[alive] for p in params]
            pack.select(alive, params)
        if step in factors:
            lrs = lrs * factors[step]
            pack.set_lr(lrs)
            for place, m in enumerate(alive):
                alone[m].set_lr(lrs[place : place + 1])
        grads = [torch.randn_like(p) * 10 ** (step % 5 - 2) for p in params]
        for place, m in enumerate(alive):
            alone[m].step([g[place : place + 1].clone() for g in grads])
        pack.step(grads)
    torch.set_num_threads(before)
    for place, m in enumerate(alive):
        for i, p in enumerate(parts[m]):
            assert torch.equal(params[i][place], p[0])
            for slot, values in pack.state.items():
                assert torch.equal(values[i][place], alone[m].state[slot][i][0])


def test_models_with_whole_cache_lines_are_updated_as_one_tensor():
    params = [torch.randn(6, *shape) for shape in SHAPES]
    (group,) = OPTIMIZERS["adam"](params, torch.full((6,), 0.1), TrainConf())._groups
    assert len(group.params) == 3 + 3 * 6
    assert group.params[0].data_ptr() == params[0].data_ptr()
