"""Time series [N, T, F]: scaled by feature, and read by every model that can."""

import numpy as np
import pytest
import torch

from dropout_lab.config import DataConf
from dropout_lab.data import Dataset
from dropout_lab.dropout.hook_interface import PlainHook
from dropout_lab.models import build_model
from dropout_lab.rng import Streams
from dropout_lab.train import normalization as scaling
from dropout_lab.train.batches import Batches

CPU = torch.device("cpu")
RANDOM = np.random.default_rng(3)
SERIES = RANDOM.normal(size=(90, 7, 3)) * [1, 1e5, 1e-3] + [0, 1e6, 2]


@pytest.mark.parametrize("rows", [7, 4096])
@pytest.mark.parametrize("kind", ["zscore", "unit"])
@pytest.mark.parametrize("offset", [0, 1.7e12])
def test_series_are_scaled_by_feature(kind, rows, offset, monkeypatch):
    monkeypatch.setattr(scaling, "ROWS", rows)
    x = SERIES * [1e3, 1, 1e6] + offset
    dataset = Dataset("x", "classification", x, np.arange(90) % 2, ("a", "b"), test=np.arange(70, 90))
    feed = Batches(dataset, DataConf(normalise=kind), [Streams(0, 0), Streams(0, 1)], CPU)
    for m in range(2):
        train = x[feed.index["train"][m].numpy()]
        low = train.mean((0, 1)) if kind == "zscore" else train.min((0, 1))
        span = train.std((0, 1)) if kind == "zscore" else np.ptp(train, (0, 1))
        for part in ("train", "val", "test"):
            scaled, _ = feed.fetch(feed.index[part])
            assert scaled.shape[2:] == (7, 3)
            assert np.allclose(scaled[m], (x[feed.index[part][m].numpy()] - low) / span, atol=1e-5)
        assert np.allclose(feed.strange(x[:5])[m], (x[:5] - low) / span, atol=1e-5)


@pytest.mark.parametrize("kind", ["lstm", "gru", "rnn"])
def test_a_recurrent_network_reads_series_as_the_rows_of_images(kind, config):
    conf = config(f"model={kind}").model
    model, of_images = build_model(conf, (7, 3), 2), build_model(conf, (1, 7, 3), 2)
    params = model.init([Streams(0, 0), Streams(0, 1)], CPU)
    assert {n: p.shape for n, p in params.items()} == {
        n: p.shape for n, p in of_images.init([Streams(0, 0), Streams(0, 1)], CPU).items()
    }
    x = torch.randn(2, 5, 7, 3)
    assert torch.equal(model.forward(params, x, PlainHook()), of_images.forward(params, x.unsqueeze(2), PlainHook()))
    assert (model.places["input"].layout, of_images.places["input"].layout) == ("steps", "maps")


@pytest.mark.parametrize("kind", ["mlp", "resmlp"])
def test_dense_networks_read_series_flattened(kind, config):
    conf = config(f"model={kind}").model
    model, flat = build_model(conf, (7, 3), 2), build_model(conf, (21,), 2)
    params = model.init([Streams(0, 0)], CPU)
    x = torch.randn(1, 5, 7, 3)
    assert torch.equal(model.forward(params, x, PlainHook()), flat.forward(params, x.flatten(2), PlainHook()))


def test_a_transformer_reads_each_step(config):
    model = build_model(config("model=transformer").model, (7, 3), 2)
    params = model.init([Streams(0, 0)], CPU)
    assert params["positions"].shape[1] == 7
    x = torch.randn(1, 4, 7, 3, requires_grad=True)
    model.forward(params, x, PlainHook()).sum().backward()
    assert (x.grad != 0).all()
    turned = {**params, "positions": torch.zeros_like(params["positions"])}  # without positions the order is lost
    out = model.forward(turned, x, PlainHook())
    assert torch.allclose(out, model.forward(turned, x.flip(2), PlainHook()), atol=1e-6)


@pytest.fixture
def series(folder):
    """A file of series, of which the small second feature tells the class."""
    y = RANDOM.integers(0, 2, 200)
    x = np.stack([1e6 + 1e5 * RANDOM.normal(size=(200, 6)), (2 * y - 1)[:, None] + RANDOM.normal(size=(200, 6))], 2)
    np.savez("s.npz", x=x.astype(np.float32), y=y)
    return ["data=file", "data.path=s.npz", "train.epochs=8", "seeds=2", "out=o"]


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_a_sweep_learns_from_the_small_feature(typed, series, folder, kind):
    content = dict(np.load("s.npz"))
    np.savez("s.npz", x=content["x"].astype(kind), y=content["y"])
    models = "model=lstm,mlp,transformer,resmlp"
    status, out, err = typed("sweep", *series, models, "train.lr=0.01", "rate=0.1", "input_rate=0.1")
    assert (status, err) == (0, "")
    assert out.startswith("data: s.npz, 200 series of 6 steps with 2 features (data.layout=images reads images), ")
    rows = [line.split(",") for line in (folder / "o" / "summary.csv").read_text().splitlines()]
    place = rows[0].index("mean")
    scores = [float(row[place]) for row in rows[1:] if "test_accuracy" in row]
    assert len(scores) == 4
    assert min(scores) > 0.9


@pytest.mark.parametrize("variant", ["naive", "variational", "weight_drop", "zoneout", "spatial", "concrete"])
def test_variants_of_dropout_take_series(typed, series, variant):
    gates = ["variant.gate_masks=own"] if variant == "variational" else []
    rates = [] if variant in ("zoneout", "spatial", "concrete") else ["input_rate=0.2"]
    words = ["model=lstm", f"variant={variant}", "rate=0.2", *rates, *gates, "train.epochs=1", "model.layers=2"]
    status, _, err = typed("sweep", *[w for w in series if "epochs" not in w], *words)
    assert (status, err) == (0, "")


def test_a_network_of_images_is_refused_with_the_way_out(typed, series):
    status, out, err = typed("sweep", *series, "model=cnn", "rate=0")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "data=file has examples of shape 6x2; data.layout=images reads them as images" in err
    words = ["data.layout=images", "model=cnn", "model.channels=[2]", "rate=0", "train.epochs=1"]
    status, out, _ = typed("sweep", *[w for w in series if "epochs" not in w], *words)
    assert (status, out[:31]) == (0, "data: s.npz, 200 images 1x6x2 (")
