"""`ws-tutor doctor`: what this machine has, and what that means for the labs."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import socket
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("textual", "websockets", "markdown-it-py", "pyyaml", "pydantic", "platformdirs")
PROGRAMS = {
    "tshark": "checks the exported captures; Wireshark opens them",
    "chromium": "the browser of lab run handshake --set client=browser, in the tests",
}
NARROWEST = 80


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report. state: ok, note (works, with something to know) or fault (has to be mended)."""

    name: str
    state: str
    text: str


def run(args: argparse.Namespace) -> int:
    """Print the report; 0, or 2 where something has to be mended before the tutor works."""
    checks = [_python(), *_packages(), _bank(), _loopback(), _tcp_info(), _terminal(), *_programs()]
    if args.json:
        print(json.dumps([asdict(check) for check in checks], indent=2))
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            print(f"{check.state:5} {check.name:{width}}  {check.text}")
    return 2 if any(check.state == "fault" for check in checks) else 0


def _python() -> Check:
    return Check("python", "ok", f"{platform.python_version()} on {platform.system()} {platform.machine()}")


def _packages() -> list[Check]:
    checks = []
    for name in PACKAGES:
        try:
            checks.append(Check(name, "ok", version(name)))
        except PackageNotFoundError:
            checks.append(Check(name, "fault", f"not installed; pip install {name}"))
    return checks


def _bank() -> Check:
    from tutor.study.bank import BankError, load

    try:
        bank = load()
    except BankError as error:
        return Check("questions", "fault", f"{len(error.faults)} faults; ws-tutor check lists them")
    return Check("questions", "ok", f"{len(bank.questions)} questions, {len(bank.facts)} rapid-fire facts")


def _loopback() -> Check:
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError as error:
        return Check("loopback", "fault", f"no connection on 127.0.0.1 ({error.strerror}); the labs need it")
    return Check("loopback", "ok", "connects on 127.0.0.1")


def _tcp_info() -> Check:
    if hasattr(socket, "TCP_INFO"):
        return Check("TCP_INFO", "ok", "what the kernel knows of a connection can be read")
    return Check("TCP_INFO", "note", "not on this system; a lab says where it could not measure")


def _terminal() -> Check:
    if not sys.stdout.isatty():
        return Check("terminal", "note", "standard output is not a terminal")
    size = shutil.get_terminal_size()
    colours = "no colour (NO_COLOR)" if os.environ.get("NO_COLOR") else os.environ.get("COLORTERM") or "256 colours"
    state = "ok" if size.columns >= NARROWEST else "note"
    return Check("terminal", state, f"{os.environ.get('TERM', 'unknown')}, {size.columns}×{size.lines}, {colours}")


def _programs() -> list[Check]:
    return [
        Check(name, "ok" if path else "note", path or f"not found; {use}")
        for name, use in PROGRAMS.items()
        for path in [shutil.which(name)]
    ]
