"""``dropout-lab list variants``: a card for each variant, from its file in conf/, the models and the bench."""

import textwrap

from dropout_lab.bench import variants as bench
from dropout_lab.compose import Points, choices, described
from dropout_lab.config import settings_table
from dropout_lab.settings import ConfigError, show
from dropout_lab.sweeps.check import check
from dropout_lab.trial import Trial, canonical

WIDTH = 80
LABEL = 12


def cards(points: Points) -> str:
    """All cards, in the order of the names: what a variant does, its source, its test-time form, the cost of a step,
    the models that it fits, its options."""
    costs = bench.read(bench.MEASURED) if bench.MEASURED else {}
    found = []
    for name in choices("variant"):
        what, facts = described("variant", name)
        lines = [name, textwrap.fill(what, WIDTH, initial_indent="  ", subsequent_indent="  ")]
        each = {
            "source": facts["source"],
            "test time": facts["test"],
            "a step": _cost({model: ratio.median for model, ratio in costs.get(name, {}).items()}),
            "fits": ", ".join(fits(name, points)),
            "options": _options(name),
        }
        found.append("\n".join([*lines, *(_line(label, text) for label, text in each.items() if text)]))
    return "\n\n".join(found)


def fits(name: str, points: Points) -> list[str]:
    """The models that a variant makes sense for, on images."""
    found = []
    for model in bench.SHAPES:
        words = [f"variant={name}", f"model={model}", "rate=0.3", *bench.SHAPES[model]]
        try:
            check([Trial(canonical(points.config(words)), 0)])
            found.append(model)
        except ConfigError:
            pass
    return found


def _cost(ratios: dict[str, float]) -> str:
    """Which times as long as inverted dropout a training step takes, on each model."""
    if not ratios:
        return "not measured; `dropout-lab bench variants` does it"
    return ", ".join(f"{ratio:.2f}x on {model}" for model, ratio in ratios.items()) + " (inverted is 1)"


def _options(name: str) -> str:
    own = [e for e in settings_table() if e.spec.when and e.spec.when[0] == "variant.kind" and name in e.spec.when[1:]]
    return ", ".join(f"{entry.key} ({entry.allowed}; {show(entry.default)})" for entry in own)


def _line(label: str, text: str) -> str:
    inside = " " * (LABEL + 2)
    return textwrap.fill(text, WIDTH, initial_indent="  " + label.ljust(LABEL), subsequent_indent=inside)
