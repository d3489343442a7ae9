"""Sets the project up in a fresh clone: a virtual environment with the pinned packages, made once.

Standard library only, and no syntax newer than Python 3.7, so that an old Python gets a sentence and not a traceback.
What runs in the environment afterwards is the caller's business.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
WAIT_SECONDS = 600
INSTALL_SECONDS = 900


class SetupError(Exception):
    """The environment could not be made; the text says why and what would help, in one line."""


def run_in_environment(module: str, arguments: list[str], extra: str = "") -> int | None:
    """Make sure that `module` can run here with the packages of `extra` (an optional-dependencies group, or none).

    Returns None where this interpreter already has them, so that the caller simply goes on. Else makes the
    environment if need be and replaces this process by `python -m module` in it (on Windows: runs it and returns
    its exit status). Returns 2 after a one-line message where that cannot be done.
    """
    if sys.version_info < OLDEST:
        version = ".".join(map(str, sys.version_info[:3]))
        return _say(f"Python {version} is too old; run it with Python 3.11 or later, e.g. python3.11 -m {module}")
    if _installed_here(extra):
        return None
    try:
        python = _environment(extra)
    except SetupError as error:
        return _say(str(error))
    except KeyboardInterrupt:
        _say("set-up stopped; the next start begins it anew")
        return 130
    command = [str(python), "-m", module, *arguments]
    if os.name != "nt":
        os.execv(str(python), command)
    return subprocess.call(command)


def _say(text: str) -> int:
    print(f"ws-tutor: {text}", file=sys.stderr)
    return 2


def _installed_here(extra: str) -> bool:
    """Whether this interpreter is one that has been set up: ours, an installed wheel's, or a developer's own."""
    if not (ROOT / "pyproject.toml").is_file():
        return True
    for folder in _folders():
        if Path(sys.prefix) == folder:
            return _is_ready(folder, extra)
    own = sys.prefix != sys.base_prefix
    return own and all(importlib.util.find_spec(name) for name in ("textual", "pytest" if extra else "websockets"))


def _folders() -> list[Path]:
    """Where the environment may be: in the checkout, or, where that cannot be written, in the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    digest = hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]
    return [ROOT / ".venv", cache / "ws-tutor" / f"venv-{digest}"]


def _environment(extra: str) -> Path:
    """The interpreter of an environment that is ready, making it first where it is not."""
    for folder in _folders():
        if _is_ready(folder, extra):
            return _python(folder)
    folder = _writable_folder()
    with _lock(folder):
        if not _is_ready(folder, extra):
            _make(folder, extra)
    return _python(folder)


def _python(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _wanted() -> str:
    """What an environment must have been made from to be up to date."""
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        with contextlib.suppress(OSError):
            digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _marker(folder: Path, extra: str) -> Path:
    return folder / f"ready-{extra or 'run'}"


def _is_ready(folder: Path, extra: str) -> bool:
    # An environment that was made for an extra has all that a run without one needs.
    markers = [_marker(folder, extra)] if extra else list(folder.glob("ready-*"))
    return _python(folder).exists() and any(_made_from(marker) == _wanted() for marker in markers)


def _made_from(marker: Path) -> str:
    try:
        return marker.read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""


def _writable_folder() -> Path:
    for folder in _folders():
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            probe = folder.parent / f".ws-tutor-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError:
            continue
        return folder
    places = " and ".join(str(folder.parent) for folder in _folders())
    raise SetupError(f"no place for the environment: {places} cannot be written; make one of them writable")


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Hold the set-up lock, so that two first starts at once make one environment."""
    path = folder.parent / f"{folder.name}.lock"
    with path.open("a+") as file:
        told = False
        end = time.monotonic() + WAIT_SECONDS
        while not _try_lock(file):
            if not told:
                print("ws-tutor: another start is setting up; waiting for it", file=sys.stderr)
                told = True
            if time.monotonic() > end:
                raise SetupError(f"another set-up holds {path} for {WAIT_SECONDS} s; end it and start again")
            time.sleep(0.1)
        yield


def _try_lock(file: IO[str]) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _make(folder: Path, extra: str) -> None:
    """Make the environment in `folder` and install the project into it, editable, with its pins."""
    started = time.monotonic()
    print(f"ws-tutor: setting up once in {folder} (about half a minute; needs the network)", file=sys.stderr)
    uv = shutil.which("uv")
    if not _python(folder).exists():
        _create(folder, uv)
    constraints = ["-c", str(ROOT / "constraints.txt")] if (ROOT / "constraints.txt").is_file() else []
    project = [*constraints, "-e", f"{ROOT}[{extra}]" if extra else str(ROOT)]
    by_pip = [str(_python(folder)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if uv:
        _run([*_by_uv(uv, folder), *project], "installing the packages")
    elif extra != "test" or not _bring_uv(by_pip, constraints, project, folder):
        _run([*by_pip, *project], "installing the packages")
    _marker(folder, extra).write_text(_wanted(), encoding="ascii")
    print(f"ws-tutor: ready after {time.monotonic() - started:.0f} s", file=sys.stderr)


def _by_uv(uv: str, folder: Path) -> list[str]:
    return [uv, "pip", "install", "--quiet", "--python", str(_python(folder))]


def _bring_uv(by_pip: list[str], constraints: list[str], project: list[str], folder: Path) -> bool:
    """Install with the uv that the tests need anyway: pip takes four times as long. Returns False where that fails, as
    where only pip has been told how to reach its packages."""
    try:
        _run([*by_pip, *constraints, "uv"], "installing uv")
        uv = str(_python(folder).with_name("uv"))
        _run([*_by_uv(uv, folder), "--compile-bytecode", *project], "installing the packages with it")
    except SetupError:
        return False
    return True


def _create(folder: Path, uv: str | None) -> None:
    if uv:
        _run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)], "making the environment")
        return
    if importlib.util.find_spec("ensurepip") is None:
        raise SetupError("this Python cannot make virtual environments; install that: apt install python3-venv")
    _run([sys.executable, "-m", "venv", "--clear", str(folder)], "making the environment")


def _run(command: list[str], what: str) -> None:
    """Run a step with a sign of life; a failure is one line that ends with what the command said last."""
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONHOME", "PYTHONPATH")}
    with _progress(what):
        try:
            done = subprocess.run(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                timeout=INSTALL_SECONDS, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SetupError(f"{what} failed: {error}") from error
    if done.returncode:
        said = [line.strip() for line in done.stdout.decode(errors="replace").splitlines() if line.strip()]
        errors = [line for line in said if "error" in line.lower()] or said or ["it said nothing"]
        raise SetupError(f"{what} failed: {errors[-1]} (the whole command: {' '.join(command)})")


@contextlib.contextmanager
def _progress(what: str) -> Iterator[None]:
    """On a terminal count the seconds on one line; elsewhere say it once."""
    if not sys.stderr.isatty():
        print(f"ws-tutor: {what}", file=sys.stderr)
        yield
        return
    over = threading.Event()

    def count() -> None:
        started = time.monotonic()
        while True:
            print(
                f"\r\x1b[Kws-tutor: {what} … {time.monotonic() - started:.0f} s",
                end="",
                file=sys.stderr,
                flush=True,
            )
            if over.wait(0.5):
                print("\r\x1b[K", end="", file=sys.stderr, flush=True)
                return

    thread = threading.Thread(target=count, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
