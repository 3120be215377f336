"""Base class of the normalisation layers, before or after dropout."""

from typing import ClassVar

from torch import Tensor

from dropout_lab.config import RegularizerConf
from dropout_lab.regularizers.base import ExtraParameter, NetworkInfo, PackChoice, Params, Regularizer

ORDERS = ("before", "after")
ORDER = "before dropout, between a layer and its non-linearity, or after dropout"


class Normalization(Regularizer):
    """Normalisation of hidden units, with a gain and a shift per unit.

    With ``before`` it normalises the output of a layer before the non-linearity and dropout, with ``after`` the output
    of dropout. It acts at hidden sites whose activations are the output of one layer and a non-linearity. All trials of
    a pack have the same setting.
    """

    written: ClassVar[dict[str, float]] = {}  # running statistics per unit, with their initial values

    def __init__(self, scene: NetworkInfo, trials: PackChoice):
        super().__init__(scene, trials)
        (self._order,) = {getattr(conf, self.kind) for conf in trials.confs}
        self._produced_by = {site.produced_by: name for name, site in scene.sites.items() if site.produced_by}

    @classmethod
    def incompatibility(cls, conf: RegularizerConf, scene: NetworkInfo) -> str | None:
        if any(site.produced_by for site in scene.sites.values()):
            return None
        return "requires a hidden layer, which this network does not have"

    @classmethod
    def between(cls, conf: RegularizerConf) -> bool:
        order: str = getattr(conf, cls.kind)
        return order == "after"

    @classmethod
    def parts(cls, conf: RegularizerConf, scene: NetworkInfo) -> dict[str, ExtraParameter]:
        parameters = {}
        for name, site in scene.sites.items():
            if site.produced_by:
                own = cls.name(name)
                parameters[f"{own}.gain"] = ExtraParameter((site.width,), 1.0, name)
                parameters[f"{own}.shift"] = ExtraParameter((site.width,), 0.0, name)
                parameters |= {
                    f"{own}.{k}": ExtraParameter((site.width,), v, name, written=True) for k, v in cls.written.items()
                }
        return parameters

    @classmethod
    def name(cls, site: str) -> str:
        """Return the prefix of the parameter names at a site."""
        return f"{site}.{cls.kind}"

    def pre_activation(self, name: str, x: Tensor, params: Params, training: bool) -> Tensor:
        site = self._produced_by.get(name)
        return x if site is None or self._order != "before" else self._each(site, x, params, training)

    def post_dropout(self, name: str, x: Tensor, params: Params, training: bool) -> Tensor:
        there = self._order == "after" and bool(self.scene.sites[name].produced_by)
        return self._each(name, x, params, training) if there else x

    def _each(self, site: str, x: Tensor, params: Params, training: bool) -> Tensor:
        """Normalise x [M, B, ...] of a site; test-time passes of one network are merged into one large batch."""
        if len(params[f"{self.name(site)}.gain"]) == len(x):
            return self.normalised(site, x, params, training)
        return self.normalised(site, x.flatten(0, 1).unsqueeze(0), params, training)[0].unflatten(0, x.shape[:2])

    def normalised(self, site: str, x: Tensor, params: Params, training: bool) -> Tensor:
        """Return the normalised x [M, B, ...] of the units of a site."""
        raise NotImplementedError
