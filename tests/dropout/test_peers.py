"""Agreement with the libraries that have a variant too: Keras 3 (torch backend) and timm, from the extra ``peers``.

With the same mask the outputs must be the same; masks are read off the peer's output.
"""

import os

import pytest
import torch

from dropout_lab.dropout import dropblock, inverted, spatial, stochastic_depth
from dropout_lab.dropout.masks import noise_std

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore")]


class Fixed:
    """Randomness that keeps where told to."""

    def __init__(self, keep):
        self._bits = torch.where(keep, 2**15 - 1, -(2**15)).to(torch.int16)

    def bits(self, shape):
        assert self._bits.shape == torch.Size(shape)
        return self._bits


@pytest.fixture(scope="module")
def keras():
    os.environ["KERAS_BACKEND"] = "torch"
    return pytest.importorskip("keras", reason="needs the extra `peers`")


@pytest.fixture(scope="module")
def drop():
    """``timm.layers.drop``, whose package imports torchvision."""
    from dropout_lab.data.torchvision_import import torchvision

    torchvision()  # works beside a CPU-only torch

    pytest.importorskip("timm", reason="needs the extra `peers`")
    from timm.layers import drop

    return drop


@pytest.mark.parametrize("rate", [0.25, 0.5])
def test_keras_dropout(keras, rate):
    x = torch.rand(200, 30) + 0.5
    theirs = torch.as_tensor(keras.layers.Dropout(rate, seed=1)(x, training=True))
    torch.testing.assert_close(inverted(x, rate, Fixed(theirs != 0)), theirs)


@pytest.mark.parametrize(
    ("layer", "shape", "shared"),
    [("SpatialDropout1D", (20, 7, 5), (-2,)), ("SpatialDropout2D", (20, 6, 6, 5), (-3, -2))],
)
def test_keras_spatial_dropout(keras, layer, shape, shared):
    x = torch.rand(shape) + 0.5  # channels last
    theirs = torch.as_tensor(getattr(keras.layers, layer)(0.5, seed=1)(x, training=True))
    keep = (theirs != 0).all(dim=shared, keepdim=True)
    torch.testing.assert_close(spatial(x, 0.5, Fixed(keep), shared), theirs)


def test_keras_gaussian_dropout_has_our_spread(keras):
    x = torch.ones(400_000)
    theirs = torch.as_tensor(keras.layers.GaussianDropout(0.3, seed=1)(x, training=True))
    assert theirs.mean().item() == pytest.approx(1, abs=0.006)
    assert theirs.std().item() == pytest.approx(noise_std(torch.tensor(0.3)).item(), rel=0.01)


@pytest.mark.parametrize("scale_by_keep", [False, True])
def test_timm_drop_path(drop, scale_by_keep):
    x = torch.rand(64, 3, 4, 4) + 0.5
    theirs = drop.drop_path(x, 0.25, training=True, scale_by_keep=scale_by_keep)
    keep = (theirs != 0).flatten(1).all(1).view(-1, 1, 1, 1)
    # The paper's form is not rescaled while training; timm's default is, which our test-time factor stands for.
    torch.testing.assert_close(stochastic_depth(x, 0.25, Fixed(keep)) / (0.75 if scale_by_keep else 1), theirs)


def test_timm_drop_block_drops_as_much(drop):
    """On maps large beside the square both give the same part; timm lets squares hang over the border instead of
    correcting for it, so small maps differ."""
    from dropout_lab.rng import TorchRandomness

    x = torch.ones(64, 8, 48, 48)
    torch.manual_seed(0)
    theirs = drop.drop_block_2d(x, drop_prob=0.1, block_size=5)
    ours = dropblock(x, 0.1, TorchRandomness(), 5)
    parts = [(out == 0).float().mean().item() for out in (ours, theirs)]
    assert parts[0] == pytest.approx(parts[1], abs=0.012)
    for out in (ours, theirs):
        assert out.mean().item() == pytest.approx(1, abs=0.02)
