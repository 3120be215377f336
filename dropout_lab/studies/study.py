"""What a study is: arms on panels of data, metrics with their published figures, scales, and claims."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

SCALES = ("smoke", "laptop", "paper")
SMOKE = SCALES[0]
FORMS = ("line", "arms", "curves")
AT = ("last", "first", "best", "min", "max", "mean", "median")
HIGHER, LOWER = "higher", "lower"

# Settings as they are typed, by their keys: ``{"rate": "rate=0,0.5"}``.
Words = Mapping[str, str]


@dataclass(frozen=True)
class Reading:
    """One number a trial from another file of the sweep folder.

    Args:
        file: with a column ``trial_id``, as ``curves.csv``.
        value: expression over its columns, whose names have ``_`` in the place of a dot.
        where: which of its rows count; all if empty.
        at: which of a trial's rows, or how they are averaged; ``best`` is that of the lowest validation loss.
    """

    file: str
    value: str
    where: str = ""
    at: str = "last"


@dataclass(frozen=True)
class Metric:
    """What is measured.

    Args:
        value: expression over the columns of ``trials.csv`` and over the readings.
        title: with its unit.
        better: ``higher``, ``lower``, or empty where it is no score.
        digits: after the point.
        margin: within which a measured mean agrees with a published one, by panel, or "" for every one; where there is
            none, rows are not judged.
        relative: name of the cell of the same panel that all are divided by, in print as measured, where units or
            machines cannot be compared and only the shape can.
        readings: by name.
        published: panel, or "" for every one, to the name of a cell to the id of a published figure.
        unmeasured: the same for what was published and is not run, under names of the study's own.
    """

    name: str
    value: str
    title: str
    better: str = ""
    digits: int = 2
    margin: Mapping[str, float] = field(default_factory=dict)
    relative: str = ""
    readings: Mapping[str, Reading] = field(default_factory=dict)
    published: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unmeasured: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def fact(self, panel: str, name: str) -> str | None:
        """The id of the published figure of a cell."""
        return self.published.get(panel, {}).get(name) or self.published.get("", {}).get(name)

    def within(self, panel: str) -> float | None:
        """The margin on a panel."""
        return self.margin.get(panel, self.margin.get(""))


@dataclass(frozen=True)
class Scale:
    """How large a study is run.

    Args:
        words: on all panels and arms.
        panels: those that are run, with their own words; None for all.
        arms: words of single arms.
        only: the arms that are run; None for all.
        deviations: what differs from the publication at this scale.
    """

    name: str
    words: Words = field(default_factory=dict)
    panels: Mapping[str, Words] | None = None
    arms: Mapping[str, Words] = field(default_factory=dict)
    only: Sequence[str] | None = None
    deviations: Sequence[str] = ()


@dataclass(frozen=True)
class Claim:
    """A sentence that numbers can bear out or not.

    Args:
        says: the sentence.
        source: who says so.
        kind: of :data:`dropout_lab.studies.claims.TESTS`.
        test: its parameters.
        metric: by name.
        panels: where it is tested; None for all that are run.
        comparable: its own conditions; None for the study's.
    """

    says: str
    source: str
    kind: str
    test: Mapping[str, object]
    metric: str
    panels: Sequence[str] | None = None
    comparable: "Conditions | None" = None


@dataclass(frozen=True)
class Conditions:
    """When a scale may be held against the publication.

    Args:
        when: expressions that hold for every trial, over the columns of ``trials.csv`` and ``replicates``.
        never: why no scale may; empty if one may.
    """

    when: Sequence[str] = ()
    never: str = ""


@dataclass(frozen=True)
class Picture:
    """The form of the study's figure.

    Args:
        form: ``line`` (metric against an axis), ``arms`` (one line each) or ``curves`` (against epochs).
        x: the axis of a line; for curves the expression over the columns of ``curves.csv`` that is drawn.
        metrics: those drawn; all if empty.
        log: whether the horizontal axis is logarithmic.
    """

    form: str = "arms"
    x: str = ""
    metrics: Sequence[str] = ()
    log: bool = False


@dataclass(frozen=True)
class Study:
    """One file of ``conf/study/``; see :func:`dropout_lab.studies.loader.parse_study`.

    Args:
        together: groups of settings whose axes are walked side by side, not crossed; the first names the place.
    """

    name: str
    title: str
    source: str
    question: str
    arms: Mapping[str, Words]
    metrics: Mapping[str, Metric]
    scales: Mapping[str, Scale]
    base: Words = field(default_factory=dict)
    panels: Mapping[str, Words] = field(default_factory=lambda: {"": {}})
    original: Mapping[str, str] = field(default_factory=dict)
    replicates: Sequence[str] = ("seed",)
    together: Sequence[Sequence[str]] = ()
    probe: bool = False
    comparable: Conditions = field(default_factory=Conditions)
    deviations: Sequence[str] = ()
    claims: Sequence[Claim] = ()
    figure: Picture = field(default_factory=Picture)
