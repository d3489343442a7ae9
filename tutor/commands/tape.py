"""`ws-tutor tape frames`, `play` and `export`: a recorded tape on the terminal, as JSON, or for other tools."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from labs.tape import Bytes, Event, TapeError, read_events
from labs.wire.dissect import Dissector
from labs.wire.message import Message
from labs.wire.printable import count, printable

OK, REFUSED = 0, 2

_WIDTH = 80  # columns where the output is no terminal
_ROUTE = 19  # columns of `client → server`
_CONN = 4

Events = Iterator[tuple[int, Event]]


def run(args: argparse.Namespace) -> int:
    """Exit status 0, or 2 with one line on standard error where the tape cannot be read or the output not written."""
    try:
        with _opened(args.file) as events:
            if args.action == "frames":
                _frames(events, as_json=args.json)
            elif args.action == "play":
                _play(events)
            else:
                _export(events, args)
        sys.stdout.flush()  # while a reader that has gone can still be told from an error
    except TapeError as error:
        return _refuse(str(error))
    return OK


class _RefusedError(TapeError):
    """Something else than a line of the tape is wrong; the text is the line to print."""


@contextlib.contextmanager
def _opened(name: str) -> Iterator[Events]:
    """The events of the tape of that name, `-` being standard input; raises TapeError."""
    if name == "-":
        yield read_events(sys.stdin.buffer, "standard input")
        return
    try:
        stream = Path(name).open("rb")  # noqa: SIM115 - only the opening may fail for the reason given below
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise _RefusedError(
            f"{name}: cannot be read ({reason}); it takes a tape, as lab run --tape writes it"
        ) from error
    with stream:
        yield _readable(read_events(stream, name), name)


def _readable(events: Events, name: str) -> Events:
    try:
        yield from events
    except OSError as error:  # a folder, a failing disk
        raise _RefusedError(f"{name}: cannot be read ({error.strerror}); it takes a tape") from error


def _refuse(text: str) -> int:
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()  # what was read before stands before the error
    print(f"ws-tutor: {printable(text)}", file=sys.stderr)
    return REFUSED


# frames


def messages_of(events: Events) -> Iterator[Message]:
    """The messages on the bytes of a tape, each as soon as its last byte has come, those cut off at the end."""
    dissector = Dissector()
    for _, event in events:
        if isinstance(event, Bytes):
            data = event.data
            yield from dissector.feed(event.t, event.conn, event.sender, event.receiver, event.at, data)
    yield from dissector.finish()


def _frames(events: Events, *, as_json: bool) -> None:
    if as_json:
        for message in messages_of(events):
            sys.stdout.buffer.write(json.dumps(message.to_json(), ensure_ascii=False).encode() + b"\n")
        return
    _replace_what_cannot_be_shown()
    width = _width()
    for number, message in enumerate(messages_of(events), 1):
        if number == 1:
            print(_row(("#", "time", "conn", "from → to", "proto", "message"), width))
        route = printable(f"{message.sender} → {message.receiver}")
        cells = (str(number), f"{message.t:.3f}", printable(message.conn), route, message.proto, message.summary)
        print(_row(cells, width))
        if message.problem:
            print(_fit(f"{' ' * 19}! {message.problem}", width))


def _row(cells: tuple[str, str, str, str, str, str], width: int) -> str:
    number, time, conn, route, proto, summary = cells
    left = f"{number:>5} {time:>9}  {_pad(conn, _CONN)} {_pad(route, _ROUTE)} {proto:<6} "
    return _fit(left + summary, width)


def _pad(text: str, columns: int) -> str:
    fitted = _fit(text, columns)
    return fitted + " " * (columns - sum(map(_columns, fitted)))


def _fit(text: str, columns: int) -> str:
    """As much of the text as fits; an ellipsis says that something is left out."""
    if sum(map(_columns, text)) <= columns:
        return text
    taken, used = [], 1
    for letter in text:
        used += _columns(letter)
        if used > columns:
            break
        taken.append(letter)
    return "".join(taken) + "…"


def _columns(letter: str) -> int:
    """How many columns of a terminal a character takes."""
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in ("W", "F") else 1


def _width() -> int:
    return shutil.get_terminal_size((_WIDTH, 24)).columns if sys.stdout.isatty() else _WIDTH


def _replace_what_cannot_be_shown() -> None:
    """A terminal of another encoding than UTF-8 shows question marks instead of failing."""
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]


# play


def _play(events: Events) -> None:
    from labs.story import Story

    _replace_what_cannot_be_shown()
    story = Story(width=_width(), recorded=True)
    for _, event in events:
        for line in story.tell(event):
            print(line)


# export


def _export(events: Events, args: argparse.Namespace) -> None:
    out: Path = args.pcapng or args.har
    with contextlib.suppress(OSError):  # nothing there yet
        if args.file != "-" and out.samefile(args.file):
            option = "--pcapng" if args.pcapng else "--har"
            raise _RefusedError(f"{out}: is the tape itself; {option} takes another file")
    if args.pcapng:
        from labs.export import to_pcapng

        blocks = _write(out, to_pcapng(events, args.file))
        packets = max(0, blocks - 2)  # besides the section's and the interface's
        _narrate(count(packets, "packet") if packets else "no packets: no bytes are on this tape", out)
    else:
        from labs.har import to_har

        archive = to_har(events)
        _write(out, [json.dumps(archive, ensure_ascii=False, indent=1).encode() + b"\n"])
        _narrate(count(len(archive["log"]["entries"]), "request"), out)


def _write(out: Path, blocks: Iterable[bytes]) -> int:
    """Write the blocks and return how many. A file is there whole or not at all; `-` is standard output."""
    if str(out) == "-":
        return _pour(sys.stdout.buffer, blocks)
    try:
        if out.exists() and not out.is_file():  # a device or a pipe, which must not be replaced by a file
            with out.open("wb") as stream:
                return _pour(stream, blocks)
        return _write_whole(out, blocks)
    except OSError as error:
        raise _RefusedError(f"{out}: cannot be written ({error.strerror}); it takes a file") from error


def _write_whole(out: Path, blocks: Iterable[bytes]) -> int:
    part = out.with_name(f"{out.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as stream:
            written = _pour(stream, blocks)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return written


def _pour(stream: BinaryIO, blocks: Iterable[bytes]) -> int:
    written = 0
    for block in blocks:
        stream.write(block)
        written += 1
    return written


def _narrate(what: str, out: Path) -> None:
    print(f"ws-tutor: {what}, written to {'standard output' if str(out) == '-' else out}", file=sys.stderr)
