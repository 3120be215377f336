"""The rate of each hidden site: a list, or one rate that a profile (``profile=``) distributes over the sites."""

from typing import Any

from dropout_lab.errors import ConfigError
from dropout_lab.settings.fields import round_decimal


class SiteRates:
    """The part of a config that computes the rate of each hidden site.

    The settings ``rate`` and ``profile`` and the groups ``model`` and ``variant`` are fields of the config.
    """

    rate: Any
    profile: str
    model: Any
    variant: Any

    def check_length(self, listed: int, sites: int) -> None:
        """Raise ConfigError if a list of ``listed`` rates does not have one entry for each of ``sites`` sites."""
        if listed != sites:
            places = f"{sites} site{'' if sites == 1 else 's'}"
            allowed = f"must have one entry for each of the {places} of model={self.model.kind}"
            rates = self.rate if isinstance(self.rate, list) else [self.rate] * listed
            raise ConfigError.of("rate", rates, allowed)

    @property
    def site_rates(self) -> list[float]:
        """The rate of each hidden site, from input to output; one rate if the number of sites is unknown.

        Raises:
            ConfigError: the profile is not flat, and the number of sites is unknown.
        """
        sites = self.model.hidden_sites
        if isinstance(self.rate, list):
            return self.rate
        if sites == 0:
            return [0.0]  # no site to drop at
        profile = self.variant.profile if self.profile == "auto" else self.profile
        if sites is None:
            if profile != "flat" and self.rate > 0:
                key = "variant.profile" if self.profile == "auto" else "profile"
                allowed = f"must be flat for model={self.model.kind}, whose number of sites is unknown; list the rates"
                raise ConfigError.of(key, profile, allowed)
            return [self.rate]
        return distribute_rate(self.rate, profile, sites)


def distribute_rate(rate: float, profile: str, sites: int) -> list[float]:
    """Return the rate of each hidden site, from input to output.

    Args:
        rate: the rate; the mean over the sites for ``linear`` and ``falling``, the last one for ``rising``.
        profile: ``flat``, ``linear``, ``falling`` or ``rising``.
        sites: number of hidden sites, at least 1.
    """
    if profile == "flat":
        return [round_decimal(rate)] * sites
    end = rate if profile == "rising" else rate * (2 * sites / (sites + 1))
    rates = [round_decimal(end * ((i + 1) / sites)) for i in range(sites)]
    return rates[::-1] if profile == "falling" else rates
