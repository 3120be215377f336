"""Random changes of a batch of images: pure functions of (images, what to do), and the regularizer that draws.

Images are x [N, C, H, W]; every example has its own move, flip and window.
"""

from collections.abc import Sequence
from typing import ClassVar, TypeVar

import torch
from torch import Tensor, nn

from dropout_lab.config import RegularizerConf
from dropout_lab.regularizers.base import NetworkInfo, PackChoice, Regularizer
from dropout_lab.rng import LEVELS, PackRandomness

Self = TypeVar("Self", bound="Augment")

DRAWS = 6  # random numbers an example, whatever is done with them, so that one change never moves another's


def shift(x: Tensor, by: Tensor) -> Tensor:
    """Move each image by whole pixels, down and to the right; what comes in is black (0).

    Args:
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
    """Turn the images left to right where ``which`` (bool [N]) says so."""
    return torch.where(which.view(-1, 1, 1, 1), x.flip(3), x)


def crop(x: Tensor, side: Tensor, at: Tensor) -> Tensor:
    """Enlarge a window of each image to the full size, by bilinear interpolation.

    Args:
        side: side of the window as part of the image's, [N].
        at: where in the free room it lies, [N, 2] in [0, 1], from left to right and from top to bottom.
    """
    middle = (2 * at - 1) * (1 - side).unsqueeze(1)  # in grid_sample's coordinates from -1 to 1
    theta = torch.zeros(len(x), 2, 3, dtype=x.dtype, device=x.device)
    theta[:, 0, 0] = theta[:, 1, 1] = side
    theta[:, :, 2] = middle
    grid = nn.functional.affine_grid(theta, list(x.shape), align_corners=False)
    return nn.functional.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)


def augment(x: Tensor, bits: Tensor, kinds: Sequence[str], pixels: int, least: float) -> Tensor:
    """Change a batch x [M, B, C, H, W] at random, each example by itself.

    Args:
        bits: random bits [M, B, DRAWS].
        kinds: of ``crop``, ``flip`` and ``shift``, made in this order.
        pixels: most that ``shift`` moves by, each way.
        least: smallest side of ``crop``'s window, as part of the image's.
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


class Augment(Regularizer):
    """Changes each training batch, before it is normalised; each trial as it says.

    Source:
        shifts and flips: Krizhevsky et al. 2012, NeurIPS, section 4.1; windows of any size: Szegedy et al. 2015, CVPR.
    """

    kind: ClassVar[str] = "augment"

    def __init__(self, scene: NetworkInfo, trials: PackChoice):
        super().__init__(scene, trials)
        self.random = {self.kind: PackRandomness(trials.streams, self.kind, trials.device)}
        self._how = [(tuple(conf.changes), conf.shift, conf.crop) for conf in trials.confs]

    @classmethod
    def unfit(cls, conf: RegularizerConf, scene: NetworkInfo) -> str | None:
        if len(scene.shape) != 3:
            return "is for images, and these data have none"
        if "shift" in conf.changes and conf.shift >= min(scene.shape[1:]):
            size = "x".join(map(str, scene.shape[1:]))
            return f"a shift by {conf.shift} would move images of {size} pixels out of sight"
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
