"""Imports: private names of libraries are in one file, and functions import only what is listed with a reason."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "dropout_lab"
FILES = sorted(PACKAGE.rglob("*.py"))

# Libraries whose private names may change in any release, and the only file that may use those of torch.
LIBRARIES = {"torch", "numpy", "pandas", "hydra", "omegaconf", "sklearn", "scipy"}
TORCH_PRIVATE = PACKAGE / "dropout" / "kernels" / "torch_private.py"
# Private attributes of torch's tensors and modules, which code can use without an import.
PRIVATE_ATTRIBUTES = {"_version", "_modules", "_parameters", "_buffers", "_forward_hooks", "_call_impl"}


def private_names(tree):
    """Private names of the libraries that a file imports or reads as attributes."""
    aliases = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            aliases |= {alias.asname or alias.name.split(".")[0]: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            aliases |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    paths = [path for path in aliases.values() if path.split(".")[0] in LIBRARIES]
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            root, _, rest = ast.unparse(node).partition(".")
            if aliases.get(root, "").split(".")[0] in LIBRARIES and re.fullmatch(r"[\w.]+", rest):
                paths.append(f"{aliases[root]}.{rest}")
            if node.attr in PRIVATE_ATTRIBUTES and not (isinstance(node.value, ast.Name) and node.value.id == "self"):
                paths.append(f"torch.{node.attr}")
    return {
        p for p in paths if re.search(r"\._(?!_version__)|\.(aten|mkldnn)\._?\w", p) and p != "torch.backends.mkldnn"
    }


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_private_names_of_libraries_are_in_one_file(path):
    names = private_names(ast.parse(path.read_text()))
    assert path == TORCH_PRIVATE or not names, names


# Imports inside functions outside of cli/, where they keep the start of a command short: reason -> file -> modules.
# cli/ imports the modules of a command when it runs the command.
LAZY_IMPORTS = {
    "``import dropout_lab`` loads the module of a function when the function is called": {
        "__init__.py": "dropout_lab.api dropout_lab.presentation.result",
    },
    "torch takes seconds to import, and a finished sweep is summarised without it": {
        "evaluation/request.py": "dropout_lab.evaluation.run",
        "presentation/sweep.py": "dropout_lab.presentation.evaluation dropout_lab.sweeps.trial_inputs",
        "reproduce.py": "dropout_lab.sweeps.cost dropout_lab.sweeps.step_timing",
        "sweeps/launcher.py": "dropout_lab.sweeps.preflight",
        "sweeps/run.py": "dropout_lab.sweeps.checkpoints dropout_lab.sweeps.cost dropout_lab.sweeps.inference_checks "
        "dropout_lab.sweeps.pack_job dropout_lab.sweeps.pool dropout_lab.sweeps.preflight",
    },
    "torchvision is imported with a part of torch replaced, only to read its addresses and checksums": {
        "data/torchvision_import.py": "torch",
    },
    "every command imports dropout_lab.data, and one reader needs the library": {
        "data/image_header.py": "PIL",
        "data/pixels.py": "PIL",
        "data/rcv1.py": "scipy.sparse sklearn.datasets",
        "data/sklearn_sets.py": "sklearn",
        "data/svhn.py": "scipy.io",
        "data/text_downloaders.py": "sklearn.datasets",
        "data/text_sets.py": "sklearn.datasets",
        "data/uci.py": "pandas",
    },
    "the process of a caller keeps the libraries that it has not loaded unloaded": {
        "process_settings.py": "numpy torch threadpoolctl",
    },
    "the library takes a second to import, and few commands need it": {
        "presentation/plot.py": "dropout_lab.report.figures.draw dropout_lab.report.figures.style",
        "presentation/result.py": "dropout_lab.report.figures.draw dropout_lab.report.figures.style",
        "presentation/sweep.py": "dropout_lab.report dropout_lab.report.confusion dropout_lab.report.plots",
        "stats/ood_scores.py": "sklearn.metrics",
    },
    "Hydra imports this module while it builds its registry of plugins": {
        "sweeps/launcher.py": "hydra.core.plugins",
    },
    "torch takes seconds to import, and only device=auto needs it here": {
        "settings/validators.py": "torch",
    },
    "optional extra": {
        "tuning/samplers.py": "optuna",
    },
    "the program is timed with all its imports": {
        "bench/peers/task.py": "sklearn.datasets",
    },
}


def lazy_imports(path):
    """Modules that functions of a file import."""
    for function in ast.walk(ast.parse(path.read_text())):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Import):
                    yield from (alias.name for alias in node.names)
                elif isinstance(node, ast.ImportFrom):
                    yield node.module


def test_functions_import_only_what_is_listed_with_a_reason():
    listed = {}
    for files in LAZY_IMPORTS.values():
        for name, modules in files.items():
            listed.setdefault(name, set()).update(modules.split())
    names = {path: path.relative_to(PACKAGE).as_posix() for path in FILES}
    lazy = {name: set(lazy_imports(path)) for path, name in names.items() if not name.startswith("cli/")}
    assert {name: modules for name, modules in lazy.items() if modules} == listed


@pytest.mark.parametrize("words", [["--help"], ["list", "settings"], ["list", "data"]], ids=" ".join)
def test_commands_that_do_not_train_start_without_torch(words):
    command = [sys.executable, "-X", "importtime", "-m", "dropout_lab", *words]
    imports = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    modules = {line.rpartition("|")[2].strip().split(".")[0] for line in imports.splitlines()}
    assert "dropout_lab" in modules
    assert not modules & {"torch", "sklearn", "matplotlib"}
