"""List, reader and evidence side by side, or behind tabs where the terminal is narrow. Joins widgets, draws none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

from textual import on
from textual.app import RenderResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.style import Style
from textual.widget import Widget
from textual.widgets import Input, Static

from tutor.study.markdown import parse_link
from tutor.study.model import Question
from tutor.study.search import Hit
from tutor.study.store import Place
from tutor.ui import keys
from tutor.ui.desk import Found
from tutor.ui.screens.base import TutorScreen
from tutor.ui.widgets.evidence import Evidence
from tutor.ui.widgets.folds import Folds
from tutor.ui.widgets.prove import ProveIt
from tutor.ui.widgets.question_list import QuestionList
from tutor.ui.widgets.reader import Reader
from tutor.ui.widgets.search_box import SearchBox

LEAD = 12
"""So many characters of a snippet stand before the first word found: a list is narrow"""


class Tabs(Widget):
    """List | Reader, where only one of them fits."""

    ALLOW_SELECT = False

    def render(self) -> RenderResult:
        """The one on the screen is reversed."""
        self.auto_links = False
        reading = self.screen.has_class("-reading")
        return Content(" ").join(
            Content.styled(f" {title} ", "bold reverse" if on else "$foreground 75%").stylize(
                Style.from_meta({"@click": f"screen.pane({title.lower()!r})"})
            )
            for title, on in (("List", not reading), ("Reader", reading))
        )


class QuestionsScreen(TutorScreen):
    """Where one studies."""

    MODE = "questions"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [*keys.QUESTIONS, *keys.PANES]

    def __init__(self) -> None:
        super().__init__()
        self._wanted = ""
        self._filled = False
        self._trail: list[Place] = []

    def body(self) -> Iterable[Widget]:
        """Three panes; the style sheet says which of them fit."""
        yield Tabs()
        with Horizontal(id="panes"):
            with Vertical(id="list-pane"):
                yield SearchBox()
                yield QuestionList(self.tutor.desk.seen, id="list")
                yield Static("", id="found", markup=False)
            yield Reader(id="reader")
            yield Evidence(id="evidence")

    def on_mount(self) -> None:
        """Know at any moment where one is."""
        super().on_mount()
        self.watch(self._reader, "scroll_y", self._scrolled, init=False)

    def _scrolled(self) -> None:
        self.tutor.desk.keep_place(self._reader.place)

    # -- which question

    def fill(self) -> None:
        """The bank is there: list it and come back where one left."""
        desk = self.tutor.desk
        place = desk.place
        self._filled = True
        here = self._wanted or place.question
        self._show_all(here if desk.question(here) else "")
        if question := desk.question(place.question):
            self._reader.show(question, place)
        self.set_focus(self._list)
        if self._wanted:
            self.open(self._wanted)

    def open(self, key: str) -> None:
        """Read the question whose id or ref is `key`, as soon as the bank is there."""
        if not self._filled:
            self._wanted = key
            return
        question = self.tutor.desk.question(key)
        if question is None:
            self.notify(f"There is no question {key!r}.", severity="warning", markup=False)
            return
        self._reader.show(question)
        if question not in self._list.questions:
            self._close_search()
        self._list.point(question.id)
        self._read()

    @on(QuestionList.Pointed)
    def _pointed(self, event: QuestionList.Pointed) -> None:
        self._reader.show(event.question, soon=True)

    @on(QuestionList.Opened)
    def _opened(self, event: QuestionList.Opened) -> None:
        self._reader.show(event.question)
        self._read()

    def action_step(self, direction: int) -> None:
        """The next question of the list, or the one before."""
        if self._list.step(direction) is None:
            self._refuse("This is the last question." if direction > 0 else "This is the first question.")

    # -- unfolding: first what was asked for, then the focus, which is drawn as well

    def action_unfold(self, part: str) -> None:
        """Unfold a part, or fold it."""
        found = self._reader.toggle(part)
        self._read()
        if not found:
            self._refuse("This question has no such part.")

    def action_unfold_follow_up(self) -> None:
        """Unfold one more follow-up."""
        found = self._reader.unfold_next_follow_up()
        self._read()
        if not found:
            self._refuse("No follow-up is left: n goes to the next question.")

    def action_unfold_all(self) -> None:
        """Unfold or fold everything."""
        self._reader.toggle_all()
        self._read()

    @on(Reader.Changed)
    async def _reader_changed(self, event: Reader.Changed) -> None:
        desk = self.tutor.desk
        await self._evidence.show(event.question, event.unfolded)
        self.refresh_bindings()
        if "answer" in event.unfolded and desk.mark(event.question, progress(event.question, event.unfolded)):
            self._list.mark(event.question)
            self.show_status()
        desk.keep_place(self._reader.place)

    # -- proofs and links

    def action_prove(self) -> None:
        """Open the lab of the first claim; Tab goes to the others."""
        question = self._reader.question
        if question is None or not question.claims:
            self._refuse("No lab measures a claim of this question yet.")
        elif not self._reader.revealed:
            self._refuse("Say it aloud, unfold the answer with a, then prove it.")
        else:
            self.tutor.open_lab(question.claims[0].lab, question.claims[0].verdict)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What can't be done here is not offered."""
        if action == "search":
            return not isinstance(self.focused, Input)
        if action != "prove" or not self.is_mounted:
            return True
        return self._reader.question is not None and bool(self._reader.question.claims)

    @on(ProveIt.Asked)
    def _proof_asked(self, event: ProveIt.Asked) -> None:
        self.tutor.open_lab(event.claim.lab, event.claim.verdict)

    @on(Folds.Followed)
    def _link_followed(self, event: Folds.Followed) -> None:
        self.follow(event.href)

    def follow(self, href: str) -> None:
        """Go where a link leads; `action_back` comes back from another question."""
        link = parse_link(href)
        if link is not None and link.kind == "q" and self.tutor.desk.question(link.target):
            self._trail.append(self._reader.place)
        self.tutor.follow(href)

    def action_links(self) -> None:
        """Choose a link of the unfolded text."""
        from tutor.ui.screens.reference import LinksDialog

        links = self._reader.links
        if links:
            self.app.push_screen(LinksDialog(links), self._link_chosen)
        else:
            self._refuse("Nothing that is unfolded has a link.")

    def _link_chosen(self, href: str | None) -> None:
        if href:
            self.follow(href)

    def action_back(self) -> None:
        """Back to where a link led away from."""
        if not self._trail:
            self.notify("No link led here.")
            return
        place = self._trail.pop()
        question = self.tutor.desk.question(place.question)
        if question is not None:
            self._reader.show(question, place)
            self._list.point(question.id)

    def action_copy(self) -> None:
        """Copy the marked section as Markdown."""
        title, markdown = self._reader.section
        if markdown:
            self.app.copy_to_clipboard(markdown)
            self.notify(f"Copied as Markdown: {title}")

    # -- search

    def action_search(self) -> None:
        """Type to search."""
        self._bring(reading=False)
        self._search.open(sorted({tag for question in self.tutor.desk.bank.questions for tag in question.tags}))

    @on(SearchBox.Changed)
    def _query_changed(self, event: SearchBox.Changed) -> None:
        query = event.query.strip()
        here = self._reader.question.id if self._reader.question else ""
        if not query:
            self._show_all(here)
            return
        found = self.tutor.desk.find(query)
        snippets = {each.question.id: snippet_of(each.hit) for each in found if each.hit}
        stays = not snippets and any(each.question.id == here for each in found)
        self._list.show(_by_section(found, ranked=bool(snippets)), snippets, cursor=here if stays else "")
        count = f"{len(found)} found. Enter opens, Esc closes."
        hint = " Filters are level: tag: section: is:" if ":" in query else ""
        self.query_one("#found", Static).update(count if found else f"Nothing matches ‘{query}’. Esc clears.{hint}")

    def _show_all(self, cursor: str) -> None:
        sections = [(section.title, section.questions) for section in self.tutor.desk.bank.sections]
        self._list.show(sections, {}, cursor=cursor)
        self.query_one("#found", Static).update("" if self.tutor.desk.bank.questions else self._why_empty())

    def _refuse(self, why: str) -> None:
        """A key has nothing to do here; pressed again it says so in the same place."""
        self.app.clear_notifications()
        self.notify(why if self.tutor.desk.bank.questions else self._why_empty())

    def _why_empty(self) -> str:
        """There is nothing to read: say so, and what to do."""
        if not self.tutor.loaded:
            return "The questions are still being read."
        return "No question could be read. Press ! to see why." if self.tutor.desk.faults else "There is no question."

    @on(SearchBox.Moved)
    def _arrow(self, event: SearchBox.Moved) -> None:
        self._list.step(event.direction)

    @on(SearchBox.Submitted)
    def _search_entered(self) -> None:
        if question := self._list.pointed:
            self._reader.show(question)
            self._read()

    def _close_search(self) -> None:
        self._search.close()
        self.action_pane("list")

    # -- panes

    def _read(self) -> None:
        """Bring the reader to the front, with the focus unless a part of it has that already."""
        self._bring(reading=True)
        if not (isinstance(self.focused, ProveIt) or self.focused in (self._reader, self._evidence)):
            self.set_focus(self._reader)

    def action_pane(self, pane: str) -> None:
        """Bring a pane to the front: list or reader."""
        if pane == "reader":
            self._read()
            return
        self._bring(reading=False)
        self.set_focus(self._list)

    def _bring(self, *, reading: bool) -> None:
        """Where only one pane fits, this is the one. Elsewhere no rule asks, and to match them all takes 30 ms."""
        self.set_class(reading, "-reading", update=self.has_class("-narrow"))
        if self.has_class("-narrow"):
            self.query_one(Tabs).refresh()

    def action_next_pane(self, direction: int) -> None:
        """Go round: list, reader, its claims, evidence."""
        narrow = self.has_class("-narrow")
        stops: list[Widget] = [self._list, self._reader, *self.query(ProveIt), self._evidence]
        shown = [stop for stop in stops if _is_shown(stop) or (narrow and stop in (self._list, self._reader))]
        here = shown.index(self.focused) if self.focused in shown else -1
        there = shown[(here + direction) % len(shown)]
        self._bring(reading=there is not self._list)
        self.set_focus(there)

    def action_leave(self) -> None:
        """One step back: out of the search, to the list, to Today."""
        if self._search.is_open:
            self._close_search()
        elif self.focused is not self._list:
            self.action_pane("list")
        else:
            self.tutor.action_go("today")

    @property
    def _list(self) -> QuestionList:
        return self.query_one(QuestionList)

    @property
    def _reader(self) -> Reader:
        return self.query_one(Reader)

    @property
    def _evidence(self) -> Evidence:
        return self.query_one(Evidence)

    @property
    def _search(self) -> SearchBox:
        return self.query_one(SearchBox)


