"""Layer normalisation over the units of one example."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from dropout_lab.dropout.base import MAPS
from dropout_lab.regularizers.base import Params
from dropout_lab.regularizers.normalization import ORDER, ORDERS, Normalization
from dropout_lab.settings import Options, setting


@dataclass(frozen=True)
class LayerNormOptions(Options):
    """Options of layer normalisation."""

    layer_norm: str = setting("before", choices=ORDERS, help=f"position of layer normalisation: {ORDER}")


class LayerNorm(Normalization):
    """Normalisation of the units of each example to mean 0 and variance 1; in maps, of the channels of each pixel.

    Source:
        Ba et al. 2016, arXiv:1607.06450.
    """

    kind: ClassVar[str] = "layer_norm"
    options: ClassVar[type[Options]] = LayerNormOptions

    def normalised(self, site: str, x: Tensor, params: Params, training: bool) -> Tensor:
        maps = self.scene.sites[site].layout == MAPS
        units = x.movedim(2, -1) if maps else x
        lead = (len(x), *[1] * (x.dim() - 2), -1)
        gain, shift = (params[f"{self.name(site)}.{part}"].view(lead) for part in ("gain", "shift"))
        out = nn.functional.layer_norm(units, units.shape[-1:]) * gain + shift
        return out.movedim(-1, 2) if maps else out
