"""The question, spoken first; its parts below, folded until they are asked for. Knows no other widget and no file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widgets import Static

from tutor.study.model import Question
from tutor.study.store import Place
from tutor.ui import keys
from tutor.ui.parts import EVIDENCE, Part, parts_of
from tutor.ui.widgets.fold import text_width
from tutor.ui.widgets.folds import Folds, State
from tutor.ui.widgets.prove import Proofs

SETTLE = 0.06
"""Seconds of rest in the list before the parts are built: running through it with j costs one line of text each."""


class Reader(VerticalScroll):
    """One question at a time. `unfolded` holds the ids of its open parts."""

    BINDINGS = keys.READER

    class Changed(Message):
        """A part was unfolded or folded, or another question is being read."""

        def __init__(self, question: Question, unfolded: frozenset[str]) -> None:
            super().__init__()
            self.question = question
            self.unfolded = unfolded

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.question: Question | None = None
        self.unfolded: frozenset[str] = frozenset()
        self._parts: tuple[Part, ...] = ()
        self._current = ""
        self._built: Question | None = None
        self._line = 0
        self._settle: Timer | None = None

    def compose(self) -> ComposeResult:
        """The head, the answer, and below what can be proved of it the other parts."""
        yield Static("", id="meta", markup=False)
        yield Static("", id="ask", markup=False)
        yield Folds(id="answer")
        yield Folds(id="others")

    # -- which question

    def show(self, question: Question, place: Place | None = None, *, soon: bool = False) -> None:
        """Read `question`, as it was left at `place`. `soon`: build the parts when one rests."""
        if question is self.question and place is None:
            return
        self.question = question
        self._parts = parts_of(question)
        self.unfolded = frozenset(place.unfolded if place else ())
        self._line, self._current = (place.line, place.unfolded[-1] if place.unfolded else "") if place else (0, "")
        self._built = None
        self._head(question)
        self.add_class("-stale")
        if self._settle is not None:
            self._settle.stop()
        self._settle = self.set_timer(SETTLE if soon else 0.001, self._build)

    def _head(self, question: Question) -> None:
        tags = "  ".join(f"#{tag}" for tag in question.tags)
        meta = Content.assemble(
            (question.ref, "bold $primary"), (f"  {question.level}  ", "$foreground 80%"), (tags, "$foreground 60%")
        )
        self.query_one("#meta", Static).update(meta)
        self.query_one("#ask", Static).update(Content(question.ask))
        self.scroll_home(animate=False)

    async def _build(self) -> None:
        """Put the parts of the question of now where those of the last one stand."""
        question = self.question
        if question is None or self._built is question:
            return
        with self.app.batch_update():
            await self.query(Proofs).remove()
            if question.claims:
                await self.mount(Proofs(question.claims), after="#answer")
                self._put_away_proofs()
            for folds, parts in zip(self._folds, (self._parts[:1], self._parts[1:]), strict=True):
                folds.read(parts, self._state())
        self._built = question
        self.remove_class("-stale")
        self.call_after_refresh(self._typeset_ahead)
        self.post_message(self.Changed(question, self.unfolded))
        self.call_after_refresh(self._restore)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Nothing but the ground stands between the parts. It is drawn anew whenever there is more to scroll."""
        strip = Strip.blank(crop.width, self.visual_style.rich_style)
        for each in self.get_line_filters():
            strip = strip.apply_filter(each, self.background_colors[1])
        return [strip] * crop.height

    def watch_has_focus(self, _has_focus: bool) -> None:
        """The focus moves at once, its mark a frame later: what the key asked for is not kept waiting for colours."""
        self.call_after_refresh(self._show_focus)

    def _show_focus(self) -> None:
        self.update_node_styles()
        self.call_later(self._draw_ahead, self._parts)

    def _typeset_ahead(self) -> None:
        """Set in a thread what is folded: Markdown and code that are new take longer than the key may that unfolds."""
        width = text_width(self._folds[0].size.width)
        parts = self._parts if width > 0 else ()
        self.run_worker(partial(self._typeset, parts, width), thread=True, exit_on_error=False)

    def _typeset(self, parts: Sequence[Part], width: int) -> None:
        """The answer first, with what comes with it: its key is the next."""
        for part in parts:
            if part.id == "answer" or part.comes_with_answer:
                part.lines(width)
        self.call_later(self._draw_ahead, parts, ("answer",))
        for part in parts:
            part.lines(width)
        self.call_later(self._draw_ahead, parts)

    def _draw_ahead(self, parts: Sequence[Part], wanted: Sequence[str] = ("answer", "depth", "follow-")) -> None:
        """Draw what the next keys may show: the answer, the depth and a follow-up."""
        if parts is not self._parts:
            return
        folded = [part.id for part in parts if not self._is_open(part)]
        for kind in wanted:
            for part in [each for each in folded if each.startswith(kind)][:1]:
                for folds in self._folds:
                    folds.draw_ahead(self._state(part), self.size.height)

    def on_resize(self) -> None:
        """A reader that was hidden can scroll only now; what stands beside a wide one is not in it."""
        if self._built is not None:
            self._mark()
        self.call_after_refresh(self._restore)

    def _restore(self) -> None:
        """Go to the line where one left, once there is so much to scroll."""
        if self._line and self.max_scroll_y and self._built is self.question:
            self.scroll_to(y=self._line, animate=False)
            self._line = 0

    @property
    def _folds(self) -> tuple[Folds, Folds]:
        return self.query_one("#answer", Folds), self.query_one("#others", Folds)

    def _state(self, asked_for: str = "") -> State:
        """What is shown: with the answer comes what stands behind it, unless that stands beside the reader. Of now, or
        when the part `asked_for` will have been unfolded."""
        unfolded = self.unfolded | {asked_for} - {""}
        behind = frozenset(part.id for part in self._parts if part.comes_with_answer)
        away = frozenset(EVIDENCE) if self.screen.has_class("-wide") else frozenset()
        return State(unfolded | behind, asked_for or self._current, away if "answer" in unfolded else away | behind)

    def _is_open(self, part: Part) -> bool:
        return part.comes_with_answer or part.id in self.unfolded

    # -- folding

    @property
    def revealed(self) -> bool:
        """Whether the answer is unfolded, and with it what stands behind it: corrections, sources, proofs."""
        return "answer" in self.unfolded

    def toggle(self, part_id: str) -> bool:
        """Unfold that part, or fold it again; False where the question has no such part."""
        if all(part.id != part_id for part in self._parts):
            return False
        self._set(self.unfolded ^ {part_id}, part_id)
        return True

    def toggle_all(self) -> None:
        """Unfold everything; where all is unfolded, fold it."""
        everything = frozenset(part.id for part in self._parts if not part.comes_with_answer)
        self._set(frozenset() if self.unfolded >= everything else everything, "answer")

    def unfold_next_follow_up(self) -> bool:
        """Unfold the first follow-up that is still folded; False where none is."""
        for part in self._parts:
            if part.id.startswith("follow-") and part.id not in self.unfolded:
                self._set(self.unfolded | {part.id}, part.id)
                return True
        return False

    def _set(self, unfolded: frozenset[str], current: str) -> None:
        self.unfolded, self._current = unfolded, current
        if self.question is None or self._built is not self.question:
            return
        self._mark()
        self.call_after_refresh(self._shown)

    def _shown(self) -> None:
        """What was asked for is on the screen, and the others may follow."""
        self._reveal()
        if self.question is not None and self._built is self.question:
            self.post_message(self.Changed(self.question, self.unfolded))
            self.call_later(self._draw_ahead, self._parts)

    def _mark(self) -> None:
        """Show every part in the state of now."""
        self._put_away_proofs()
        for folds in self._folds:
            folds.show(self._state())

    def _put_away_proofs(self) -> None:
        for proofs in self.query(Proofs):
            proofs.put_away(not self.revealed)

    def _reveal(self) -> None:
        """Scroll as little as shows the current part whole, but never its title out of sight."""
        view = self.scrollable_content_region
        for folds in self._folds:
            region = folds.region_of(self._current)
            hidden = min(region.bottom - view.bottom, region.y - view.y)
            if region.height and self._current in self.unfolded and (region.y < view.y or hidden > 0):
                self.scroll_relative(y=hidden if hidden > 0 else region.y - view.y, animate=False)

    @on(Folds.Toggled)
    def _title_clicked(self, event: Folds.Toggled) -> None:
        event.stop()
        if not event.part.comes_with_answer:
            self.toggle(event.part.id)

    # -- what others ask of it

    @property
    def place(self) -> Place:
        """Where one is; the current part stands last."""
        if self.question is None:
            return Place()
        unfolded = sorted(self.unfolded, key=lambda part: part == self._current)
        return Place("questions", self.question.id, tuple(unfolded), self._line or round(self.scroll_y))

    @property
    def section(self) -> tuple[str, str]:
        """The marked section, for copying: its title and its Markdown. Without one, the question as it is asked."""
        for part in self._parts:
            if part.id == self._current and part.id in self.unfolded:
                return part.title, part.markdown
        return ("Question", f"# {self.question.ref}. {self.question.ask}\n") if self.question else ("", "")

    @property
    def links(self) -> list[tuple[str, str]]:
        """Links in the unfolded text, in reading order: what they say and where they lead."""
        shown = (part for part in self._parts if self._is_open(part) and (self.revealed or not part.comes_with_answer))
        found = [target for part in shown for target in part.links]
        return list(dict.fromkeys(found))

    def action_move(self, direction: Literal[-1, 1]) -> None:
        """Scroll a line."""
        self.scroll_relative(y=direction * 2, animate=False)

    def action_edge(self, edge: Literal["top", "bottom"]) -> None:
        """Scroll to an end."""
        if edge == "top":
            self.scroll_home(animate=False)
        else:
            self.scroll_end(animate=False)
