"""A training that is interrupted at any step and resumed equals an undisturbed one to the bit."""

import io

import numpy as np
import pytest
import torch

from dropout_lab.config.lr_schedules import LR_SCHEDULES
from dropout_lab.data import load
from dropout_lab.dropout import VARIANTS
from dropout_lab.regularizers import REGULARIZERS
from dropout_lab.train.curves import from_columns, to_columns
from dropout_lab.train.loop import train_pack
from dropout_lab.train.optimizers import OPTIMIZERS

from .test_texts import running

TIMES = {"train_seconds", "seconds_per_epoch"}
MODELS = {
    "mlp": ["model.hidden=[16,16]"],
    "cnn": ["model.channels=[4,4]", "model.head=[8]"],
    "lstm": ["model.units=8", "model.layers=2"],
    "gru": ["model.units=8", "model.bidirectional=true"],
    "rnn": ["model.units=8"],
    "resmlp": ["model.width=16", "model.blocks=2"],
    "rescnn": ["model.maps=4", "model.blocks=2"],
    "transformer": ["model.width=8", "model.heads=2", "model.blocks=1", "model.patch=4"],
}
# A model that has the sites of the variant, where the MLP has none.
MODEL_OF = {"spatial": "cnn", "feature_alpha": "cnn", "dropblock": "cnn"}
MODEL_OF |= {"stochastic_depth": "resmlp", "attention": "transformer"}
SIZE = ["data.train_size=200", "train.batch_size=32"]  # 7 steps per epoch
LENGTH = [*SIZE, "train.epochs=2", "train.lr=0.01"]
KEEP = ["save_weights=true", "save_predictions=true"]
STOPPING = ["regularizer=none,early_stopping", "regularizer.early_stopping=1", "data.val_fraction=0.4"]


class Killed(BaseException):
    """What ends a training in these tests."""


class Stopper:
    """Monitor that keeps the state of the training as a file would, at one step, and ends the training there."""

    def __init__(self, at, stored=None):
        self.at, self.stored, self.steps, self.rejected = at, stored, 0, []
        self.positions = []

    def load(self):
        return None if self.stored is None else torch.load(io.BytesIO(self.stored), weights_only=True)

    def reject(self, reason):
        self.rejected.append(reason)

    def step(self, position, state):
        self.positions.append(position())
        if self.steps == self.at:
            buffer = io.BytesIO()
            torch.save(state(), buffer)
            self.stored = buffer.getvalue()
            raise Killed
        self.steps += 1


def figures(results):
    return [(r.status, {k: v for k, v in r.measured.items() if k not in TIMES}, r.curve, r.moment) for r in results]


def check_equal(resumed, undisturbed):
    assert repr(figures(resumed)) == repr(figures(undisturbed))  # NaN of diverged trials equals NaN
    for a, b in zip(resumed, undisturbed, strict=True):
        assert a.weights.keys() == b.weights.keys()
        assert all(torch.equal(value, b.weights[name]) for name, value in a.weights.items())
        assert a.predictions.keys() == b.predictions.keys()
        assert all(np.array_equal(values, b.predictions[name]) for name, values in a.predictions.items())


def check_resumed(trials, data, *steps):
    """Interrupt the training at these steps, counted in each process from 0, and compare with an undisturbed one."""
    assert len({trial.point.pack_key for trial in trials}) == 1
    counter = Stopper(None)
    undisturbed, stored = train_pack(trials, data, lambda n: None, counter), None
    for at in steps:
        assert at < counter.steps
        stopper = Stopper(at, stored)
        with pytest.raises(Killed):
            train_pack(trials, data, lambda n: None, stopper)
        stored = stopper.stored
    last = Stopper(None, stored)
    resumed = train_pack(trials, data, lambda n: None, last)
    assert (last.rejected, last.steps) == ([], counter.steps - sum(steps))
    check_equal(resumed, undisturbed)
    return undisturbed


def model_of(variant):
    return MODEL_OF.get(variant, "lstm" if VARIANTS[variant].in_sequences else "mlp")


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant(variant, trials):
    model = model_of(variant)
    every = trials(f"variant={variant}", f"model={model}", *MODELS[model], "rate=0.2,0.4", "seeds=1", *LENGTH, *KEEP)
    (first, *_) = check_resumed(every, load("digits"), 10)
    assert first.measured["drop_fraction"] > 0


