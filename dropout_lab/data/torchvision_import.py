"""Import of torchvision, including with a torch for which its compiled operators were not built.

torchvision's wheel for CUDA cannot load its C++ library with a CPU-only torch. The only consequence for the import is
that torchvision registers shape functions for ``nms`` and ``qnms``, which requires those operators to exist. They are
never called here, so if the library does not load, they are declared without a kernel. A matching pair of torch and
torchvision is left unchanged.
"""

import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

OPERATORS = ("nms", "qnms")
SCHEMA = "{}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_declared: list[Any] = []  # a torch Library removes its operators when it is garbage-collected


@cache
def torchvision() -> ModuleType:
    """Return the module ``torchvision.datasets``: addresses, checksums and layouts of the vision sets.

    Raises:
        ImportError: torchvision is not installed.
    """
    if not _operators_load():
        _declare()
    return importlib.import_module("torchvision.datasets")


def _operators_load() -> bool:
    import torch

    spec = importlib.util.find_spec("torchvision")  # locates the package without importing it
    if spec is None or spec.origin is None:
        raise ImportError("torchvision is not installed")
    for library in Path(spec.origin).parent.glob("_C.*"):
        try:
            torch.ops.load_library(str(library))
        except OSError:  # built for another torch
            return False
        return True
    return False


def _declare() -> None:
    import torch

    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in OPERATORS:
        if not hasattr(torch.ops.torchvision, name):
            library.define(SCHEMA.format(name))
    _declared.append(library)
