"""Small boxes over the reader: the section of an RFC that a link names, the links of a text, the faults of the bank."""

from __future__ import annotations

from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tutor.study.markdown import Link
from tutor.study.source import Fault
from tutor.ui import keys
from tutor.ui.lines import Lines, counted, hang
from tutor.ui.reference import RFC_TITLES, rfc_address
from tutor.ui.screens.base import Dialog
from tutor.ui.widgets.sheet import Sheet


class ReferenceDialog(Dialog[None]):
    """An RFC by number, title, section and address. Nothing is fetched."""

    BINDINGS = keys.COPY

    def __init__(self, link: Link) -> None:
        super().__init__()
        self._link = link
        self._address = rfc_address(link.target, link.section)

    def compose(self) -> ComposeResult:
        """Four lines."""
        section = f"Section {self._link.section}" if self._link.section else "The whole document"
        with VerticalScroll(classes="dialog small"):
            yield Static(f"RFC {self._link.target}", classes="title")
            yield Static(Content(RFC_TITLES.get(self._link.target, "")))
            yield Static(Content(f"{section}\n"))
            yield Static(Content.styled(self._address, "$primary"))
            yield Static(Content.styled("\ny copies the address", "$foreground 70%"))

    def action_copy(self) -> None:
        """The address to the clipboard."""
        self.app.copy_to_clipboard(self._address)
        self.notify(f"Copied: {self._address}", markup=False)


class LinksDialog(Dialog[str]):
    """The links of a text; gives back the one that was chosen."""

    def __init__(self, links: list[tuple[str, str]]) -> None:
        super().__init__()
        self._links = links

    def compose(self) -> ComposeResult:
        """A list."""
        with VerticalScroll(classes="dialog small", can_focus=False):
            yield Static("Links", classes="title")
            yield OptionList(*(Option(_line(text, href), id=href) for text, href in self._links), markup=False)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)


def _line(text: str, href: str) -> Content:
    return Content.assemble(text, (f"  {href}", "dim"))


class FaultsDialog(Dialog[None]):
    """Everything that is wrong with the question files, by file and line."""

    BINDINGS = keys.COPY

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__()
        self._faults = faults

    def compose(self) -> ComposeResult:
        """A heading for each file, a line for each fault."""
        with VerticalScroll(classes="dialog"):
            yield Static("What is wrong in the question files", classes="title")
            yield Static("A file with a fault is left out; the others can be studied.\n")
            yield Sheet(partial(_by_file, self._faults))

    def action_copy(self) -> None:
        """All lines to the clipboard, as `ws-tutor check` prints them."""
        self.app.copy_to_clipboard("\n".join(map(str, self._faults)))
        self.notify(f"Copied: {counted(len(self._faults), 'line')}")


def _by_file(faults: tuple[Fault, ...], width: int) -> Lines:
    lines: Lines = []
    for path in dict.fromkeys(fault.path for fault in faults):
        lines += Content.styled(str(path), "bold").wrap(width)
        for fault in faults:
            if fault.path == path:
                place = Content.styled(f"{fault.line}:{fault.column}".rjust(7) + "  ", "$primary")
                lines += hang(Content(fault.text), place, width)
        lines.append(Content(""))
    return lines[:-1]
