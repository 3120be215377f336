"""``dropout-lab list variants`` and ``list regularizers``: a card for each, from its file in conf/, the models and the
bench."""

import textwrap

from dropout_lab.bench import variants as bench
from dropout_lab.compose import Points, choices, described
from dropout_lab.config import regularizer_names, regularizer_of, settings_table
from dropout_lab.settings import ConfigError, Setting, show
from dropout_lab.sweeps.check import check
from dropout_lab.trial import Trial, canonical

WIDTH = 80
LABEL = 12


def cards(group: str, points: Points) -> str:
    """All cards of the group ``variant`` or ``regularizer``, in the order of the names: what it does, its source, its
    test-time form, the cost of a variant's step, the models that it fits, its options."""
    costs = bench.read(bench.MEASURED) if bench.MEASURED and group == "variant" else {}
    found = []
    for name in choices(group):
        what, facts = described(group, name)
        lines = [name, textwrap.fill(what, WIDTH, initial_indent="  ", subsequent_indent="  ")]
        each = {"source": facts["source"], "test time": facts["test"]}
        if group == "variant":
            each["a step"] = _cost({model: ratio.median for model, ratio in costs.get(name, {}).items()})
        each |= {"fits": ", ".join(fits(group, name, points)), "options": _options(group, name)}
        found.append("\n".join([*lines, *(_line(label, text) for label, text in each.items() if text)]))
    return "\n\n".join(found)


def fits(group: str, name: str, points: Points) -> list[str]:
    """The models that a variant or regularizer makes sense for, on images."""
    found = []
    for model in bench.SHAPES:
        words = [f"{group}={name}", f"model={model}", "rate=0.3", *bench.SHAPES[model]]
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


def _options(group: str, name: str) -> str:
    return ", ".join(
        f"{entry.key} ({entry.allowed}; {show(entry.default)})"
        for entry in settings_table()
        if _is_of(group, name, entry)
    )


def _is_of(group: str, name: str, entry: Setting) -> bool:
    """Whether a setting is an option of a variant or regularizer."""
    if group == "regularizer":
        own = entry.key.startswith("regularizer.") and name in regularizer_names()
        return own and regularizer_of(entry.name) == name
    key, *kinds = entry.spec.when or ("",)
    return key == "variant.kind" and name in kinds


def _line(label: str, text: str) -> str:
    inside = " " * (LABEL + 2)
    return textwrap.fill(text, WIDTH, initial_indent="  " + label.ljust(LABEL), subsequent_indent=inside)
