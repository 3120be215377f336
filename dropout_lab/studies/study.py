"""Data classes of a study: arms, data panels, metrics with their published figures, scales, and claims."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SCALES = ("smoke", "laptop", "full", "paper")
SMOKE = SCALES[0]
FORMS = ("line", "arms", "curves")
AT = ("last", "first", "best", "min", "max", "mean", "median")
HIGHER, LOWER = "higher", "lower"
# Categories of claims, with their titles in the index of claims; verdicts are never counted over several of them.
CATEGORIES = {
    "paper": "Claims of papers",
    "text": "Claims of introductory texts, quoted without data or model",
    "control": "Controls of the studies, claimed by no publication",
    "timing": "Timing of this implementation",
    "identity": "Identities and definitions",
}

# Settings as they are typed on the command line, by key: ``{"rate": "rate=0,0.5"}``.
Words = Mapping[str, str]


@dataclass(frozen=True)
class Reading:
    """One number per trial, read from another file of the sweep folder.

    Args:
        file: file with a column ``trial_id``, such as ``curves.csv``.
        value: expression over the columns of the file; a dot in a column name is written as ``_``.
        where: condition that selects rows of the file; empty for all rows.
        at: row or aggregate of a trial's rows, one of :data:`AT`; ``best`` is the row with the lowest validation loss.
    """

    file: str
    value: str
    where: str = ""
    at: str = "last"


@dataclass(frozen=True)
class StudyMetric:
    """Measured quantity of a study.

    Args:
        name: name of the metric.
        value: expression over the columns of ``trials.csv`` and the readings.
        title: title with the unit.
        better: ``higher``, ``lower``, or empty if the metric is not a score.
        digits: number of decimal places.
        margin: maximum difference at which a measured mean agrees with the published one, by panel, or under "" for all
            panels; without a margin, the rows of the table have no verdict.
        relative: name of a reference cell. If it is set, each value is divided by that of the reference cell of the
            same panel, for published and measured figures alike. Use it if absolute values cannot be compared, for
            example times on different machines.
        readings: readings by name.
        published: maps a panel, or "" for all panels, to a mapping from the name of a cell to the id of a published
            figure.
        unmeasured: the same for published figures that the study does not measure, under names that the study defines.
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
        """Return the id of the published figure of a cell; None if there is none."""
        return self.published.get(panel, {}).get(name) or self.published.get("", {}).get(name)

    def within(self, panel: str) -> float | None:
        """Return the margin on a panel; None if there is none."""
        return self.margin.get(panel, self.margin.get(""))


@dataclass(frozen=True)
class StudyScale:
    """Size at which a study is run.

    Args:
        name: one of :data:`SCALES`.
        words: settings of all panels and arms.
        panels: the panels that are run, with additional settings; None for all panels.
        arms: additional settings of single arms.
        only: the arms that are run; None for all arms.
        deviations: differences from the publication at this scale.
    """

    name: str
    words: Words = field(default_factory=dict)
    panels: Mapping[str, Words] | None = None
    arms: Mapping[str, Words] = field(default_factory=dict)
    only: Sequence[str] | None = None
    deviations: Sequence[str] = ()


@dataclass(frozen=True)
class Claim:
    """Statement of a publication that a test can support or contradict.

    Args:
        says: the statement.
        source: publication that makes the statement.
        kind: kind of test, a key of :data:`dropout_lab.studies.claims.TESTS`.
        test: parameters of the test.
        metric: name of the metric.
        panels: panels on which the claim is tested; None for all panels that are run.
        comparable: conditions of this claim; None for those of the study.
        id: name of the claim within its study, under which the lock of claims registers it; may be empty.
        category: one of :data:`CATEGORIES`.
    """

    says: str
    source: str
    kind: str
    test: Mapping[str, object]
    metric: str
    panels: Sequence[str] | None = None
    comparable: "Conditions | None" = None
    id: str = ""
    category: str = "paper"


@dataclass(frozen=True)
class ReferenceCondition:
    """Condition on the mean outcome of an arm without dropout.

    Args:
        cell: name of the cell.
        when: expression over the columns of ``trials.csv``; each column stands for its mean over the finished trials
            of the cell.
    """

    cell: str
    when: str


@dataclass(frozen=True)
class Conditions:
    """Conditions under which results can be compared with the publication.

    Args:
        when: expressions over the settings of a trial and the sizes that are fixed before training; all of them must be
            true for every finished trial.
        never: reason why results cannot be compared at any scale; empty if they can.
        reference: conditions on the outcome of an arm without dropout.
    """

    when: Sequence[str] = ()
    never: str = ""
    reference: Sequence[ReferenceCondition] = ()


@dataclass(frozen=True)
class Picture:
    """Form of the study's figure.

    Args:
        form: ``line`` (metric against an axis), ``arms`` (one row per arm) or ``curves`` (value against the epoch).
        x: the axis of a line; for curves the expression over the columns of ``curves.csv`` that is drawn.
        metrics: names of the drawn metrics; empty for all metrics.
        log: whether the horizontal axis is logarithmic.
    """

    form: str = "arms"
    x: str = ""
    metrics: Sequence[str] = ()
    log: bool = False


@dataclass(frozen=True)
class Study:
    """Contents of a study file in ``conf/study/``; see :func:`dropout_lab.studies.loader.parse_study`.

    Args:
        name: name of the study.
        title, source, question: title of the study, the reproduced publication, and the question it answers.
        arms: settings of each arm by its name.
        metrics: metrics by name.
        scales: scales by name.
        base: settings of all arms.
        panels: settings of each data panel by its name.
        original: settings of the publication in words, by topic.
        replicates: settings that distinguish replicates.
        together: groups of settings whose axes are varied in parallel instead of being crossed; only the first setting
            of a group appears in the names of the cells.
        probe: whether the step time of every trial is measured.
        comparable: conditions of the comparison with the publication.
        deviations: differences from the publication at all scales.
        claims: claims of the publication.
        figure: form of the figure.
        file: the study file; None for a study that was not read from a file.
    """

    name: str
    title: str
    source: str
    question: str
    arms: Mapping[str, Words]
    metrics: Mapping[str, StudyMetric]
    scales: Mapping[str, StudyScale]
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
    file: Path | None = None
