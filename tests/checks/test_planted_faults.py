"""Each check of the machine passes here and fails on a fault that is planted in what it checks."""

import os

import pytest
import torch

from dropout_lab.checks import devices, folder, resume
from dropout_lab.checks.digits_accuracy import check_digits_accuracy
from dropout_lab.checks.drop_fractions import check_drop_fractions, measure_drop_fraction
from dropout_lab.checks.figure import SkippedCheck
from dropout_lab.checks.kernels import check_kernels
from dropout_lab.checks.plain_loop import MAKERS, compare_optimizer
from dropout_lab.checks.registry import run_check
from dropout_lab.checks.stacked_models import MODELS, compare_pack
from dropout_lab.dropout import VARIANTS, masks
from dropout_lab.dropout.kernels import linear, linear_maps, rnn_cells
from dropout_lab.sweeps import ledger
from dropout_lab.train import optimizers
from dropout_lab.train.optimizers import OPTIMIZERS, Optimizer
from dropout_lab.train.pack import Pack


def outside(figures):
    figures = list(figures)
    assert figures
    return {figure.name for figure in figures if not figure.allowed}


def scale_level(monkeypatch, factor):
    """Let masks drop another fraction than the rate."""
    real = masks._level
    monkeypatch.setattr(masks, "_level", lambda rate: real((rate * factor).clamp(max=1)))


@pytest.mark.parametrize("factor", [1.0, 1.1, 0.9])
def test_drop_fractions(factor, monkeypatch, tmp_path):
    scale_level(monkeypatch, factor)
    failed = {name.split()[0] for name in outside(check_drop_fractions(tmp_path))}
    if factor == 1:
        assert not failed
    else:
        binomial = {kind for kind, variant in VARIANTS.items() if variant.fraction == "rate"}
        assert failed >= binomial | {"alpha", "feature_alpha"}


@pytest.mark.parametrize("kind", VARIANTS)
def test_the_drop_fraction_of_every_variant_can_fail(kind, monkeypatch):
    """The variant receives other rates; the fractions at rates 0 and 1 are exact for each of them."""
    layout, cpu = VARIANTS[kind].layouts[0], torch.device("cpu")
    assert not outside(measure_drop_fraction(kind, layout, cpu))
    name = "product" if hasattr(VARIANTS[kind], "product") else "sample"
    real = getattr(VARIANTS[kind], name)
    at = 5 if name == "product" else 2

    def wrong(*args, **named):
        return real(*args[:at], 0.9 * args[at], *args[at + 1 :], **named)

    monkeypatch.setattr(VARIANTS[kind], name, wrong)
    assert outside(measure_drop_fraction(kind, layout, cpu))


def test_kernels_agree(tmp_path):
    assert not outside(check_kernels(tmp_path))


@pytest.mark.parametrize(
    ("owner", "name", "failed"),
    [
        (linear, "dense_onednn", "large layer"),
        (linear_maps, "conv2d", "convolution"),
        (rnn_cells, "tanh_backward", "lstm layer"),
    ],
)
def test_kernels(owner, name, failed, monkeypatch, tmp_path):
    real = getattr(owner, name)
    monkeypatch.setattr(owner, name, lambda *args, **named: real(*args, **named).mul_(1.001))
    assert {found for found in outside(check_kernels(tmp_path)) if found.startswith(failed)}


@pytest.mark.parametrize("model", MODELS)
def test_stacked_models_agree(model):
    assert not outside(compare_pack(model))


def leak_between_models(pack):
    """Add a little of the first model to the others."""
    for p in pack.params.values():
        p.data += 1e-4 * p.data[:1] * (len(p) > 1)


def skip_a_draw(pack):
    for random in pack.noise.random.values():
        if len(pack.rates) > 1:
            random.bits((len(pack.rates), 4))


@pytest.mark.parametrize(
    ("fault", "failed"), [(leak_between_models, "difference of weights"), (skip_a_draw, "different bits")]
)
def test_stacked_models(fault, failed, monkeypatch):
    real = Pack.step

    def step(pack, rows):
        fault(pack)
        return real(pack, rows)

    monkeypatch.setattr(Pack, "step", step)
    assert any(failed in name for name in outside(compare_pack("mlp")))


