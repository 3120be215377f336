"""Which epoch was best on validation data, and which models should stop."""

import math
from collections.abc import Sequence

from torch import Tensor

from dropout_lab.models import Params


class Watch:
    """Follows the validation loss of M models and keeps the best weights of those that stop early.

    Models are named by their place in the pack as it started.

    Args:
        patience: epochs without a better loss before a model stops; infinite for one that runs to the end.
        params: the parameters at the start.
    """

    def __init__(self, patience: Sequence[float], params: Params):
        self.patience = list(patience)
        self.best_loss = [math.inf] * len(self.patience)
        self.best_epoch = [0] * len(self.patience)
        restored = any(math.isfinite(p) for p in self.patience)
        self._best: dict[str, Tensor] = {n: p.detach().clone() for n, p in params.items()} if restored else {}

    def see(self, epoch: int, models: Sequence[int], losses: Sequence[float], params: Params) -> list[int]:
        """Take in an epoch.

        Args:
            epoch: from 1.
            models: who is still in the pack, in the order of ``params``.
            losses: their validation losses.
            params: their parameters.

        Returns:
            the models whose patience is spent.
        """
        better = [i for i, (m, loss) in enumerate(zip(models, losses, strict=True)) if loss < self.best_loss[m]]
        for i in better:
            self.best_loss[models[i]], self.best_epoch[models[i]] = losses[i], epoch
        kept = [i for i in better if math.isfinite(self.patience[models[i]])]
        if kept:
            for name, best in self._best.items():
                best[[models[i] for i in kept]] = params[name].detach()[kept]
        return [m for m in models if epoch - self.best_epoch[m] >= self.patience[m]]

    def reported(self, model: int, epochs_run: int) -> int:
        """The epoch whose weights are reported."""
        return self.best_epoch[model] if math.isfinite(self.patience[model]) else epochs_run

    def restore(self, models: Sequence[int], params: Params) -> Params:
        """The parameters to report for these models: the best ones where stopping is on, else the given ones."""
        final = {name: p.detach().clone() for name, p in params.items()}
        rows = [i for i, m in enumerate(models) if math.isfinite(self.patience[m])]
        if rows:
            for name, best in self._best.items():
                final[name][rows] = best[[models[i] for i in rows]]
        return final