@pytest.mark.parametrize("name", REGULARIZERS)
def test_every_regularizer(name, trials):
    chosen = name if name in ("batch_norm", "layer_norm") else f"none,{name}"  # these change the network
    words = ["model=cnn", *MODELS["cnn"], f"regularizer={chosen}", "rate=0.3", "seeds=2"]
    every = trials(*words, *LENGTH, *KEEP)
    check_resumed(every, load("digits"), 10)


@pytest.mark.parametrize("words", [*(f"train={name}" for name in OPTIMIZERS), "train.nesterov=true"])
def test_every_optimizer(words, trials):
    words = [words, "train.momentum_ramp=1.5"] if "adam" not in words else [words]
    words = ["train=sgd", *words] if "nesterov" in words[0] else words
    every = trials(*words, *MODELS["mlp"], *SIZE, "train.epochs=2", "train.lr=0.01,0.02", "rate=0.3", "seeds=2", *KEEP)
    check_resumed(every, load("digits"), 10)


@pytest.mark.parametrize("by", ["update", "epoch"])
@pytest.mark.parametrize("schedule", LR_SCHEDULES)
def test_every_schedule_of_the_learning_rate(schedule, by, trials):
    words = [f"lr_schedule={schedule}", f"lr_schedule.by={by}", "train.momentum_ramp=1.5", "train=sgd", "rate=0.3"]
    words += ["lr_schedule.warm_up=1"] if schedule == "linear_warmup" else []
    every = trials(*words, *MODELS["mlp"], *SIZE, "train.epochs=2", "train.lr=0.01,0.02", "seeds=2", *KEEP)
    check_resumed(every, load("digits"), 10)


@pytest.mark.parametrize("model", MODELS)
def test_any_step_of_every_model(model, trials):
    every = trials(f"model={model}", *MODELS[model], "rate=0,0.4", "seeds=2", *LENGTH, *KEEP)
    check_resumed(every, load("digits"), 3)
    check_resumed(every, load("digits"), 0, 13)


def test_twice_and_again_at_the_same_step(trials):
    every = trials(*MODELS["mlp"], "rate=0,0.4", "seeds=3", *LENGTH)
    check_resumed(every, load("digits"), 3, 0, 6, 2)


@pytest.mark.parametrize("schedule", ["linear", "annealed", "early", "late", "curriculum", "step", "plateau"])
def test_schedules_of_the_rate(schedule, trials):
    words = [f"schedule={schedule}", "schedule.patience=1", "rate=0.6", "seeds=3", "variant=standard"]
    check_resumed(trials(*words, *MODELS["mlp"], *SIZE, "train.epochs=6"), load("digits"), 25)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("model", ["mlp", "cnn", "lstm"])
def test_precision(model, precision, trials):
    every = trials(f"model={model}", *MODELS[model], f"precision={precision}", "rate=0,0.4", "seeds=2", *LENGTH, *KEEP)
    check_resumed(every, load("digits"), 10)


@pytest.mark.parametrize("at", [8, 20, 41, 59])
@pytest.mark.parametrize("restore", ["true", "false"])
def test_packs_that_models_have_left(restore, at, trials):
    # Half of the trials stop early, one diverges; learning rates differ, so that the optimizer has groups.
    words = [*STOPPING, f"regularizer.restore_best={restore}", "rate=0,0.4", "seeds=2", "train.lr=0.1,0.02,1e30"]
    every = trials(*words, *MODELS["mlp"], *KEEP, *SIZE, "train.epochs=10")
    results = check_resumed(every, load("digits"), at)
    run = {result.measured["epochs_run"] for result in results if result.status == "ok"}
    assert len(run) > 2
    assert "diverged" in {result.status for result in results}


@pytest.mark.parametrize("variant", ["concrete", "variational_gaussian", "sparse_variational"])
@pytest.mark.parametrize("at", [5, 30])
def test_learned_rates_with_models_that_leave(variant, at, trials):
    words = [f"variant={variant}", *STOPPING, "rate=0.2,0.4", "seeds=2", *MODELS["mlp"], *KEEP]
    every = trials(*words, *SIZE, "train.epochs=10", "train.lr=0.05")
    check_resumed(every, load("digits"), at)


