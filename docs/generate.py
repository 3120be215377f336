"""Pages that are generated from the program: one per variant and regularizer, and the help text of each command."""

import inspect
import subprocess
import sys
from pathlib import Path

import matplotlib
import torch

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from dropout_lab.cli.cards import describe_choice
from dropout_lab.config.compose import list_choices, open_composer
from dropout_lab.config.plugins import enable_plugins
from dropout_lab.dropout import VARIANTS
from dropout_lab.dropout.base import ATTENTION, INNER_KINDS, MAPS, PATHS, STEPS, UNITS, Dropout
from dropout_lab.dropout.weight_dropout import WeightDropout
from dropout_lab.regularizers import REGULARIZERS
from dropout_lab.rng import TorchRandomness

RATE = 0.3
COMMANDS = ("sweep", "train", "search", "evaluate", "table", "status", "reproduce", "list", "data", "check", "bench")
# Shape of the example tensor at a site kind, how its rows are arranged as an image, and the axes of that image.
SHAPES = {
    UNITS: ((24, 48), "examples", "units"),
    MAPS: ((1, 6, 16, 16), "", "six feature maps of one example"),
    STEPS: ((1, 24, 48), "time steps", "features"),
    PATHS: ((24, 48), "examples", "units of a residual path"),
    ATTENTION: ((1, 2, 16, 16), "queries", "keys of two heads"),
    **dict.fromkeys(INNER_KINDS, ((1, 24, 48), "time steps", "units")),
}


def write_pages(folder: Path) -> None:
    """Write all generated pages.

    Args:
        folder: the folder of the documentation's sources.
    """
    enable_plugins()
    generated = folder / "generated"
    generated.mkdir(exist_ok=True)
    for command in ("", *COMMANDS):
        words = [sys.executable, "-m", "dropout_lab", *([command] if command else []), "--help"]
        text = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        (generated / f"help{'-' + command if command else ''}.txt").write_text(text)
    with open_composer() as composer:
        for group in ("variant", "regularizer"):
            (folder / "gallery" / f"{group}s").mkdir(exist_ok=True)
            for name in list_choices(group):
                page = render_page(group, name, describe_choice(group, name, composer), folder)
                (folder / "gallery" / f"{group}s" / f"{name}.md").write_text(page)


def render_page(group: str, name: str, card: dict[str, str], folder: Path) -> str:
    """Return the page of one variant or regularizer in MyST Markdown."""
    lines = [f"# {name}", "", card.pop("description"), ""]
    if group == "variant" and draw_mask(name, folder / "gallery" / "variants" / f"{name}.png"):
        lines += [f"```{{image}} {name}.png", f":alt: Drop mask of {name} at a rate of {RATE}", "```", ""]
    for label, text in card.items():
        lines += [label, f": {text}", ""]
    lines += ["```bash", f"dropout-lab sweep {group}={name} " + _example_words(group, card) + "--dry-run", "```", ""]
    component = (VARIANTS if group == "variant" else REGULARIZERS).get(name)
    if component is not None and inspect.getdoc(component):
        path = f"{component.__module__}.{component.__qualname__}"
        members = "" if group == "regularizer" else "   :no-members:\n"
        lines += ["```{eval-rst}", f".. autoclass:: {path}", members + "```", ""]
    return "\n".join(lines)


def _example_words(group: str, card: dict[str, str]) -> str:
    model = card["fits"].split(", ")[0]
    text = {"lstm": "model=lstm ", "gru": "model=gru "}.get(model, "" if model == "mlp" else f"model={model} ")
    return text + ("rate=0.1,0.3,0.5 " if group == "variant" else "rate=0,0.5 ")


def draw_mask(name: str, path: Path) -> bool:
    """Draw what remains of equal activations after dropout, in grey; darker values are smaller.

    Returns:
        whether the variant acts on activations; the masks of weights are not drawn.
    """
    variant = VARIANTS.get(name)
    kinds = [kind for kind in SHAPES if variant and kind in variant.layouts]
    if variant is None or issubclass(variant, WeightDropout) or not kinds:
        return False
    kind = MAPS if name in ("spatial", "dropblock", "cutout", "feature_alpha") and MAPS in kinds else kinds[0]
    shape, rows, columns = SHAPES[kind]
    values = _sample(variant(RATE), kind, shape)
    image = values.reshape(-1, *values.shape[-2:])
    image = torch.cat(list(torch.nn.functional.pad(image, (1, 1, 1, 1), value=float("nan"))), dim=1)
    figure, axes = plt.subplots(figsize=(6, 6 * image.shape[0] / image.shape[1] + 0.5), layout="constrained")
    axes.imshow(image, cmap="gray", vmin=min(0.0, float(values.min())), vmax=float(values.max()))
    axes.set(xticks=[], yticks=[], xlabel=columns, ylabel=rows)
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return True


def _sample(variant: Dropout, kind: str, shape: tuple[int, ...]) -> torch.Tensor:
    """Return the training-time output for activations of 1, or for random ones where the mask depends on them."""
    generator = torch.Generator().manual_seed(1)
    x = torch.rand(shape, generator=generator) + 0.05 if variant.adaptive else torch.ones(shape)
    with torch.no_grad():
        out = variant.sample(x, RATE, TorchRandomness(x.device, generator), kind)
    return torch.broadcast_to(out / x, shape).float()
