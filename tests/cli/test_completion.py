"""What a shell is told when it completes a line."""

import pytest


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("dropout-lab ", {"sweep", "train", "list", "data"}),
        ("dropout-lab sw", {"sweep"}),
        ("dropout-lab sweep model=", {"model=cnn", "model=lstm", "model=mlp"}),
        ("dropout-lab sweep rate=0,1 hydra/launcher=", {"hydra/launcher=basic", "hydra/launcher=packed"}),
        ("dropout-lab train train.ba", {"train.batch_size="}),
        ("dropout-lab list va", {"variant"}),
        ("dropout-lab ch", {"check"}),
        ("dropout-lab check ", {"out=", "--json"}),
        ("dropout-lab check --j", {"--json"}),
        ("dropout-lab status out=x ", {"--json"}),
        ("dropout-lab data ", {"list", "get", "check"}),
        ("dropout-lab data get mnist ci", {"cifar10", "cifar100"}),
    ],
)
def test_completion(typed, monkeypatch, line, wanted):
    monkeypatch.setenv("COMP_LINE", line)
    status, out, _ = typed("-sc", "query=bash")
    assert status == 0
    assert set(out.split()) >= wanted


def test_an_unknown_command_is_not_completed(typed, monkeypatch):
    monkeypatch.setenv("COMP_LINE", "dropout-lab swep ra")
    assert typed("-sc", "query=bash") == (0, "\n", "")


def test_commands_without_settings_complete_no_settings(typed, monkeypatch):
    for command in ("status", "check"):
        monkeypatch.setenv("COMP_LINE", f"dropout-lab {command} o")
        assert typed("-sc", "query=bash") == (0, "out=\n", "")
