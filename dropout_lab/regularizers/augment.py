"""Data augmentation of image batches: pure functions of images and parameters, and the regularizer that draws them.

Images are x [N, C, H, W]; the shift, flip and crop window are drawn separately for every example.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

import torch
from torch import Tensor, nn

from dropout_lab.config import RegularizerConf
from dropout_lab.regularizers.base import NetworkInfo, PackChoice, Regularizer
from dropout_lab.rng import LEVELS, PackRandomness
from dropout_lab.settings import MOST, Options, setting
from dropout_lab.settings.validators import AUGMENT, check_augment

Self = TypeVar("Self", bound="Augment")

DRAWS = 6  # random numbers per example, independent of the choices, so that no change alters the draws of another


def shift(x: Tensor, by: Tensor) -> Tensor:
    """Shift each image by whole pixels, down and to the right; pixels from outside the image are black (0).

    Args:
        x: images [N, C, H, W].
        by: int64 [N, 2], rows and columns.
    """
    _, channels, height, width = x.shape
    rows = torch.arange(height, device=x.device) - by[:, :1]
    columns = torch.arange(width, device=x.device) - by[:, 1:]
    inside = ((rows >= 0) & (rows < height)).unsqueeze(2) & ((columns >= 0) & (columns < width)).unsqueeze(1)
    place = rows.clamp(0, height - 1).unsqueeze(2) * width + columns.clamp(0, width - 1).unsqueeze(1)
    flat = place.flatten(1).unsqueeze(1).expand(-1, channels, -1)
    return x.flatten(2).gather(2, flat).view_as(x) * inside.unsqueeze(1)


def flip(x: Tensor, which: Tensor) -> Tensor:
    """Flip the images horizontally where ``which`` (bool [N]) is true."""
    return torch.where(which.view(-1, 1, 1, 1), x.flip(3), x)


def crop(x: Tensor, side: Tensor, at: Tensor) -> Tensor:
    """Crop a window of each image and resize it to the full size by bilinear interpolation.

    Args:
        x: images [N, C, H, W].
        side: side of the window as a fraction of that of the image, [N].
        at: position of the window, [N, 2] in [0, 1]: 0 is the left or top border, 1 the right or bottom border.
    """
    middle = (2 * at - 1) * (1 - side).unsqueeze(1)  # in grid_sample's coordinates from -1 to 1
    theta = torch.zeros(len(x), 2, 3, dtype=x.dtype, device=x.device)
    theta[:, 0, 0] = theta[:, 1, 1] = side
    theta[:, :, 2] = middle
    grid = nn.functional.affine_grid(theta, list(x.shape), align_corners=False)
    return nn.functional.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)


def augment(x: Tensor, bits: Tensor, kinds: Sequence[str], pixels: int, least: float) -> Tensor:
    """Augment a batch, with separate random changes for each example.

    Args:
        x: images [M, B, C, H, W].
        bits: random bits [M, B, DRAWS].
        kinds: subset of ``crop``, ``flip`` and ``shift``, which are applied in this order.
        pixels: largest shift in pixels in each direction.
        least: smallest side of the crop window, as a fraction of that of the image.
    """
    flat, levels = x.flatten(0, 1), bits.flatten(0, 1).long() + LEVELS // 2
    parts = levels.to(x.dtype) / LEVELS
    if "crop" in kinds:
        flat = crop(flat, least + (1 - least) * parts[:, 0], parts[:, 1:3])
    if "flip" in kinds:
        flat = flip(flat, levels[:, 3] < LEVELS // 2)
    if "shift" in kinds:
        flat = shift(flat, levels[:, 4:6] * (2 * pixels + 1) // LEVELS - pixels)
    return flat.view_as(x)


@dataclass(frozen=True)
class AugmentOptions(Options):
    """Options of data augmentation."""

    augment: list[str] = setting(
        ["shift"],
        check=check_augment,
        allowed="a list of " + ", ".join(AUGMENT),
        pack="own",
        help="random changes of each training batch of images: zoom in, flip left to right, shift",
    )
    crop: float = setting(
        0.8,
        low=0,
        high=1,
        open_low=True,
        pack="own",
        when=("regularizer.changes", "crop"),
        help="minimum side length of a random crop, as a fraction of the image side",
    )
    shift: int = setting(
        2,
        low=1,
        high=MOST,
        pack="own",
        when=("regularizer.changes", "shift"),
        help="maximum shift in pixels, in each direction",
    )


class Augment(Regularizer):
    """Data augmentation of each training batch before normalisation, with separate settings per trial.

    Source:
        shifts and flips: Krizhevsky et al. 2012, NeurIPS, section 4.1; crops of random size: Szegedy et al. 2015, CVPR.
    """

    kind: ClassVar[str] = "augment"
    options: ClassVar[type[Options]] = AugmentOptions

    def __init__(self, scene: NetworkInfo, trials: PackChoice):
        super().__init__(scene, trials)
        self.random = {self.kind: PackRandomness(trials.streams, self.kind, trials.device)}
        self._how = [(tuple(conf.changes), conf.shift, conf.crop) for conf in trials.confs]

    @classmethod
    def incompatibility(cls, conf: RegularizerConf, scene: NetworkInfo) -> str | None:
        if len(scene.shape) != 3:
            return "requires images, which these data do not have"
        if "shift" in conf.changes and conf.shift >= min(scene.shape[1:]):
            size = "x".join(map(str, scene.shape[1:]))
            return f"shifts images of {size} pixels by up to {conf.shift} pixels, which would leave no content"
        return None

    def examples(self, x: Tensor) -> Tensor:
        bits = self.random[self.kind].bits((x.shape[0], x.shape[1], DRAWS))
        ways = dict.fromkeys(self._how)
        if len(ways) == 1:
            return augment(x, bits, *self._how[0])
        changed = x.clone()
        for way in ways:
            models = [m for m, how in enumerate(self._how) if how == way]
            changed[models] = augment(x[models], bits[models], *way)
        return changed

    def select(self: Self, models: Sequence[int]) -> Self:
        kept = super().select(models)
        kept._how = [self._how[m] for m in models]
        return kept
