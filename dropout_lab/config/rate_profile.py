"""Distribution of one rate over the hidden sites of a network (``profile=``)."""

from dropout_lab.settings.fields import round_decimal


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
