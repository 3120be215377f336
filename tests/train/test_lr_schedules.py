"""Learning-rate schedules and the momentum ramp against torch's schedulers and plain loops."""

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

from dropout_lab.config import LRScheduleConf, TrainConf
from dropout_lab.config.lr_schedules import LR_SCHEDULES
from dropout_lab.data import load
from dropout_lab.train.loop import train_pack
from dropout_lab.train.optimizers import OPTIMIZERS
from dropout_lab.train.pack import Pack

from .test_against_plain_loop import train_plainly

LR, EPOCHS, UPDATES = 0.4, 12, 5


def after_warm_up(optimizer, per, length, **cosine):
    parts = [
        lr_scheduler.LinearLR(optimizer, start_factor=0.2, total_iters=3 * per),
        lr_scheduler.CosineAnnealingLR(optimizer, T_max=length - 3 * per, **cosine),
    ]
    return lr_scheduler.SequentialLR(optimizer, parts, milestones=[3 * per])


# Settings of ours, and torch's scheduler on the same optimizer: `per` steps an epoch, `length` steps altogether.
CASES = {
    "constant": ({}, lambda o, per, length: lr_scheduler.ConstantLR(o, factor=1.0)),
    "exponential": ({"gamma": 0.9, "hold": 1}, lambda o, per, length: lr_scheduler.ExponentialLR(o, 0.9 ** (1 / per))),
    "step": ({"gamma": 0.5, "step_size": 3}, lambda o, per, length: lr_scheduler.StepLR(o, 3 * per, 0.5)),
    "cosine": ({"final": 0.1}, lambda o, per, length: lr_scheduler.CosineAnnealingLR(o, length, 0.1 * LR)),
    "linear_warmup": (
        {"warm_up": 4, "start": 0.25},
        lambda o, per, length: lr_scheduler.LinearLR(o, start_factor=0.25, total_iters=4 * per),
    ),
    "one_cycle": (
        {"peak": 0.25, "div_factor": 10, "final_div_factor": 100},
        lambda o, per, length: lr_scheduler.OneCycleLR(
            o, LR, length, pct_start=0.25, div_factor=10, final_div_factor=100, cycle_momentum=False
        ),
    ),
}
WARM = ("cosine", {"warm_up": 3, "start": 0.2, "final": 0.1}, lambda o, p, n: after_warm_up(o, p, n, eta_min=0.1 * LR))
EVERY = [(kind, settings, of) for kind, (settings, of) in CASES.items()] + [WARM]


def test_every_schedule_is_compared():
    assert CASES.keys() == LR_SCHEDULES.keys()
    choices = next(f for f in LRScheduleConf.__dataclass_fields__.values() if f.name == "kind").metadata["spec"].choices
    assert set(choices) == set(LR_SCHEDULES)


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler:UserWarning")
@pytest.mark.filterwarnings("ignore:The epoch parameter in `scheduler.step:UserWarning")
@pytest.mark.parametrize("by", ["epoch", "update"])
@pytest.mark.parametrize(("kind", "settings", "scheduler_of"), EVERY)
def test_training_under_each_schedule_equals_torchs_scheduler(kind, settings, scheduler_of, by):
    conf = LRScheduleConf(kind=kind, by=by, **settings)
    torch.manual_seed(0)
    p = torch.randn(1, 3, dtype=torch.float64)
    theirs = nn.Parameter(p[0].clone())
    optimizer = torch.optim.SGD([theirs], LR, momentum=0.9)
    per = UPDATES if by == "update" else 1
    scheduler = scheduler_of(optimizer, per, EPOCHS * per)
    ours = OPTIMIZERS["sgd"]([p], torch.tensor([LR]), TrainConf(optimizer="sgd"))
    lrs = []
    for epoch in range(1, EPOCHS + 1):
        for update in range(UPDATES):
            factor = conf.factor(epoch, update, UPDATES, EPOCHS)
            ours.set_lr(torch.tensor([LR * factor], dtype=torch.float64))
            lrs.append(LR * factor)
            assert lrs[-1] == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-9, abs=1e-15)
            grad = torch.randn(1, 3, dtype=torch.float64)
            theirs.grad = grad[0].clone()
            optimizer.step()
            ours.step([grad])
            if (by == "update" or update == UPDATES - 1) and len(lrs) < EPOCHS * UPDATES:
                scheduler.step()
    torch.testing.assert_close(p[0], theirs.detach())
    assert (len(set(lrs)) == 1) == (kind == "constant")


def test_an_exponential_schedule_without_hold_falls_before_the_first_epoch():
    falling = LRScheduleConf(kind="exponential", gamma=0.5)
    assert [falling.factor(epoch, 0, 10, 3) for epoch in (1, 2, 3)] == [0.5, 0.25, 0.125]


@pytest.mark.parametrize("peak", [0.001, 0.3, 0.999])
@pytest.mark.parametrize(("by", "epochs"), [("epoch", 1), ("epoch", 2), ("update", 1)])
def test_a_cycle_is_defined_however_short_it_is(peak, by, epochs):
    conf = LRScheduleConf(kind="one_cycle", peak=peak, by=by)
    factors = [conf.factor(epoch, update, 2, epochs) for epoch in range(1, epochs + 1) for update in range(2)]
    assert all(0 < factor <= 1 for factor in factors)


