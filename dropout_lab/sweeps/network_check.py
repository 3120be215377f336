"""Trial run of a custom network on its data before the sweep trains."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from dropout_lab.data import batch_sizes
from dropout_lab.errors import ConfigError
from dropout_lab.metrics import PARTS
from dropout_lab.models import Custom, NetworkError, Params, PlainHook, error_line
from dropout_lab.models.generators import Watch
from dropout_lab.sweeps.process import ProcessEnded, run_isolated
from dropout_lab.sweeps.trial_inputs import TrialKey, build_trial_model, ended_in_trial_run, load_trial_data
from dropout_lab.train.batches import Batches
from dropout_lab.train.pack import Pack
from dropout_lab.trial import Trial

EXAMPLES = 8  # training examples whose outputs are compared
# Tolerances relative to the largest output. Identical passes differ by rounding only, and only where a kernel does not
# fix the order of its sums.
SAME, SIMILAR = 1e-5, 1e-3
SUM = 1e-3  # tolerance of a sum of probabilities around 1
# Jitter, because zero initial weights hide what a layer does; a factor on the weights, because small weights alone can
# keep outputs between 0 and 1.
JITTER, FACTOR = 0.05, 10.0


@dataclass(frozen=True)
class Findings:
    """Findings of the trial run.

    Args:
        mixing: states that outputs depend on the other examples of a batch in evaluation, and why; empty if they do
            not.
        notes: messages for the user, one line each.
    """

    mixing: str
    notes: tuple[str, ...]


def rehearse(trial: Trial) -> Findings:
    """Train a custom network for one step on the smallest batch that will occur, evaluate it, and compare outputs.

    Args:
        trial: a trial with ``model=custom``.

    Raises:
        ConfigError: the network fails, or is not deterministic.
    """
    try:
        return _rehearse(TrialKey(trial.point.pack_key, trial))
    except ProcessEnded as error:
        raise ended_in_trial_run(trial.config, error) from None
    except NetworkError as error:
        raise ConfigError.of("model", trial.config.model.kind, str(error)) from None
    except ValueError as error:
        raise ConfigError(str(error)) from None


@lru_cache(maxsize=32)
def _rehearse(key: TrialKey) -> Findings:
    return run_isolated(lambda: _examine(key))


def _examine(key: TrialKey) -> Findings:
    trial, dataset = key.trial, load_trial_data(key.trial)
    config, pack = trial.config, Pack([trial], dataset, build_trial_model(trial))
    assert isinstance(pack.model, Custom)
    params = _copied(pack.params)
    rows = pack.feed.index["train"]
    smallest = min(batch_sizes(rows.shape[1], config.train.batch_size))
    _train(
        pack,
        rows[:, :smallest],
        f"the smallest batch of {rows.shape[1]} training examples at train.batch_size={config.train.batch_size}",
    )
    network = _Network(pack.model, params, pack.feed.fetch(rows[:, :EXAMPLES])[0])
    network.refuse_noise()
    mixing = network.mixing()
    network.evaluate(_smallest_evaluated(pack.feed) if mixing else 1)
    notes = (
        [f"note: {pack.model.name} {mixing}; its predictions depend on the composition of the batches"]
        if mixing
        else []
    )
    if dataset.task == "classification":
        notes += network.squashed()
    return Findings(mixing, tuple(notes))


def _train(pack: Pack, rows: Tensor, which: str) -> None:
    """Run one training step on these rows [1, B]."""
    assert isinstance(pack.model, Custom)
    try:
        pack.step(rows)
    except NetworkError as error:
        raise NetworkError(f"{error} ({which})") from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # the backward pass may run user code
        batch = f"{pack.model.name} fails in a training step on a batch of {rows.shape[1]}"
        raise NetworkError(f"{batch}: {error_line(error)} ({which})") from None


def _smallest_evaluated(feed: Batches) -> int:
    """Return the size of the smallest batch in evaluations during and after training."""
    return min(rows.shape[1] for part in PARTS for rows in feed.eval_batches(part) if rows.shape[1])


class _Mode(PlainHook):
    """Hook without noise, in training or evaluation mode."""

    def __init__(self, training: bool):
        self.training = training


class _Network:
    """A custom network and a batch.

    Args:
        model: the network.
        params: its initial parameters and buffers, [1, ...] each.
        x: examples [1, B, ...].
    """

    def __init__(self, model: Custom, params: Params, x: Tensor):
        self._model, self._params, self._x = model, params, x

    def _outputs(self, x: Tensor, training: bool = False, change: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """Return the outputs [B, K] for x [1, B, ...]; ``change`` is applied to the parameters, not to the buffers."""
        params = _copied(self._params)
        if change is not None:
            for name in self._model.parameters:
                if params[name].is_floating_point():
                    params[name] = change(params[name])
        with torch.inference_mode(not training), torch.random.fork_rng(devices=[]):
            return self._model.forward(params, x, _Mode(training))[0].detach().float()

    def refuse_noise(self) -> None:
        """Check that the network is deterministic.

        Raises:
            NetworkError: two passes over the same batch differ, or the network draws from a random generator of its
                own.
        """
        for training in (True, False):
            if training and self._x.shape[1] < 2:
                continue
            watch = Watch(self._model.generators())
            first, second = (self._outputs(self._x, training) for _ in range(2))
            if watch.changed() or not _equal(first, second, SAME):
                mode = "training" if training else "evaluation"
                raise NetworkError(
                    f"{self._model.name} returns different outputs for the same batch in {mode}: it draws random "
                    "numbers that the trial seed does not control, or keeps state outside its buffers; use nn.Dropout "
                    "modules and register_buffer"
                )

    def mixing(self) -> str:
        """Return why the outputs of an example depend on the rest of its batch in evaluation; empty if they do not."""
        count = self._x.shape[1]
        random = torch.Generator().manual_seed(0)
        noise = {}

        def jitter(p: Tensor) -> Tensor:
            key = tuple(p.shape)
            if key not in noise:  # the compared passes must have the same weights
                noise[key] = JITTER * torch.randn(key, generator=random)
            return p + noise[key].to(p)

        outs = self._outputs(self._x, change=jitter)
        for i in (0, count - 1):
            alone = self._outputs(self._x[:, i : i + 1].expand_as(self._x), change=jitter)
            if not _equal(outs[i], alone[i], SIMILAR):
                layers = self._model.batch_statistics()
                why = f" (batch statistics in {', '.join(layers)})" if layers else ""
                return f"mixes the examples of a batch in evaluation{why}"
        return ""

    def evaluate(self, examples: int) -> None:
        """Evaluate a batch of this many examples.

        Raises:
            NetworkError: the network fails.
        """
        x = self._x
        if examples > x.shape[1]:
            x = x.repeat_interleave(-(-examples // x.shape[1]), 1)
        self._outputs(x[:, :examples])

    def squashed(self) -> list[str]:
        """Return a note if the outputs look like probabilities instead of logits; an empty list otherwise."""
        outs = [self._outputs(self._x), self._outputs(self._x, change=lambda p: FACTOR * p)]
        if not all(bool((out >= 0).all() and (out <= 1).all() and (out > 0).any()) for out in outs):
            return []
        summed = all(bool(((out.sum(1) - 1).abs() < SUM).all()) for out in outs)
        what = "probabilities (rows sum to 1)" if summed else "numbers between 0 and 1, as a sigmoid does"
        return [f"note: {self._model.name} returns {what}; return logits, because the loss applies softmax"]


def _copied(params: Params) -> Params:
    return {name: p.detach().clone() for name, p in params.items()}


def _equal(a: Tensor, b: Tensor, tolerance: float) -> bool:
    """Return whether two outputs are equal within a tolerance relative to the largest output."""
    scale = max(a.abs().nan_to_num().max().item(), b.abs().nan_to_num().max().item())
    return torch.allclose(a, b, rtol=0, atol=tolerance * scale, equal_nan=True)