@pytest.mark.parametrize("model", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("at", [3, 14, 31])
def test_running_text_keeps_its_hidden_state(model, at, trials):
    words = ["data=ptb", f"model={model}", "model.units=6", "train.batch_size=8", "data.bptt=5", "train.lr=0.1"]
    stopping = ["regularizer=none,early_stopping", "regularizer.early_stopping=1"]
    every = trials(*words, *stopping, "train.epochs=6", "rate=0,0.3", "variant=variational", "seeds=2", *KEEP)
    check_resumed(every, running(), at)


def test_early_stopping_by_another_metric(trials):
    words = ["regularizer=early_stopping", *STOPPING[1:], "regularizer.monitor=val_f1", "metrics=[f1]"]
    words += ["seeds=3", "train.epochs=9", "train.lr=0.1"]
    results = check_resumed(trials(*words, *MODELS["mlp"], *SIZE, *KEEP), load("digits"), 12)
    assert any(result.measured["epochs_run"] < 9 for result in results)


def test_a_users_network_with_buffers(trials, own_network):
    (one,) = trials(*own_network, "rate=0.3", "seeds=1", *LENGTH, *KEEP)
    check_resumed([one], load("digits"), 10)


def test_a_random_step_of_packs_of_all_kinds(trials):
    random = np.random.default_rng()
    packs = [
        trials("regularizer=[mixup,max_norm,early_stopping]", "variant=concrete", "rate=0.3", "seeds=3", *LENGTH),
        trials("regularizer=[augment,input_noise,batch_norm]", "model=cnn", *MODELS["cnn"], "seeds=2", *LENGTH),
    ]
    for pack in packs:
        check_resumed(pack, load("digits"), *random.integers(0, 7, 2).tolist())


def test_time_is_the_sum_of_both_processes(trials):
    every, data = trials(*MODELS["mlp"], "seeds=1", *LENGTH), load("digits")
    stopper = Stopper(10)
    with pytest.raises(Killed):
        train_pack(every, data, lambda n: None, stopper)
    state = torch.load(io.BytesIO(stopper.stored), weights_only=True)
    assert 0 < state["seconds"] < 60
    buffer = io.BytesIO()
    torch.save({**state, "seconds": 1000.0}, buffer)
    (result,) = train_pack(every, data, lambda n: None, Stopper(None, buffer.getvalue()))
    assert 1000 < result.measured["train_seconds"] < 1060


def test_positions_count_what_is_done(trials):
    words = [*STOPPING, "rate=0.4", "seeds=2", "train.epochs=9", "train.lr=0.1"]
    every, seen, epochs = trials(*words, *MODELS["mlp"], "data.train_size=200"), Stopper(None), []
    train_pack(every, load("digits"), epochs.append, seen)
    first, last = seen.positions[0], seen.positions[-1]
    assert (first.epoch, first.step, first.models, first.epochs_done, first.left) == (1, 0, 4, 0, None)
    assert (last.epoch, last.step, last.steps, last.models) == (9, 3, 4, 2)
    assert last.epochs_done == 2 * 8 + 2 * 9 == sum(epochs) - 2
    assert last.left == pytest.approx(1 / last.steps_per_second)
    assert 0 < last.loss < 10


def test_a_state_that_does_not_fit_is_rejected_and_training_starts_anew(trials):
    data = load("digits")
    other, mine = (trials(f"model.hidden=[{size}]", "seeds=2", *LENGTH, *KEEP) for size in (8, 16))
    stopper = Stopper(10)
    with pytest.raises(Killed):
        train_pack(other, data, lambda n: None, stopper)
    last = Stopper(None, stopper.stored)
    check_equal(train_pack(mine, data, lambda n: None, last), train_pack(mine, data))
    assert len(last.rejected) == 1
    assert last.steps == 14


def test_curves_survive_as_columns():
    rows = [
        {"trial_id": "a", "epoch": 1, "rate": 0.1, "train_loss": 1 / 3, "val_auroc": None, "val_loss": float("inf")},
        {"trial_id": "a", "epoch": 2, "rate": 0.2, "train_loss": 2 / 3, "val_auroc": 0.5, "val_loss": 1e-310},
    ]
    assert from_columns(to_columns(rows), "a") == rows
    assert from_columns(to_columns([]), "a") == []
