"""Reuters RCV1-v2 as a classification of documents with a single topic (Lewis et al. 2004), through scikit-learn.

It follows Hinton et al. (2012), whose set Srivastava et al. (2014) used: topics of the second level of the category
tree, documents with exactly one of them, without very rare topics and without very frequent ones; the 2,000 words that
occur in most documents; half of the documents as the test set. Their set has 50 topics and 402,738 documents; the list
of topics is not published, and their values are log(1 + count) while scikit-learn's are normalised log TF-IDF. So this
set is similar to theirs, but not identical.

scikit-learn stores pickles, which are not safe to load from a shared folder: its download is converted to arrays
immediately.
"""

import re
import zipfile
import zlib
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from dropout_lab.data.cache import Arrays, load_or_decode
from dropout_lab.data.dataset import Dataset
from dropout_lab.data.download import limit_sklearn_downloads, staging_folder
from dropout_lab.data.paths import data_root
from dropout_lab.data.source import DataSource
from dropout_lab.errors import DataError

WORDS = 2000
FEW = 10  # topics with fewer documents are left out
LARGE = 0.2  # topics with a larger fraction of the documents are left out
SECOND_LEVEL = re.compile(
    r"[CEM]\d\d|G15|(?!GCAT)G[A-Z]{2,4}"
)  # below CCAT, ECAT, GCAT and MCAT; G15 is European affairs


class Rcv1Source(DataSource):
    """Newswire stories as bags of words."""

    kinds: ClassVar[tuple[str, ...]] = ("rcv1",)


def rcv1_file(root: Path) -> Path:
    """Return the path of the data file."""
    return root / "rcv1" / "rcv1.npz"


def read_rcv1_dataset(root: str = "") -> Dataset:
    """Return the documents as float16 [N, 2000], and their topics.

    Raises:
        DataError: the file is missing or damaged.
    """
    place = data_root(root)
    path = rcv1_file(place)
    if not path.is_file():
        raise DataError(f"{path}: does not exist; run `dropout-lab data get rcv1`, or set data.root=FOLDER")
    arrays = load_or_decode("rcv1", [path], place, lambda: read_rcv1(path))
    return Dataset("rcv1", "classification", arrays["x"], arrays["y"], tuple(map(str, arrays["classes"])))


def read_rcv1(path: Path) -> Arrays:
    """Decode the file to x float16 [N, W], y int64 [N] and the topics' names.

    Raises:
        DataError: the file is damaged or has another format.
    """
    from scipy.sparse import csr_matrix

    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
            parts = tuple(content[name] for name in ("values", "columns", "starts"))
            y, classes, shape = content["y"], content["classes"], tuple(content["shape"])
        sparse = csr_matrix(parts, shape=shape)
        sparse.check_format(full_check=True)
        if len(y) != shape[0] or y.min() < 0 or y.max() >= len(classes):
            raise ValueError(f"{len(y)} labels for {shape[0]} documents")
    except (ValueError, KeyError, EOFError, OSError, zlib.error, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: is damaged, or not a file of `dropout-lab data get rcv1` ({error})") from None
    x = np.empty(shape, np.float16)
    for start in range(0, len(x), 10_000):  # a dense copy in double precision would take gigabytes
        x[start : start + 10_000] = sparse[start : start + 10_000].toarray()
    return {"x": x, "y": y.astype(np.int64), "classes": classes}


def download_rcv1(root: Path) -> None:
    """Download RCV1 with scikit-learn (650 MB, with checksums) and keep the part that is used.

    Raises:
        DataError: the download failed; no file is saved.
    """
    from sklearn.datasets import fetch_rcv1

    with staging_folder(root) as folder:
        fetched = folder / "fetched"
        fetched.mkdir()
        with limit_sklearn_downloads("rcv1"):
            bunch = fetch_rcv1(data_home=str(fetched))
        for path in sorted(fetched.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        path = rcv1_file(folder)
        path.parent.mkdir()
        np.savez_compressed(
            path, allow_pickle=False, **keep_single_topics(bunch.data, bunch.target, bunch.target_names)
        )


def keep_single_topics(data: Any, target: Any, names: Any) -> Arrays:
    """Return the documents with exactly one topic of the second level, and their most frequent words.

    Args:
        data: sparse [N, F].
        target: sparse [N, K] of 0 and 1.
        names: codes of the K topics.
    """
    second = np.array([bool(SECOND_LEVEL.fullmatch(str(name))) for name in names])
    topics = target.tocsr()[:, np.flatnonzero(second)]
    single = np.flatnonzero(np.asarray(topics.sum(axis=1)).ravel() == 1)
    label = np.asarray(topics[single].argmax(axis=1)).ravel()
    count = np.bincount(label, minlength=topics.shape[1])
    kept = np.flatnonzero((count >= FEW) & (count <= LARGE * len(single)))
    rows = np.isin(label, kept)
    x = data.tocsr()[single[rows]]
    words = np.sort(np.argsort(-np.bincount(x.indices, minlength=x.shape[1]), kind="stable")[:WORDS])
    x = x[:, words].tocsr()
    return {
        "values": x.data.astype(np.float32),
        "columns": x.indices.astype(np.int32),
        "starts": x.indptr.astype(np.int64),
        "shape": np.array(x.shape),
        "y": np.searchsorted(kept, label[rows]),
        "classes": np.array([str(name) for name in np.asarray(names)[second][kept]]),
    }
