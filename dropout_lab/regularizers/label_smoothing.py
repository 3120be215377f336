"""Label smoothing: the target distribution is a mixture of the one-hot label and the uniform distribution."""

from typing import ClassVar

from torch import Tensor, nn

from dropout_lab.config import RegularizerConf
from dropout_lab.regularizers.base import Loss, NetworkInfo, Regularizer


class LabelSmoothing(Regularizer):
    """Cross-entropy with the target (1 - s) * one-hot + s / K, as the argument ``label_smoothing`` of torch.

    Source:
        Szegedy et al. 2016, CVPR, section 7.
    """

    kind: ClassVar[str] = "label_smoothing"
    numbers: ClassVar[tuple[str, ...]] = ("label_smoothing",)

    @classmethod
    def unfit(cls, conf: RegularizerConf, scene: NetworkInfo) -> str | None:
        return "is for classes, and here a number is predicted" if scene.task == "regression" else None

    def loss(self, loss: Loss) -> Loss:
        def smoothed(out: Tensor, y: Tensor) -> Tensor:
            plain = loss(out, y)
            # Keep the memory order of the plain loss's gradient, on which the rounding in the preceding layer depends.
            axis = 1 if out.dim() == 3 else -1
            shared = -nn.functional.log_softmax(out.mT if axis == 1 else out, axis).mean(axis)
            return plain + self.strength.view(-1, *[1] * (plain.dim() - 1)) * (shared - plain)

        return smoothed
