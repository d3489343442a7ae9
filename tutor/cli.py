"""The only door: `ws-tutor …`. Parses the command line and imports just the one subcommand that was asked for."""

from __future__ import annotations

import argparse
import difflib
import importlib
import os
import sys
from pathlib import Path
from typing import NoReturn


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line: what is wrong and what would be right."""

    def error(self, message: str) -> NoReturn:
        invalid = message.partition("invalid choice: ")[2]
        if invalid:
            wrong, _, rest = invalid.partition(" (choose from ")
            choices = [choice.strip(" ')") for choice in rest.split(",")]
            close = difflib.get_close_matches(wrong.strip("'"), choices, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(choices)}"
            message = f"no such command: {wrong.strip(chr(39))}; {hint}"
        self.exit(2, f"{self.prog}: {message}; {self.prog} --help shows what there is\n")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit status: 0, 1 where a verdict did not hold, 2 where it could not be done."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments:
        return _open_ui(None)
    args = _parser().parse_args(arguments)
    try:
        if args.command is None:
            return _open_ui(args.bank or None)
        return int(importlib.import_module(f"tutor.commands.{args.module}").run(args))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader has gone (`| head`): not an error, but Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _open_ui(bank: list[Path] | None) -> int:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print(
            "ws-tutor: the full-screen UI needs a terminal; ws-tutor --help lists what runs without",
            file=sys.stderr,
        )
        return 2
    from tutor.ui.start import main as ui

    return ui(bank)


def _parser() -> _Parser:
    parser = _Parser(
        prog="ws-tutor",
        description="WebSocket interview tutor: read, predict, and watch every claim happen on the wire.",
        epilog="Without a command the terminal UI opens.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    parser.add_argument("--bank", type=Path, action="append", default=[], metavar="PATH",
                        help="study these question files (a file or a folder; may be repeated)")  # fmt: skip
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    _add_labs(commands)
    _add_study(commands)
    _add_quiz(commands)
    _add_serve(commands)
    doctor = commands.add_parser("doctor", help="what this machine has, and what that means for the labs")
    doctor.set_defaults(module="doctor")
    doctor.add_argument("--json", action="store_true", help="one JSON object")
    return parser


def _add_labs(commands: argparse._SubParsersAction[_Parser]) -> None:
    lab = commands.add_parser("lab", help="list the labs, or run one")
    lab.set_defaults(module="lab")
    actions = lab.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=_Parser)
    listing = actions.add_parser("list", help="the labs and what each proves")
    listing.add_argument("--json", action="store_true", help="one JSON array")
    run = actions.add_parser("run", help="run a lab: 0 every verdict held, 1 one did not, 2 could not run")
    run.add_argument("name", metavar="NAME")
    run.add_argument("--set", action="append", default=[], metavar="KNOB=VALUE", help="turn a knob (may be repeated)")
    run.add_argument("--auto", action="store_true", help="do not wait for predictions")
    run.add_argument(
        "--json",
        action="store_true",
        help="write the tape to standard output, take commands on standard input; not counted in progress",
    )
    run.add_argument("--tape", type=Path, metavar="FILE", help="write the tape to FILE as well")

    stage = commands.add_parser("stage", help="a lab for a class: large, without notes, while it runs elsewhere")
    stage.set_defaults(module="stage")
    stage.add_argument("name", metavar="LAB", help="the lab to follow")

    tape = commands.add_parser("tape", help="look at a recorded tape, or convert it")
    tape.set_defaults(module="tape")
    actions = tape.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=_Parser)
    frames = actions.add_parser("frames", help="the messages and fields derived from a tape")
    frames.add_argument("file", metavar="FILE", help="a tape, or - for standard input")
    frames.add_argument("--json", action="store_true", help="one JSON object a message")
    play = actions.add_parser("play", help="tell the story of a tape again")
    play.add_argument("file", metavar="FILE", help="a tape, or - for standard input")
    export = actions.add_parser("export", help="for Wireshark (pcapng) or a browser's network panel (HAR)")
    export.add_argument("file", metavar="FILE", help="a tape, or - for standard input")
    form = export.add_mutually_exclusive_group(required=True)
    form.add_argument("--pcapng", type=Path, metavar="OUT", help="packets, with the lab's steps as comments")
    form.add_argument("--har", type=Path, metavar="OUT", help="HTTP archive with WebSocket messages")


def _add_study(commands: argparse._SubParsersAction[_Parser]) -> None:
    check = commands.add_parser("check", help="validate question files, yours or ours")
    check.add_argument("paths", type=Path, nargs="*", metavar="PATH", help="files or folders; none: the project's own")
    check.add_argument("--schema", action="store_true", help="print the JSON Schema of a question file and exit")
    show = commands.add_parser("show", help="print one question and its answer")
    show.add_argument("key", metavar="KEY", help="a reference such as Q2, or an id")
    show.add_argument("--part", choices=("answer", "depth", "follow-ups", "all"), default="all")
    export = commands.add_parser("export", help="the whole bank in another form")
    export.add_argument("form", choices=("markdown", "anki"))
    export.add_argument("out", metavar="OUT", help="a file, or - for standard output")
    for parser in (check, show, export):
        parser.set_defaults(module="study")


def _add_quiz(commands: argparse._SubParsersAction[_Parser]) -> None:
    quiz = commands.add_parser("quiz", help="test yourself, on the screen or in plain text")
    quiz.set_defaults(module="quiz")
    quiz.add_argument("--mode", choices=("drill", "rapid", "choices", "bytes", "mock"), default="drill")
    quiz.add_argument("--plain", action="store_true", help="lines of text: for screen readers, pipes, ssh")
    quiz.add_argument("--count", type=int, metavar="N", help="how many cards; default: what fits into a session")
    quiz.add_argument("--minutes", type=int, metavar="N", help="length of a mock interview, 20 to 60")
    quiz.add_argument("--mix", metavar="C,S,A", help="shares of core, senior and architect questions, as 2,3,1")
    quiz.add_argument("--no-clock", action="store_true", help="rapid-fire without a clock")
    quiz.add_argument("--report", type=Path, metavar="FILE", help="write the mock interview as Markdown")
    progress = commands.add_parser("progress", help="what is known, what to expect on the day; export, import")
    progress.set_defaults(module="progress")
    progress.add_argument("--json", action="store_true", help="one JSON object")
    progress.add_argument(
        "--interview",
        metavar="DATE",
        help="set the day of the interview (2026-12-03, in 6 days, Thursday; empty: none)",
    )
    progress.add_argument("--minutes", metavar="N", help="set the minutes a day")
    actions = progress.add_subparsers(dest="action", metavar="ACTION", parser_class=_Parser)
    out = actions.add_parser("export", help="all progress as JSON")
    out.add_argument("file", metavar="FILE", help="a file, or - for standard output")
    back = actions.add_parser("import", help="add what another export has")
    back.add_argument("file", metavar="FILE", help="a file, or - for standard input")


def _add_serve(commands: argparse._SubParsersAction[_Parser]) -> None:
    serve = commands.add_parser("serve", help="a STOMP broker over WebSocket and SockJS, to point a client at")
    serve.set_defaults(module="serve")
    serve.add_argument("--host", default="127.0.0.1", help="where to listen; only this machine reaches the default")
    serve.add_argument("--port", type=int, default=0, help="0: any free one")
    serve.add_argument("--auth", choices=("open", "token"), help="token: only who has one; default open on loopback")
    serve.add_argument("--secret-file", type=Path, metavar="FILE", help="what signs the tokens; else made up")
    serve.add_argument("--set", action="append", default=[], metavar="NAME=VALUE",
                       help="a limit, a heart-beat, what becomes of slow consumers (repeatable)")  # fmt: skip
    serve.add_argument("--settings", action="store_true",
                       help="list what --set sets: defaults, meanings, close codes; and end")  # fmt: skip
    serve.add_argument("--rule", action="append", default=[], metavar="RULE",
                       help="'allow|deny SUBSCRIBE|SEND|any PATTERN [USER,…]': the first that fits counts")  # fmt: skip
    serve.add_argument("--semantics", choices=("full", "spring"), default="full",
                       help="spring: as Spring's simple broker does where the two differ")  # fmt: skip
    serve.add_argument("--sockjs-test-endpoints", action="store_true",
                       help="the SockJS bases that the SockJS protocol's own tests want")  # fmt: skip
    serve.add_argument("--access-log", metavar="FILE", help="a JSON object a line; - for standard error")
    serve.add_argument("--nodes", type=int, default=1, metavar="N",
                       help="so many processes are one broker, behind a balancer; 1 to 16")  # fmt: skip
    serve.add_argument("--relay", default="memory", metavar="memory|redis://…",
                       help="the store that nodes share; memory: one that is started for these")  # fmt: skip
    serve.add_argument("--json", action="store_true", help="one JSON object when ready")


class _Version(argparse.Action):
    """Reads the installed version only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object, **__: object) -> None:
        from importlib.metadata import version

        print(f"ws-tutor {version('ws-tutor')}")
        parser.exit()


if __name__ == "__main__":
    sys.exit(main())
