"""Random changes of a batch of images: pure functions of (images, what to do); the noise is drawn by the caller.

Images are x [N, C, H, W]; every example has its own move, flip and window.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from dropout_lab.streams import LEVELS, PackRandomness

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


def augment(x: Tensor, kinds: Sequence[str], pixels: int, least: float, random: PackRandomness) -> Tensor:
    """Change a batch x [M, B, C, H, W] at random, each example from its own trial's stream.

    Args:
        kinds: of ``crop``, ``flip`` and ``shift``, made in this order.
        pixels: most that ``shift`` moves by, each way.
        least: smallest side of ``crop``'s window, as part of the image's.
        random: the trials' streams ``augment``.
    """
    flat = x.flatten(0, 1)
    bits = random.bits((x.shape[0], x.shape[1], DRAWS)).flatten(0, 1).long() + LEVELS // 2
    parts = bits.to(x.dtype) / LEVELS
    if "crop" in kinds:
        flat = crop(flat, least + (1 - least) * parts[:, 0], parts[:, 1:3])
    if "flip" in kinds:
        flat = flip(flat, bits[:, 3] < LEVELS // 2)
    if "shift" in kinds:
        flat = shift(flat, bits[:, 4:6] * (2 * pixels + 1) // LEVELS - pixels)
    return flat.view_as(x)
