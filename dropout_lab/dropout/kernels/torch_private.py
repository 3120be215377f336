"""Private names of torch that this package uses, each with a fallback by public names.

torch may rename or remove a private name in any release. If a name is missing, the fallback gives the same results
up to rounding, but is slower or less strict; see the docstrings.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


def _find(owner: Any, path: str) -> Any:
    """Return the attribute at a dotted path below ``owner``; None if a name on the path is missing."""
    for name in path.split("."):
        owner = getattr(owner, name, None)
    return owner


# The linear operator of oneDNN, which torch.compile uses for linear layers on a CPU.
_linear_pointwise = _find(torch.ops, "mkldnn._linear_pointwise") if torch.backends.mkldnn.is_available() else None
# The derivatives that autograd uses; the public operators do not give them without a forward pass.
_relu_backward = _find(torch.ops, "aten.threshold_backward.grad_input")
_sigmoid_backward = _find(torch.ops, "aten.sigmoid_backward.grad_input")
_tanh_backward = _find(torch.ops, "aten.tanh_backward.grad_input")

DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)
BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)
# The fallbacks recognise subclasses of these modules, but not direct subclasses of the private base class.
DROPOUT_BASE: Any = _find(nn, "modules.dropout._DropoutNd") or DROPOUTS
BATCH_NORM_BASE: Any = _find(nn, "modules.batchnorm._BatchNorm") or BATCH_NORMS

# Methods between ``module(x)`` and ``module.forward(x)``; a missing name is missing in all modules alike.
CALL_METHODS = ("_call_impl", "_wrapped_call_impl", "_slow_forward")
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def _widen(y: Tensor) -> Tensor:
    """Return y in at least single precision, so that a fallback rounds once, as the private operators do."""
    return y.to(torch.promote_types(y.dtype, torch.float32))


def has_onednn() -> bool:
    """Return whether oneDNN's linear operator is available."""
    return _linear_pointwise is not None


def linear_onednn(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Return x [B, in] times weight [out, in] plus bias [out] by oneDNN; by torch's linear layer as the fallback."""
    if _linear_pointwise is None:
        return functional.linear(x, weight, bias)
    return _linear_pointwise(x, weight, bias, "none", [], "")


def relu_backward_(grad: Tensor, x: Tensor) -> Tensor:
    """Set ``grad`` to zero in place where x <= 0, as the derivative of the ReLU does, and return it.

    The private operator is torch's fastest one for this.
    """
    if _relu_backward is None:
        return grad.masked_fill_(x <= 0, 0)
    return _relu_backward(grad, x, 0, grad_input=grad)


def sigmoid_backward(grad: Tensor, y: Tensor, out: Tensor | None = None) -> Tensor:
    """Return grad times the derivative of the sigmoid at its output y; ``out`` is overwritten if given."""
    out = torch.empty_like(y) if out is None else out
    if _sigmoid_backward is None:
        y = _widen(y)
        return out.copy_(grad * (1 - y) * y)
    return _sigmoid_backward(grad, y, grad_input=out)


def tanh_backward(grad: Tensor, y: Tensor, out: Tensor | None = None) -> Tensor:
    """Return grad times the derivative of tanh at its output y; ``out`` is overwritten if given."""
    out = torch.empty_like(y) if out is None else out
    if _tanh_backward is None:
        return out.copy_(grad * (1 - _widen(y) ** 2))
    return _tanh_backward(grad, y, grad_input=out)


def tensor_version(x: Tensor) -> int | None:
    """Return a number that increases with each in-place change of x.

    None as the fallback: a caller that caches values derived from x must then compute them again.
    """
    return getattr(x, "_version", None)


def has_hooks(module: nn.Module) -> bool:
    """Return whether hooks are registered at a module. The fallback finds no hooks."""
    return any(getattr(module, name, None) for name in _HOOKS)
