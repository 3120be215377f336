"""Archives, honest and otherwise."""

import gzip
import io
import tarfile
import zipfile

import pytest

from dropout_lab.data import DataError
from dropout_lab.data.archives import extract_archive, gunzip


def tar(path, members):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            if content is None:
                member.type, member.linkname = tarfile.SYMTYPE, "../.."
            else:
                member.size = len(content)
            archive.addfile(member, None if content is None else io.BytesIO(content))


def zipped(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@pytest.mark.parametrize(("name", "make"), [("a.tar.gz", tar), ("a.zip", zipped)])
def test_wanted_members_come_out_and_the_archive_goes(name, make, tmp_path):
    make(tmp_path / name, {"d/one": b"1", "d/two": b"2"})
    extract_archive(tmp_path / name, tmp_path / "out", lambda member: member.endswith("one"))
    assert (tmp_path / "out/d/one").read_bytes() == b"1"
    assert [p.name for p in (tmp_path / "out/d").iterdir()] == ["one"]
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("climber", ["../evil", "d/../../evil", "/evil", "..\\evil"])
@pytest.mark.parametrize(("name", "make"), [("a.tar.gz", tar), ("a.zip", zipped)])
def test_a_member_that_climbs_out_is_refused(name, make, climber, tmp_path):
    make(tmp_path / name, {"d/one": b"1", climber: b"2"})
    with pytest.raises(DataError, match=rf"{name}: member .*evil' would be extracted outside the folder"):
        extract_archive(tmp_path / name, tmp_path / "in" / "out")
    assert {p.name for p in tmp_path.rglob("*")} <= {name, "in", "out"}


def test_a_link_that_leads_out_is_refused(tmp_path):
    tar(tmp_path / "a.tar.gz", {"d": None, "d/evil": b"2"})
    with pytest.raises(DataError, match=r"a\.tar\.gz: is damaged or unsafe"):
        extract_archive(tmp_path / "a.tar.gz", tmp_path / "in" / "out")
    assert not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize(("name", "make"), [("a.tar.gz", tar), ("a.zip", zipped)])
def test_a_broken_archive_is_refused(name, make, tmp_path):
    make(tmp_path / name, {"d/one": bytes(range(256)) * 40})
    whole = (tmp_path / name).read_bytes()
    for content in (whole[: len(whole) // 2], b"junk"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match="is damaged or unsafe"):
            extract_archive(tmp_path / name, tmp_path / "out")


def test_gunzip(tmp_path):
    (tmp_path / "f.gz").write_bytes(gzip.compress(b"text"))
    gunzip(tmp_path / "f.gz", tmp_path / "f")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("f", b"text")]
    (tmp_path / "g.gz").write_bytes(gzip.compress(b"text")[:-9])
    with pytest.raises(DataError, match=r"g\.gz: is a broken gzip file"):
        gunzip(tmp_path / "g.gz", tmp_path / "g")
    assert not (tmp_path / "g").exists()
