"""Activity statistics of the hidden units of trained networks."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from dropout_lab.models import Hook, Model, Params, weight_scaling
from dropout_lab.train.batches import EVAL_EXAMPLES, Batches

EXAMPLES = 1000  # number of test examples in the statistics


class _Watching:
    """Hook that records hidden activations before it passes them on to another hook."""

    def __init__(self, inner: Hook, sites: Sequence[str]):
        self.training, self.carries_previous, self.per_gate = inner.training, inner.carries_previous, inner.per_gate
        self.mask, self.product = inner.mask, inner.product
        self._inner, self._sites = inner, frozenset(sites)
        self.sums: list[Tensor] = []  # over units and examples, [M] each, like the next two
        self.zeros: list[Tensor] = []
        self.counts: list[int] = []

    def _see(self, name: str, x: Tensor) -> None:
        if name in self._sites:
            flat = x.flatten(1)
            self.sums.append(flat.sum(1, dtype=torch.float64))
            self.zeros.append((flat == 0).sum(1, dtype=torch.float64))
            self.counts.append(flat.shape[1])

    def __call__(self, name: str, x: Tensor) -> Tensor:
        self._see(name, x)
        return self._inner(name, x)

    def activated(self, name: str, activation: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        self._see(name, activation(x))
        return self._inner.activated(name, activation, x)


def measure_activity(model: Model, params: Params, feed: Batches, hook: Hook) -> list[dict[str, float]]:
    """Return the mean hidden activation of each model before dropout and the fraction of activations that are 0.

    All hidden units of the test-time network have equal weight, over the first :data:`EXAMPLES` examples of the test
    set. Models without known hidden sites have neither statistic.

    Source:
        Srivastava et al. 2014, JMLR 15, Section 7.2, who use a mini-batch of test digits.
    """
    watching = _Watching(hook, model.sites)
    rows = feed.index["test"][:, :EXAMPLES]
    portions = rows.split(max(1, EVAL_EXAMPLES // len(rows)), dim=1)
    for _ in weight_scaling.predict_outputs(model, params, portions, feed.fetch, watching):
        pass
    if not watching.counts:
        return [{} for _ in rows]
    means, zeros = (torch.stack(sums).sum(0) / sum(watching.counts) for sums in (watching.sums, watching.zeros))
    pairs = zip(means.tolist(), zeros.tolist(), strict=True)
    return [{"mean_activation": mean, "activation_sparsity": zero} for mean, zero in pairs]
