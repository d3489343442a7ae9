"""The command line of `serve`: what it refuses in one line, and what it only warns of."""

from __future__ import annotations

from pathlib import Path

import pytest

from tutor.cli import main


@pytest.mark.parametrize(
    ("secret", "host", "words"),
    [
        (None, "127.0.0.1", "cannot be read"),
        ("", "127.0.0.1", "0 bytes; a secret has 32 to 4096"),
        ("x" * 5000, "127.0.0.1", "4097 bytes"),
        ("short", "0.0.0.0", "5 bytes; a secret has 32"),
    ],
)
def test_a_secret_that_protects_nothing_is_refused(
    secret: str | None, host: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "secret"
    if secret is not None:
        file.write_text(secret)
    assert main(["serve", "--host", host, "--secret-file", str(file)]) == 2
    assert words in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set", "trys=1"], "did you mean tries?"),
        (["--set", "dead-letters=/topic/a"], "they go to a queue"),
        (["--rule", "deny"], "it reads allow|deny"),
        (["--port", "65536"], "a port is 0"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line


def test_the_settings_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--settings"]) == 0
    assert "slow-consumer=disconnect" in capsys.readouterr().out
