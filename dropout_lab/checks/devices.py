"""Check an accelerator against the CPU."""

from pathlib import Path

import torch
from torch import Tensor

from dropout_lab.checks.drop_fractions import measure_drop_fraction
from dropout_lab.checks.figure import Figure, SkippedCheck, error_figure
from dropout_lab.checks.trials import compose_trials
from dropout_lab.data import load
from dropout_lab.dropout import UNITS
from dropout_lab.process_settings import flush_denormals, use_threads
from dropout_lab.train.pack import Pack

WORDS = ["model.hidden=[16,12]", "rate=0", "seeds=2", "train.lr=0.003,0.01", "train.batch_size=64"]
STEPS = 20
TOLERANCE = 1e-4  # as for stacked models
VARIANT = "inverted"


def check_devices(folder: Path) -> list[Figure]:
    """Compare each CUDA device with the CPU."""
    if not torch.cuda.is_available():
        raise SkippedCheck("torch finds no CUDA device")
    return [figure for i in range(torch.cuda.device_count()) for figure in compare_device(f"cuda:{i}")]


def compare_device(device: str) -> list[Figure]:
    """Compare the training without dropout on a device with that on the CPU, and measure drop masks on the device.

    A device draws other random bits than the CPU, so training with dropout agrees only in distribution.
    """
    with use_threads(1), flush_denormals():
        here, there = train_on("cpu"), train_on(device)
    difference = torch.stack([(a - b.cpu()).abs().max() for a, b in zip(here, there, strict=True)]).max()
    figures = measure_drop_fraction(VARIANT, UNITS, torch.device(device))
    return [
        error_figure(f"{device}, difference of weights after {STEPS} steps", difference.item(), TOLERANCE),
        *(Figure(f"{device}, {figure.name}", figure.value, figure.low, figure.high) for figure in figures),
    ]


def train_on(device: str) -> list[Tensor]:
    """Train a pack on a device and return its weights."""
    pack = Pack(compose_trials([*WORDS, f"device={device}"]), load("digits"))
    for rows in [rows for _ in range(2) for rows in pack.begin(1)][:STEPS]:
        pack.step(rows)
    return [p.detach() for p in pack.params.values()]
