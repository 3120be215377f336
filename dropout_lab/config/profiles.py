"""Profiles of the rate: how one rate is spread over the sites of a network, from input to output."""

from dropout_lab.settings.fields import round_decimal


def spread_rate(rate: float, profile: str, sites: int) -> list[float]:
    """Return the rate of each site.

    Args:
        rate: the drop probability; the mean over the sites unless the profile is ``rising``, where it is the last one.
        profile: ``flat``, ``linear`` (rises with depth), ``falling`` (falls with depth), or ``rising`` (the linear
            rule of stochastic depth).
        sites: number of sites.
    """
    ends = {"flat": 1.0, "linear": 2 * sites / (sites + 1), "falling": 2 * sites / (sites + 1), "rising": 1.0}
    rates = [round_decimal(rate * ends[profile] * (1 if profile == "flat" else (i + 1) / sites)) for i in range(sites)]
    return rates[::-1] if profile == "falling" else rates
