"""The engine on a device: no mixed devices anywhere, and no copies to the host within a step."""

import pytest
import torch

from dropout_lab.config import MODELS
from dropout_lab.config.lr_schedules import LR_SCHEDULES
from dropout_lab.data import load
from dropout_lab.dropout import VARIANTS
from dropout_lab.dropout.schedules import SCHEDULES, TrainingProgress
from dropout_lab.evaluation.mc_dropout import MonteCarlo
from dropout_lab.regularizers import REGULARIZERS
from dropout_lab.rng import Streams
from dropout_lab.train.evaluate import evaluate_split
from dropout_lab.train.optimizers import OPTIMIZERS
from dropout_lab.train.pack import Pack

from ..train.test_texts import reviews
from .device import DEVICE, HostCopyError, MixedDevicesError, fake_device, move_to_device

RECURRENT = ("naive", "non_recurrent", "variational", "recurrent", "rnndrop", "zoneout", "weight_drop")
MODEL_OF = dict.fromkeys(RECURRENT, "lstm") | {
    "stochastic_depth": "resmlp",
    "attention": "transformer",
    "dropblock": "cnn",
}
ARMS = ["rate=0,0.3", "seeds=2"]


def step_twice(pack, switch):
    """Train as the loop does: schedules, a step in which dropped elements are counted, and another one."""
    batches = pack.begin(1)
    with switch.forbid_host_copies():
        for i, rows in enumerate(batches[:2]):
            progress = torch.tensor(0.1 * i, dtype=torch.float64)
            pack.noise.move(TrainingProgress(progress, torch.zeros(len(pack.rates), dtype=torch.float64)))
            pack.regularizers.move(progress)
            if i == 0:
                pack.noise.measure()
            pack.step(rows)
            if i == 0:
                pack.noise.measured()


def run_engine(trials, dataset=None):
    """Build a pack, train, evaluate, select models twice, and make Monte Carlo passes of the last model."""
    dataset = dataset or load("digits")
    with fake_device() as switch:
        pack = Pack(move_to_device(trials), dataset)
        assert {p.device.type for p in pack.params.values()} == {DEVICE}
        for kept in ([0, 3], [1]):
            step_twice(pack, switch)
            evaluate_split(pack.model, pack.params, pack.feed, "val", pack.task, pack.testing(pack.params), ())
            pack = pack.select(kept)
        step_twice(pack, switch)
        x = pack.feed.fetch(pack.feed.index["test"][:, :9])[0]
        params = {name: p.detach() for name, p in pack.params.items()}
        outs = []
        with switch.forbid_host_copies():
            around = pack.regularizers.hook
            MonteCarlo(pack.model, params, pack.noise, 5, Streams(0, 0), x[:, :1], around).run(x, outs.append)
        assert sum(len(out) for out in outs) == 5
        assert {out.device.type for out in outs} == {DEVICE}


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants(variant, trials):
    run_engine(trials(*ARMS, f"variant={variant}", f"model={MODEL_OF.get(variant, 'mlp')}"))


@pytest.mark.parametrize("regularizer", REGULARIZERS)
def test_regularizers(regularizer, trials):
    run_engine(trials(*ARMS, f"regularizer={regularizer}"))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers_with_schedules_of_the_learning_rate_and_of_momentum(optimizer, trials):
    words = ["train.grad_clip_norm=1.0", "train.momentum_ramp=2", "lr_schedule=cosine", "lr_schedule.by=update"]
    run_engine(trials(*ARMS, f"train={optimizer}", *words, "train.lr=0.001,0.01")[::2])


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_schedules_of_the_rate(schedule, trials):
    run_engine(trials(*ARMS, f"schedule={schedule}"))


@pytest.mark.parametrize("schedule", LR_SCHEDULES)
def test_schedules_of_the_learning_rate(schedule, trials):
    run_engine(trials(*ARMS, f"lr_schedule={schedule}"))


@pytest.mark.parametrize("model", sorted(set(MODELS) - {"custom"}))
def test_models(model, trials):
    run_engine(trials(*ARMS, f"model={model}"))


@pytest.mark.parametrize("model", ["mlp", "lstm", "transformer"])
def test_models_of_texts(model, trials):
    words = ["data=rt_polarity", "data.vocab_size=1000", f"model={model}"]
    run_engine(trials(*ARMS, *words), reviews())


def test_constants_of_a_paper_and_label_noise(trials):
    words = ["convert_paper_constants=true", "input_rate=0.2", "rate=0.3,0.5", "data.label_noise=0.1", "seeds=2"]
    run_engine(trials(*words, "regularizer=[l2,max_norm]", "train=sgd"))


PLANTED = {
    "bool": (HostCopyError, lambda pack: bool((pack.optimizer.lr > 0).any())),
    "item": (HostCopyError, lambda pack: pack.optimizer.lr.sum().item()),
    "float": (HostCopyError, lambda pack: float(pack.optimizer.lr.sum())),
    "tolist": (HostCopyError, lambda pack: pack.optimizer.lr.tolist()),
    "numpy": (HostCopyError, lambda pack: pack.optimizer.lr.numpy()),
    "cpu": (HostCopyError, lambda pack: pack.optimizer.lr.cpu()),
    "to": (HostCopyError, lambda pack: pack.optimizer.lr.to("cpu", torch.float32)),
    "to_like": (HostCopyError, lambda pack: pack.optimizer.lr.to(torch.zeros(1))),
    "mixed": (MixedDevicesError, lambda pack: pack.optimizer.lr + torch.ones(4)),
    "mixed_index": (MixedDevicesError, lambda pack: pack.optimizer.lr[torch.tensor([0, 1])]),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_noticed(fault, trials, monkeypatch):
    error, act = PLANTED[fault]
    real = Pack.step

    def step(pack, rows):
        act(pack)
        return real(pack, rows)

    monkeypatch.setattr(Pack, "step", step)
    with pytest.raises(error):
        run_engine(trials(*ARMS))


def test_numbers_of_the_host_are_allowed(trials, monkeypatch):
    real = Pack.step

    def step(pack, rows):
        assert (pack.optimizer.lr * torch.tensor(2.0)).device.type == DEVICE
        return real(pack, rows)

    monkeypatch.setattr(Pack, "step", step)
    run_engine(trials(*ARMS))
