"""The output of ``dropout-lab list variants`` and ``list regularizers``: one card per choice.

A card combines the choice's file in conf/, the models that fit it and the measured costs.
"""

import textwrap

from dropout_lab.bench import variants as bench
from dropout_lab.cli.flags import WIDTH
from dropout_lab.config import list_settings, regularizer_names, regularizer_of
from dropout_lab.config.compose import ConfigComposer, list_choices, read_card
from dropout_lab.dropout import VARIANTS
from dropout_lab.errors import ConfigError, format_setting
from dropout_lab.settings.fields import Setting
from dropout_lab.sweeps.preflight import check_trials
from dropout_lab.trial import Trial, canonical

LABEL = 12


def render_cards(group: str, points: ConfigComposer) -> str:
    """Return the cards of all choices of the group ``variant`` or ``regularizer``, sorted by name."""
    return "\n\n".join(render_card(group, name, points) for name in list_choices(group))


def render_card(group: str, name: str, points: ConfigComposer) -> str:
    """Return the card of one variant or regularizer as text of 80 columns."""
    description, *facts = describe_choice(group, name, points).items()
    lines = [name, textwrap.fill(description[1], WIDTH, initial_indent="  ", subsequent_indent="  ")]
    return "\n".join([*lines, *(_line(label, text) for label, text in facts)])


def describe_choice(group: str, name: str, points: ConfigComposer) -> dict[str, str]:
    """Return the facts about a variant or regularizer, by label; the description comes first.

    The other facts are the source, the test-time form, the cost of one training step (variants only), the models that
    fit, and the options. Facts that do not apply are left out.
    """
    description, facts = read_card(group, name)
    card = {"description": description, "source": facts["source"], "test time": facts["test"]}
    if group == "variant":
        costs = bench.read(bench.MEASURED) if bench.MEASURED else {}
        card["step cost"] = _cost({model: ratio.median for model, ratio in costs.get(name, {}).items()})
    card |= {"fits": ", ".join(list_fitting_models(group, name, points)), "options": _options(group, name)}
    return {label: text for label, text in card.items() if text}


def list_fitting_models(group: str, name: str, points: ConfigComposer) -> list[str]:
    """Return the image models that a variant or regularizer can be combined with."""
    models = []
    for model in bench.SHAPES:
        words = [f"{group}={name}", f"model={model}", "rate=0.3", *bench.SHAPES[model]]
        try:
            check_trials([Trial(canonical(points.config(words)), 0)])
            models.append(model)
        except ConfigError:
            pass
    return models


def _cost(ratios: dict[str, float]) -> str:
    """Return the duration of a training step on each model, as a multiple of that of inverted dropout."""
    if not ratios:
        return "not measured; run `dropout-lab bench variants`"
    return ", ".join(f"{ratio:.2f}x on {model}" for model, ratio in ratios.items()) + " relative to inverted"


def _options(group: str, name: str) -> str:
    return ", ".join(
        f"{entry.key} ({entry.allowed}; {format_setting(entry.default)})"
        for entry in list_settings()
        if _is_of(group, name, entry)
    )


def _is_of(group: str, name: str, entry: Setting) -> bool:
    """Return whether a setting is an option of a variant or regularizer."""
    if group == "regularizer":
        own = entry.key.startswith("regularizer.") and name in regularizer_names()
        return own and regularizer_of(entry.name) == name
    key, *values = entry.spec.when or ("",)
    sites = VARIANTS[name].layouts if key == "variant.layouts" and name in VARIANTS else ()
    return (key == "variant.kind" and name in values) or bool(set(sites) & set(values))


def _line(label: str, text: str) -> str:
    inside = " " * (LABEL + 2)
    return textwrap.fill(text, WIDTH, initial_indent="  " + label.ljust(LABEL), subsequent_indent=inside)
