"""Predictions of a trained network from its checkpoint, with the configured inference."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import log_softmax

from dropout_lab.config import InferConf
from dropout_lab.data import load
from dropout_lab.dropout.schedules import TrainingProgress
from dropout_lab.evaluation.mc_dropout import MonteCarlo
from dropout_lab.evaluation.predictive import Arrays, ClassDistribution, ValueDistribution
from dropout_lab.models.weight_scaling import WeightScaling
from dropout_lab.rng import Streams
from dropout_lab.sweeps.checkpoints import SavedWeights
from dropout_lab.train.batches import Batches
from dropout_lab.train.evaluate import evaluate_split
from dropout_lab.train.pack import Pack

# Distribution [N, K], or mean [N] and log-likelihood [G, N], after one number of members.
Shot = tuple[np.ndarray, ...]


@dataclass
class Predictions:
    """Predictions for N examples.

    Args:
        y: targets [N], in the unit of the data; empty if there are none.
        arrays: arrays of :class:`ClassDistribution` or :class:`ValueDistribution` over all examples.
        shots: one per requested number of members.
    """

    y: np.ndarray
    arrays: Arrays
    shots: list[Shot] = field(default_factory=list)


class Predictor:
    """A trained network with its data.

    Args:
        kept: its checkpoint.

    Raises:
        ValueError: the data cannot be split as for the training.
        DataError, ConfigError: the data or the user's code are missing.
    """

    def __init__(self, kept: SavedWeights):
        config = self._config = kept.trial.config
        self.dataset = load(config.data.kind, **config.source)
        self._pack = Pack([kept.trial], self.dataset)
        self._params = kept.read(config.device, self._pack.params)
        self._streams = Streams(config.base_seed, kept.trial.seed)
        progress, stalls = (torch.tensor([value], dtype=torch.float64) for value in kept.moment)
        self._pack.noise.move(TrainingProgress(progress, stalls))

    @property
    def stochastic(self) -> bool:
        """Whether two stochastic passes differ."""
        noise = self._pack.noise
        on = any(bool((noise.rate(name, self._params) > 0).any()) for name in noise.rates)
        return on and noise.variant is not None and noise.variant.stochastic

    @property
    def task(self) -> str:
        return self.dataset.task

    @property
    def validates(self) -> bool:
        """Whether there is a validation set."""
        return self._pack.feed.validates

    @property
    def base_seed(self) -> int:
        return self._config.base_seed

    @property
    def root(self) -> str:
        """Folder of the public data sets."""
        return self._config.data.root

    def rows(self, part: str) -> Tensor:
        """Return the rows [1, N] of a split in the data set."""
        return self._pack.feed.index[part]

    def _predictor(self, conf: InferConf, what: str, stochastic: bool) -> WeightScaling | MonteCarlo:
        pack = self._pack
        if not stochastic:
            return WeightScaling(pack.model, self._params, pack.testing(self._params))
        # A stream per split: passes over one split do not depend on the evaluation of others.
        streams = self._streams.within(f"infer/{what}")
        example = pack.feed.fetch(next(iter(pack.feed.eval_batches("test")))[:, :1])[0]
        return MonteCarlo(pack.model, self._params, pack.noise, conf.passes, streams, example, pack.regularizers.hook)

    def classes(self, conf: InferConf, part: str, stochastic: bool, at: Sequence[int] = ()) -> Predictions:
        """Return the predictive distribution of a classifier over the examples of a split.

        Args:
            conf: inference settings.
            part: name of the split.
            stochastic: whether to average stochastic passes instead of one pass with weight scaling.
            at: numbers of passes after which to record the distribution as well.
        """
        predictor, rows = self._predictor(conf, part, stochastic), self.rows(part)
        fetched = (self._pack.feed.fetch(block) for block in rows.split(predictor.block, 1))
        distributions, ys = [], []
        for x, y in fetched:
            distributions.append(self._seen(predictor, x, ClassDistribution(conf.average, at)))
            ys.append(y[0].cpu().numpy())
        return _whole(np.concatenate(ys), distributions)

    def strange(self, conf: InferConf, name: str, x: np.ndarray, stochastic: bool) -> Predictions:
        """Return the predictive distribution over examples x [N, ...] outside the splits.

        The random streams of the passes are derived from ``name``.
        """
        predictor = self._predictor(conf, name, stochastic)
        blocks = np.split(x, range(predictor.block, len(x), predictor.block))
        distributions = [
            self._seen(predictor, self._pack.feed.strange(b), ClassDistribution(conf.average)) for b in blocks
        ]
        return _whole(np.empty(0), distributions)

    def _seen(
        self, predictor: WeightScaling | MonteCarlo, x: Tensor, classes: ClassDistribution
    ) -> tuple[Arrays, list[Shot]]:
        with self._pack.arithmetic:
            predictor.run(x, classes.add)
        return classes.done(), [(shot,) for shot in classes.shots()]

    def values(
        self, conf: InferConf, part: str, stochastic: bool, precisions: Sequence[float], at: Sequence[int] = ()
    ) -> Predictions:
        """Return the predictive distribution of a regression over the examples of a split under each precision.

        Args:
            conf: inference settings.
            part: name of the split.
            stochastic: whether to average stochastic passes instead of one pass with weight scaling.
            precisions: candidates of the noise precision tau.
            at: numbers of passes after which to record mean and log-likelihood as well.
        """
        predictor, feed, predictions, ys = self._predictor(conf, part, stochastic), self._pack.feed, [], []
        for block in self.rows(part).split(predictor.block, 1):
            x, y = feed.fetch(block)
            true = feed.in_units(y)[0]
            values = ValueDistribution(true, precisions, at)
            with self._pack.arithmetic:
                predictor.run(x, _adder(values, feed))
            predictions.append((values.done(), [tuple(shot) for shot in values.shots()]))
            ys.append(true.cpu().numpy())
        return _whole(np.concatenate(ys), predictions)

    def text_nll(self, conf: InferConf, part: str, stochastic: bool) -> tuple[float, int]:
        """Return the mean negative log-probability of the next token of a running text, in nats, and the token count.

        Stochastic passes are combined by averaging the probabilities of the token or the logits, see ``infer.average``.
        """
        feed = self._pack.feed
        if not stochastic:
            return self._plain_nll(part)

        def windows() -> Iterator[Tensor]:
            return (feed.fetch(rows)[0] for rows in feed.eval_batches(part))

        predictor = self._predictor(conf, part, stochastic)
        assert isinstance(predictor, MonteCarlo)
        seen: dict[int, Tensor] = {}
        with self._pack.arithmetic:
            for stack in predictor.read(windows):
                for place, (out, rows) in enumerate(zip(stack, feed.eval_batches(part), strict=True)):
                    log_p = log_softmax(out, -1)
                    if conf.average == "logits":
                        new = log_p.sum(0)
                        seen[place] = seen[place] + new if place in seen else new
                        continue
                    y = feed.fetch(rows)[1].expand(out.shape[:-1])
                    new = torch.logsumexp(log_p.gather(-1, y.unsqueeze(-1)).squeeze(-1).double(), 0)
                    seen[place] = torch.logaddexp(seen[place], new) if place in seen else new
        total, count = 0.0, 0
        for place, rows in enumerate(feed.eval_batches(part)):
            log = seen[place]
            if conf.average == "logits":
                y = feed.fetch(rows)[1][0].unsqueeze(-1)
                log = log_softmax(log / conf.passes, -1).gather(-1, y).squeeze(-1).double()
            else:
                log = log - float(np.log(conf.passes))
            total, count = total - log.sum().item(), count + log.numel()
        return total / count, count

    def _plain_nll(self, part: str) -> tuple[float, int]:
        pack = self._pack
        with pack.arithmetic:
            outcome = evaluate_split(pack.model, self._params, pack.feed, part, pack.task, pack.testing(self._params))
        return outcome.loss[0], sum(rows.numel() for rows in pack.feed.eval_batches(part))


def _adder(values: ValueDistribution, feed: Batches) -> Callable[[Tensor], None]:
    return lambda out: values.add(feed.in_units(out.squeeze(-1)))


def _whole(y: np.ndarray, blocks: list[tuple[Arrays, list[Shot]]]) -> Predictions:
    """Concatenate blocks of examples; the examples are the last axis of arrays with an axis of precisions."""

    def joined(parts: list[np.ndarray], apart: bool) -> np.ndarray:
        return np.concatenate(parts, axis=1 if apart else 0)

    arrays = {name: joined([b[0][name] for b in blocks], name == "log_likelihood") for name in blocks[0][0]}
    shots = [
        tuple(joined([b[1][i][part] for b in blocks], part == 1) for part in range(len(blocks[0][1][i])))
        for i in range(len(blocks[0][1]))
    ]
    return Predictions(y, arrays, shots)
