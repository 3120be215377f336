"""A device without hardware, on which mixed devices and copies to the host are errors.

The device is ``meta`` of torch: tensors have a shape and a dtype but no values. FakeTensorMode with ``device="cuda"``
would also check the name of the device, but torch's builds without CUDA cannot run autograd on such tensors.
"""

from contextlib import ExitStack, contextmanager, nullcontext
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

DEVICE = "meta"
WITHOUT_META = {torch.ops.aten._fused_sgd_.default}  # changes its arguments in place and returns nothing
COPIES = {torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default}


class HostCopyError(Exception):
    """A copy from the device to the host where none is allowed."""


class MixedDevicesError(Exception):
    """An operation on tensors of the host and of the device."""


class DeviceMode(TorchDispatchMode):
    """Mode that refuses operations on mixed devices; as in torch, tensors of the host without axes are numbers."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        devices = {t.device.type for t in tensors if t.dim() or t.device.type == DEVICE}
        if len(devices) > 1 and func not in COPIES:
            raise MixedDevicesError(f"{func} with {[(t.device.type, tuple(t.shape)) for t in tensors]}")
        if func in WITHOUT_META and DEVICE in devices:
            return None
        return func(*args, **(kwargs or {}))


class FakeDevice:
    """Switch for copies from the device to the host, which wait for the device."""

    allowed = True

    @contextmanager
    def forbid_host_copies(self):
        self.allowed = False
        try:
            yield
        finally:
            self.allowed = True

    def patch_reader(self, name, make):
        """Patch a method of Tensor that reads values; those of a tensor on the device are zeros."""
        real = getattr(Tensor, name)

        def read(tensor, *args, **named):
            if tensor.device.type != DEVICE or (name == "to" and not moves_to_host(tensor, *args, **named)):
                return real(tensor, *args, **named)
            if not self.allowed:
                raise HostCopyError(name)
            return make(tensor)

        return patch.object(Tensor, name, read)


def moves_to_host(tensor, *args, **named):
    """Return whether these arguments of ``Tensor.to`` name the host."""
    named_devices = [named.get("device"), *args]
    devices = [torch.device(d) for d in named_devices if isinstance(d, str | torch.device)]
    devices += [other.device for other in args if isinstance(other, Tensor)]
    return any(device.type == "cpu" for device in devices)


class FakeGenerator:
    """Generator of the device; its seed changes nothing, because there are no values."""

    def __init__(self, device="cpu"):
        self.device = torch.device(device)

    def manual_seed(self, seed):
        """Return None: torch's default generator is used."""


def autocast(device_type, *args, real=torch.autocast, **named):
    """Return torch's context manager, which does not know this device."""
    return nullcontext() if device_type == DEVICE else real(device_type, *args, **named)


def zeros_on_host(x):
    return torch.zeros(x.shape, dtype=x.dtype)


READERS = {
    "tolist": lambda x: np.zeros(tuple(x.shape)).tolist(),
    "numpy": lambda x: np.zeros(tuple(x.shape)),
    "item": lambda x: 0,
    "__bool__": lambda x: True,
    "__int__": lambda x: 0,
    "__float__": lambda x: 0.0,
    "__index__": lambda x: 0,
    "cpu": zeros_on_host,
    "to": zeros_on_host,
}


@contextmanager
def fake_device():
    """Let trials train on the device, and yield the switch for copies to the host."""
    switch = FakeDevice()
    with ExitStack() as stack:
        for name, make in READERS.items():
            stack.enter_context(switch.patch_reader(name, make))
        stack.enter_context(patch.object(torch, "Generator", FakeGenerator))
        stack.enter_context(patch.object(torch, "autocast", autocast))
        stack.enter_context(DeviceMode())
        yield switch


def move_to_device(trials):
    """Return the trials with the device of this module, which the settings do not offer."""
    for trial in trials:
        object.__setattr__(trial.config, "device", DEVICE)
    return trials
