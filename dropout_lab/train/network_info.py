"""Description of a network and its data for regularizers."""

from dropout_lab.data import Dataset
from dropout_lab.dropout import MAPS
from dropout_lab.dropout.pack_dropout import Site
from dropout_lab.models import Model, Parameter
from dropout_lab.regularizers import ExtraParameter, HiddenSite, NetworkInfo


def describe_network(model: Model, dataset: Dataset) -> NetworkInfo:
    """Return the properties of a model and a dataset that regularizers depend on."""
    sites = {name: _site(model, model.places[name]) for name in model.sites}
    return NetworkInfo(model.weights, sites, model.bounded, dataset.task, dataset.shape, bool(dataset.tokens))


def _site(model: Model, place: Site) -> HiddenSite:
    if not place.produced_by:
        return HiddenSite(place.layout)
    shape = model.parameters[place.produced_by].shape
    return HiddenSite(place.layout, place.produced_by, shape[0] if place.layout == MAPS else shape[-1])


def extend_model(model: Model, parts: dict[str, ExtraParameter]) -> None:
    """Add the parameters and buffers of regularizers to the model."""
    extra = {name: Parameter(p.shape, 1, thinned=(p.site,), constant=p.start) for name, p in parts.items()}
    written = {name for name, part in parts.items() if part.written}
    model.extend({n: p for n, p in extra.items() if n not in written}, {n: p for n, p in extra.items() if n in written})