def test_stacked_models_with_one_learning_rate_for_all(monkeypatch):
    real = Optimizer._lr_table
    monkeypatch.setattr(Optimizer, "_lr_table", lambda self: [[row[0]] * len(row) for row in real(self)])
    assert any("difference of weights" in name for name in outside(compare_pack("mlp")))


def test_every_optimizer_has_a_plain_loop():
    assert MAKERS.keys() == OPTIMIZERS.keys()


CONSTANTS = {"sgd": "momentum", "adam": "beta2", "rmsprop": "alpha", "adadelta": "rho"}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_plain_loop(name, monkeypatch):
    assert not outside(compare_optimizer(name))
    real, constant = getattr(optimizers, name), CONSTANTS[name]
    monkeypatch.setattr(
        optimizers, name, lambda *args, **named: real(*args, **{**named, constant: 0.98 * named[constant]})
    )
    assert any("difference of weights" in found for found in outside(compare_optimizer(name)))


def test_plain_loop_with_wrong_masks(monkeypatch):
    scale_level(monkeypatch, 1.1)
    assert any("difference of weights" in name for name in outside(compare_optimizer("sgd")))


def test_plain_loop_without_training(monkeypatch):
    monkeypatch.setattr(Pack, "step", lambda pack, rows: None)
    assert len(outside(compare_optimizer("sgd"))) == 1  # of the difference; the plain loop still trains


def test_digits_accuracy(monkeypatch, tmp_path):
    assert not outside(check_digits_accuracy(tmp_path))
    real = optimizers.adam
    monkeypatch.setattr(optimizers, "adam", lambda *args, **named: real(*args, **{**named, "lr": named["lr"] / 3}))
    assert outside(check_digits_accuracy(tmp_path)) == {"mean test_accuracy", "mean train_loss"}


def test_digits_accuracy_with_wrong_masks(monkeypatch, tmp_path):
    scale_level(monkeypatch, 2)
    assert outside(check_digits_accuracy(tmp_path))


def test_devices(monkeypatch, tmp_path):
    assert not outside(devices.compare_device("cpu"))
    real = devices.train_on
    weights = iter([real("cpu"), [w + 0.001 for w in real("cpu")]])
    monkeypatch.setattr(devices, "train_on", lambda device: next(weights))
    assert outside(devices.compare_device("cpu")) == {"cpu, difference of weights after 20 steps"}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SkippedCheck, match="no CUDA device"):
        devices.check_devices(tmp_path)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_cuda_device_agrees_with_the_cpu(tmp_path):
    assert not outside(devices.check_devices(tmp_path))


@pytest.mark.slow
def test_resume(monkeypatch, tmp_path):
    place = tmp_path / "right"
    place.mkdir()
    assert not outside(resume.check_resume(place))
    monkeypatch.setattr(Optimizer, "load_state_dict", lambda self, state: None)
    place = tmp_path / "wrong"
    place.mkdir()
    assert outside(resume.check_resume(place)) == {"rows and weights that differ"}


@pytest.mark.slow
def test_resume_without_checkpoints(monkeypatch, tmp_path):
    monkeypatch.setattr(resume, "EACH_STEP", "train.checkpoint_minutes=0")
    result = run_check("resume", tmp_path)
    assert result.state == "failed"
    assert result.reason == "RuntimeError: the sweep ended with status 0 before it was killed"


def test_folder(tmp_path):
    assert not outside(folder.check_folder(tmp_path))


class NoLock:
    """A lock that locks nothing, as on some network file systems."""

    def __init__(self, path, blocking=True):
        path.touch()

    def acquire(self):
        return self

    def release(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass


def test_folder_without_locks(monkeypatch, tmp_path):
    monkeypatch.setattr(ledger, "FileLock", NoLock)
    assert outside(folder.check_folder(tmp_path)) == {"exit status of another process at a locked folder"}


def test_folder_in_which_a_replaced_file_stays(monkeypatch, tmp_path):
    monkeypatch.setattr(folder, "replace_file", lambda path, text: path.exists() or path.write_text(text))
    assert outside(folder.check_folder(tmp_path)) == {"files replaced"}


def test_folder_that_cannot_be_flushed(monkeypatch, tmp_path):
    def fail(number):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    result = run_check("folder", tmp_path)
    assert (result.state, result.figures) == ("failed", ())
    assert "Input/output error" in result.reason
