"""Label smoothing: the target distribution is a mixture of the one-hot label and the uniform distribution."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from dropout_lab.config import RegularizerConf
from dropout_lab.regularizers.base import Loss, NetworkInfo, Regularizer
from dropout_lab.settings import Options, setting


@dataclass(frozen=True)
class LabelSmoothingOptions(Options):
    """Options of label smoothing."""

    label_smoothing: float = setting(
        0.1,
        low=0,
        high=1,
        open_high=True,
        pack="own",
        help="fraction of the target probability that is spread evenly over all classes",
    )


class LabelSmoothing(Regularizer):
    """Cross-entropy with the target (1 - s) * one-hot + s / K, as the argument ``label_smoothing`` of torch.

    Source:
        Szegedy et al. 2016, CVPR, section 7.
    """

    kind: ClassVar[str] = "label_smoothing"
    options: ClassVar[type[Options]] = LabelSmoothingOptions
    numbers: ClassVar[tuple[str, ...]] = ("label_smoothing",)

    @classmethod
    def incompatibility(cls, conf: RegularizerConf, scene: NetworkInfo) -> str | None:
        return "requires a classification task, but the target is numeric" if scene.task == "regression" else None

    def loss(self, loss: Loss) -> Loss:
        def smoothed(out: Tensor, y: Tensor) -> Tensor:
            plain = loss(out, y)
            # Keep the memory order of the plain loss's gradient, on which the rounding in the preceding layer depends.
            axis = 1 if out.dim() == 3 else -1
            shared = -nn.functional.log_softmax(out.mT if axis == 1 else out, axis).mean(axis)
            return plain + self.strength.view(-1, *[1] * (plain.dim() - 1)) * (shared - plain)

        return smoothed
