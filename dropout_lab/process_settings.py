"""Process-wide settings that are changed during training and restored for the host program."""

import ctypes
import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache, partial
from pathlib import Path

# Parameters of mallopt(3), and the largest size that glibc accepts as threshold for separately mapped blocks.
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
LARGEST_THRESHOLD = 32 * 2**20
KEPT = 2**30  # bytes of free memory at the end of the heap that the process keeps
SOFT_PAUSE = 1  # omp_pause_soft of OpenMP 5.0

Restore = Callable[[], object]


@contextmanager
def preserve_process() -> Iterator[None]:
    """Restore the settings of the process on exit, also after an exception.

    This covers ``sys.argv``, ``sys.path``, replaced entries of ``sys.modules``, environment variables, the current
    directory, warning filters, the states of the global random generators, and torch's number of threads, default dtype
    and treatment of denormal numbers.
    """
    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        for record in (_record_interpreter, _record_random_states, _record_torch):
            stack.callback(record())
        yield


def _record_interpreter() -> Restore:
    argv, path, modules = list(sys.argv), list(sys.path), dict(sys.modules)
    environment, folder = dict(os.environ), Path.cwd()

    def restore() -> None:
        sys.argv[:], sys.path[:] = argv, path
        # The host's pickles need the module that the host imported. New modules stay, as after any import.
        sys.modules.update(modules)
        for name in os.environ.keys() - environment.keys():
            del os.environ[name]
        os.environ.update({name: value for name, value in environment.items() if os.environ.get(name) != value})
        with suppress(OSError):  # the folder was removed
            os.chdir(folder)

    return restore


def _record_random_states() -> Restore:
    restorers: list[Restore] = [partial(random.setstate, random.getstate())]
    if "numpy" in sys.modules:
        import numpy as np

        restorers.append(partial(np.random.set_state, np.random.get_state()))
    if "torch" in sys.modules:
        import torch

        restorers.append(partial(torch.set_rng_state, torch.get_rng_state()))
        if torch.cuda.is_initialized():
            restorers.append(partial(torch.cuda.set_rng_state_all, torch.cuda.get_rng_state_all()))
    return partial(_call_all, restorers)


def _record_torch() -> Restore:
    flushed = denormals_are_flushed()
    if "torch" not in sys.modules:
        return partial(_flush, flushed)
    import torch

    threads, dtype = partial(_use, torch.get_num_threads()), partial(torch.set_default_dtype, torch.get_default_dtype())
    return partial(_call_all, [threads, dtype, partial(_flush, flushed)])


def _call_all(functions: list[Restore]) -> None:
    for function in functions:
        function()


@contextmanager
def use_threads(count: int) -> Iterator[None]:
    """Set the number of threads of torch's operations."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _use(count: int) -> None:
    import torch

    if torch.get_num_threads() != count:
        torch.set_num_threads(count)


@contextmanager
def flush_denormals() -> Iterator[None]:
    """Round denormal results to zero, in this thread and in the threads that torch starts for it.

    Adam's moments for weights of a constant pixel decay to denormals, which cost a third of the time of a small step.
    """
    before = denormals_are_flushed()
    _flush(True)
    try:
        yield
    finally:
        _flush(before)


def denormals_are_flushed() -> bool:
    """Return whether this thread rounds denormal results to zero.

    torch can set this mode of the processor but cannot read it.
    """
    smallest_normal = sys.float_info.min
    return smallest_normal / 2 == 0


def _flush(flushed: bool) -> None:
    if denormals_are_flushed() == flushed:
        return
    import torch

    torch.set_flush_denormal(flushed)
    if torch.get_num_threads() > 1:
        end_openmp_threads()


def end_openmp_threads() -> None:
    """End the idle threads of OpenMP; the next parallel operation starts new ones.

    A thread inherits the mode for denormals when it is started and keeps it, so threads must be restarted. A fork has
    no idle threads.
    """
    for library in _openmp_libraries():
        with suppress(AttributeError):  # older than OpenMP 5.0
            library.omp_pause_resource_all(SOFT_PAUSE)


@cache
def _openmp_libraries() -> list[ctypes.CDLL]:
    from threadpoolctl import threadpool_info

    return [ctypes.CDLL(each["filepath"]) for each in threadpool_info() if each["user_api"] == "openmp"]


@cache
def keep_freed_memory() -> None:
    """Let this process keep the memory that it frees. Only for processes that do nothing but train.

    By default glibc returns large freed blocks to the kernel, and the next step requests them again page by page, each
    initialised with zeros: a fifth of the time of a step of small stacked models. Other platforms are not changed.
    """
    if sys.platform != "linux":
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return
    mallopt(MMAP_THRESHOLD, LARGEST_THRESHOLD)
    mallopt(TRIM_THRESHOLD, KEPT)
