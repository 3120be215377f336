"""Batch normalisation, with running statistics at test time."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from dropout_lab.dropout.base import MAPS
from dropout_lab.regularizers.base import Params
from dropout_lab.regularizers.normalization import ORDER, ORDERS, Normalization
from dropout_lab.settings import Options, setting

MOMENTUM = 0.1  # of the running statistics; the default of torch


@dataclass(frozen=True)
class BatchNormOptions(Options):
    """Options of batch normalisation."""

    batch_norm: str = setting("before", choices=ORDERS, help=f"position of batch normalisation: {ORDER}")


class BatchNorm(Normalization):
    """Normalisation of every unit to mean 0 and variance 1 over a batch, and over the pixels of maps.

    Running statistics are updated in training, stored with the weights, and used at test time. A batch with a single
    value per unit has no variance; it is normalised by the running statistics and does not update them.

    Source:
        Ioffe and Szegedy 2015, ICML; after dropout: Li et al. 2019, CVPR.
    """

    kind: ClassVar[str] = "batch_norm"
    options: ClassVar[type[Options]] = BatchNormOptions
    written: ClassVar[dict[str, float]] = {"mean": 0.0, "variance": 1.0}

    def normalised(self, site: str, x: Tensor, params: Params, training: bool) -> Tensor:
        models, maps = len(x), self.scene.sites[site].layout == MAPS
        channels = x.transpose(0, 1) if maps else x.flatten(1, -2).transpose(0, 1)  # [B, M, D, ...]
        flat = channels.flatten(1, 2)
        own = self.name(site)
        mean, variance, gain, shift = (params[f"{own}.{p}"].view(-1) for p in ("mean", "variance", "gain", "shift"))
        several = flat.numel() > flat.shape[1]
        out = nn.functional.batch_norm(flat, mean, variance, gain, shift, training and several, MOMENTUM)
        return out.unflatten(1, (models, -1)).transpose(0, 1).view(x.shape)
