"""Stochastic depth: whole residual branches are dropped, which makes the network shallower for some examples."""

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor

from dropout_lab.dropout.base import EXAMPLE, PATHS, UNITS, Dropout, mask_shape
from dropout_lab.dropout.masks import keep_mask, keep_probability, per_model
from dropout_lab.rng import Randomness


def stochastic_depth(x: Tensor, rate: Tensor | float, random: Randomness) -> Tensor:
    """Drop the output of a residual branch with probability ``rate``, independently for each example.

    Args:
        x: output of the branch, [B, ...]; [M, B, ...] if ``rate`` is [M].
        rate: drop probability of the branch in [0, 1]. By the paper's linear rule, the rate of block l of L is l / L
            times that of the last block; the training engine follows it (``profile=rising``) unless it is given a list.
        random: source of the mask's bits.

    Returns:
        tensor of the shape of x, not rescaled; at test time the branch is multiplied by 1 - rate.

    Source:
        Huang et al. 2016, ECCV, section 3. The paper uses one draw per batch; one draw per example has since become
        usual (as in timm's DropPath).
    """
    rate = per_model(rate, x)
    return x * (keep_mask(random.bits(mask_shape(x.shape, EXAMPLE, rate)), rate) & (rate < 1))


class StochasticDepth(Dropout):
    """Stochastic depth on a residual branch [B, ...] as a module, see :func:`stochastic_depth`.

    In eval mode it multiplies by 1 - rate.
    """

    kind: ClassVar[str] = "stochastic_depth"
    layouts: ClassVar[tuple[str, ...]] = (PATHS,)
    needs: ClassVar[tuple[str, ...]] = (PATHS,)
    takes_input: ClassVar[bool] = False
    shared: ClassVar[Mapping[str, tuple[int, ...]]] = {PATHS: EXAMPLE}
    layout: ClassVar[str] = PATHS

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return stochastic_depth(x, rate, random)

    def expected(self, x: Tensor, rate: Tensor | float) -> Tensor:
        return x * keep_probability(per_model(rate, x))
