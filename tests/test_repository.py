"""Files of the repository that no program of the project reads: they are well-formed and agree with the package."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

import dropout_lab

PROJECT = Path(__file__).resolve().parent.parent
GITHUB = PROJECT / ".github"
METADATA = tomllib.loads((PROJECT / "pyproject.toml").read_text())
pytestmark = pytest.mark.skipif(not GITHUB.is_dir(), reason="a source distribution has none of them")


@pytest.mark.parametrize("path", sorted(GITHUB.rglob("*.yml")), ids=lambda path: path.name)
def test_workflows_and_forms_are_yaml_and_name_no_host(path):
    text = path.read_text()
    assert not re.search(r"https?://", text)
    found = yaml.safe_load(text)
    if path.parent.name == "workflows":
        assert all("runs-on" in job and "timeout-minutes" in job for job in found["jobs"].values())
        assert "secrets." not in text
    elif path.name != "config.yml":
        assert {"name", "description", "body"} <= found.keys()
        assert len({field["id"] for field in found["body"]}) == len(found["body"])


def test_continuous_integration_covers_the_supported_versions():
    jobs = yaml.safe_load((GITHUB / "workflows/ci.yml").read_text())["jobs"]
    matrix = jobs["test"]["strategy"]["matrix"]
    named = [line.rpartition(" ")[2] for line in METADATA["project"]["classifiers"] if "Python :: 3." in line]
    assert matrix["python"] == named
    bounds = dict(each.split(">=") for each in METADATA["project"]["dependencies"] if each.startswith("torch"))
    torch = {each["name"]: each["packages"] for each in jobs["torch"]["strategy"]["matrix"]["include"]}
    assert torch["lowest"].split() == [f"{name}=={version}.*" for name, version in bounds.items()]


def test_the_citation_is_of_this_version():
    citation = yaml.safe_load((PROJECT / "CITATION.cff").read_text())
    assert citation["version"] == dropout_lab.__version__
    assert citation["license"] == METADATA["project"]["license"]


def test_the_changelog_keeps_its_form():
    lines = (PROJECT / "CHANGELOG.md").read_text().splitlines()
    versions = [line for line in lines if line.startswith("## ")]
    assert versions[0] == "## [Unreleased]"
    sections = {line for line in lines if line.startswith("### ")}
    assert sections <= {f"### {name}" for name in ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")}