RAMP = ["train=sgd", "train.lr=0.1", "train.momentum=0.95", "train.momentum_start=0.5", "model.hidden=[16,12]"]


@pytest.mark.parametrize("nesterov", [False, True])
def test_the_momentum_ramp_equals_a_plain_loop(nesterov, trials):
    class Ramped(torch.optim.SGD):
        done = 0

        def step(self):
            (group,) = self.param_groups
            group["momentum"] = min(0.95, 0.5 + 0.45 * self.done / (1.5 * updates))
            self.done += 1
            super().step()

    (trial,) = trials(*RAMP, "train.momentum_ramp=1.5", f"train.nesterov={nesterov}", "rate=0.3", "seeds=1")
    pack = Pack([trial], load("digits"))
    start = {name: p.detach().clone() for name, p in pack.params.items()}
    used, batches = [], []
    for epoch in (1, 2, 3):
        for rows in (rows_of := pack.begin(epoch)):
            pack.step(rows)
            used.append(pack.optimizer.momentum)
        updates = len(rows_of)
        batches += rows_of
    assert (used[0], used[-1]) == (0.5, 0.95)
    assert used[updates] == pytest.approx(0.5 + 0.45 / 1.5)
    trained, pack.params = pack.params, start
    plain = train_plainly(pack, 0, trial, lambda params, lr: Ramped(params, lr, 0.5, nesterov=nesterov), batches)
    for name, expected in plain.items():
        torch.testing.assert_close(trained[name][0].detach(), expected, rtol=2e-3, atol=2e-4)


def test_without_a_ramp_the_momentum_stays(trials):
    (trial,) = trials(*RAMP, "seeds=1")
    pack = Pack([trial], load("digits"))
    pack.step(pack.begin(1)[0])
    assert pack.optimizer.momentum == 0.95


MIXED = [
    "model.hidden=[16]",
    "train.epochs=4",
    "rate=0.3",
    "seeds=1",
    "save_weights=true",
    "lr_schedule.warm_up=1",
    "lr_schedule.step_size=2",
]
SCHEDULES = "lr_schedule=constant,exponential,step,cosine,linear_warmup,one_cycle"


@pytest.mark.parametrize("words", [[], ["lr_schedule.by=update", "train=sgd"]])
def test_a_pack_of_schedules_and_learning_rates_equals_each_trial_alone(words, trials):
    every = trials(*MIXED, *words, SCHEDULES, "train.lr=0.01,0.003")
    assert len({trial.point.pack_key for trial in every}) == 1
    packed = train_pack(every, load("digits"))
    for trial, result in zip(every, packed, strict=True):
        (alone,) = train_pack([trial], load("digits"))
        assert [row["lr"] for row in alone.curve] == [row["lr"] for row in result.curve]
        # The first epochs are too short for rounding to grow.
        for ours, packs in zip(alone.curve, result.curve, strict=True):
            assert ours["train_loss"] == pytest.approx(packs["train_loss"], rel=1e-3)
        for name, weights in alone.weights.items():
            torch.testing.assert_close(result.weights[name], weights, rtol=2e-3, atol=5e-4)
    assert len({tuple(row["lr"] for row in result.curve) for result in packed}) == len(every)


@pytest.mark.parametrize("by", ["epoch", "update"])
def test_models_that_stop_early_leave_the_schedules_of_the_others_alone(by, trials):
    words = ["model.hidden=[16]", "train.epochs=6", "rate=0.3", "seeds=1", f"lr_schedule.by={by}", "train.lr=0.01,0.02"]
    stopping = ["regularizer=early_stopping", "regularizer.min_delta=100", "regularizer.early_stopping=2"]
    staying = trials(*words, "lr_schedule=cosine,step", "lr_schedule.step_size=2")
    leaving = trials(*words, *stopping, "lr_schedule=exponential,linear_warmup")
    together = train_pack([leaving[0], staying[0], leaving[1], *staying[1:], *leaving[2:]], load("digits"))
    alone = train_pack(staying, load("digits"))
    others = [result for result in together if result.measured["epochs_run"] == 6]
    assert len(others) == len(alone) < len(together)
    for result, expected in zip(others, alone, strict=True):
        assert [row["lr"] for row in result.curve] == [row["lr"] for row in expected.curve]
        losses = ([row["train_loss"] for row in each.curve] for each in (result, expected))
        assert next(losses) == pytest.approx(next(losses), rel=1e-3)


def test_the_curve_holds_the_learning_rate_of_the_last_update(trials):
    (trial,) = trials("model.hidden=[4]", "train.epochs=2", "lr_schedule=cosine", "lr_schedule.by=update", "seeds=1")
    (result,) = train_pack([trial], load("digits"))
    updates = -(-result.measured["n_train"] // 64)
    expected = [0.001 * trial.config.lr_schedule.factor(e, updates - 1, updates, 2) for e in (1, 2)]
    assert [row["lr"] for row in result.curve] == expected


def test_a_warm_up_of_the_whole_training_is_refused(typed):
    status, _, err = typed("train", "lr_schedule=linear_warmup", "train.epochs=5")
    assert (status, err.count("\n")) == (2, 1)
    assert "lr_schedule.warm_up=5.0: must be below train.epochs=5" in err