def _by_section(found: list[Found], *, ranked: bool) -> list[tuple[str, tuple[Question, ...]]]:
    """Under one heading, the best first; without a rank under the headings of their sections."""
    if ranked:
        return [("Best match first", tuple(each.question for each in found))]
    titles = dict.fromkeys(each.section for each in found)
    return [(title, tuple(each.question for each in found if each.section == title)) for title in titles]


def snippet_of(hit: Hit) -> Content:
    """Where the words were found: the field, and the text with the words marked, the first one near the beginning."""
    content = Content(hit.text)
    for start, stop in hit.spans:
        content = content.stylize("bold underline $warning", start, stop)
    cut = hit.spans[0][0] - LEAD if hit.spans else 0
    return Content.styled(f"{hit.field}: ", "dim") + (Content("…") + content[cut:] if cut > 0 else content)


def _is_shown(widget: Widget) -> bool:
    return all(node.display for node in widget.ancestors_with_self if isinstance(node, Widget))


def progress(question: Question, unfolded: frozenset[str]) -> Literal["opened", "read"]:
    """Read once answer, depth and every follow-up are unfolded; opened before."""
    needed = {"answer"} | {f"follow-{number}" for number in range(1, len(question.follow_ups) + 1)}
    needed |= {"depth"} if question.depth else set()
    return "read" if unfolded >= needed else "opened"
