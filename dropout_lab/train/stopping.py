"""Early stopping by a monitored validation metric, and detection of plateaus of the validation loss."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from dropout_lab.models import Params
from dropout_lab.regularizers import Stopping


class BestTracker:
    """Tracks the monitored validation metric of M models and keeps the best weights of those that stop early.

    Models are identified by their index in the initial pack.

    Args:
        rules: stopping rule of each model.
        params: the initial parameters.
    """

    def __init__(self, rules: Sequence[Stopping], params: Params):
        self._rules = list(rules)
        self.best_cost = [math.inf] * len(self._rules)
        self.best_epoch = [0] * len(self._rules)
        restored = any(self._restores(m) for m in range(len(self._rules)))
        self._best: dict[str, Tensor] = {n: p.detach().clone() for n, p in params.items()} if restored else {}

    def _restores(self, model: int) -> bool:
        return math.isfinite(self._rules[model].patience) and self._rules[model].restore

    def monitors(self, models: Sequence[int]) -> list[str]:
        """Return the validation column that each of these models monitors: its loss unless it stops by another one."""
        return [self._rules[m].monitor for m in models]

    def see(self, epoch: int, models: Sequence[int], costs: Sequence[float], params: Params) -> list[int]:
        """Record the monitored values of an epoch.

        Args:
            epoch: the epoch, counted from 1.
            models: the models that remain in the pack, in the order of ``params``.
            costs: their monitored values, signed so that lower is better.
            params: their parameters.

        Returns:
            The models whose patience is exhausted.
        """
        candidates = enumerate(zip(models, costs, strict=True))
        better = [i for i, (m, cost) in candidates if cost < self.best_cost[m] - self._rules[m].gain]
        for i in better:
            self.best_cost[models[i]], self.best_epoch[models[i]] = costs[i], epoch
        restored = [i for i in better if self._restores(models[i])]
        if restored:
            for name, best in self._best.items():
                best[[models[i] for i in restored]] = params[name].detach()[restored]
        return [m for m in models if epoch - self.best_epoch[m] >= self._rules[m].patience]

    def reported(self, model: int, epochs_run: int) -> int:
        """Return the epoch whose weights are reported."""
        return self.best_epoch[model] if self._restores(model) else epochs_run

    def restore(self, models: Sequence[int], params: Params) -> Params:
        """Return the parameters to report: the best ones for models that restore them, else the given ones."""
        final = {name: p.detach().clone() for name, p in params.items()}
        rows = [i for i, m in enumerate(models) if self._restores(m)]
        if rows:
            for name, best in self._best.items():
                final[name][rows] = best[[models[i] for i in rows]]
        return final

    def state_dict(self) -> dict[str, Any]:
        """Return the best values, their epochs, and the weights to restore."""
        return {"cost": self.best_cost, "epoch": self.best_epoch, "params": self._best}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from the state that :meth:`state_dict` returned."""
        self.best_cost, self.best_epoch = list(state["cost"]), list(state["epoch"])
        for name, best in self._best.items():
            best.copy_(state["params"][name])


class PlateauCounter:
    """Counts the stalls of M models: runs of ``patience`` epochs in which the validation loss does not improve.

    The count of epochs restarts after each stall. Models are identified by their index in the initial pack.

    Args:
        patience: number of epochs without a better loss until a stall.
        models: number of models M.
    """

    def __init__(self, patience: int, models: int):
        self._patience = patience
        self._best = [math.inf] * models
        self._waited = [0] * models
        self.counts = [[0] for _ in range(models)]  # by model: initially, after epoch 1, 2, ...

    def see(self, models: Sequence[int], losses: Sequence[float]) -> None:
        """Record the validation losses of an epoch of the models that are still in training."""
        for m, loss in zip(models, losses, strict=True):
            better = loss < self._best[m]
            self._best[m] = min(self._best[m], loss)
            self._waited[m] = 0 if better else self._waited[m] + 1
            stalled = self._waited[m] >= self._patience
            self._waited[m] = 0 if stalled else self._waited[m]
            self.counts[m].append(self.counts[m][-1] + stalled)

    def before(self, model: int, epoch: int) -> int:
        """Return the number of stalls of a model before an epoch, counted from 1."""
        return self.counts[model][min(epoch, len(self.counts[model])) - 1]

    def state_dict(self) -> dict[str, Any]:
        """Return the best losses and the counts."""
        return {"best": self._best, "waited": self._waited, "counts": self.counts}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from the state that :meth:`state_dict` returned."""
        self._best, self._waited = list(state["best"]), list(state["waited"])
        self.counts = [list(counts) for counts in state["counts"]]
