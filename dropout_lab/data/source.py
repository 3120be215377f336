"""The declaration of data sets: their names, options and facts. A subclass of :class:`DataSource` registers itself."""

from typing import ClassVar

from dropout_lab.settings import Options

SOURCES: dict[str, type["DataSource"]] = {}  # by the name of the data set


class DataSource:
    """Base class of the declarations; one declares the data sets that share a reader.

    Attributes:
        kinds: names of the data sets in the registry.
        options: options of the data sets, in addition to the folder of public sets; the reader takes those that are
            marked ``source``.
        official_test: whether the publisher divides the set into a training set and a test set.
        of_user: whether the data are the user's, at ``data.path``, and identified by their content.
        is_text: whether the examples are texts.
        is_stream: whether the data are one running text, which a language model continues.
    """

    kinds: ClassVar[tuple[str, ...]]
    options: ClassVar[type[Options]] = Options
    official_test: ClassVar[bool] = False
    of_user: ClassVar[bool] = False
    is_text: ClassVar[bool] = False
    is_stream: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        SOURCES.update(dict.fromkeys(cls.kinds, cls))
