"""No test writes where the learner who runs them keeps progress."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def home_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WS_TUTOR_HOME", str(tmp_path_factory.mktemp("home")))
        yield
