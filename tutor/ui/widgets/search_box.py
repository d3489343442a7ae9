"""Where one types a search: words, and filters such as `level:senior tag:stomp is:unseen`, or clicked."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult, RenderResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.style import Style
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Input

from tutor.ui import keys

FILTERS = ("is:unseen", "is:seen", "level:core", "level:senior", "level:architect")


class SearchBox(Vertical):
    """One line to type in, one line of filters to click. The text is the whole truth of what is filtered."""

    class Changed(Message):
        """The query is another one now."""

        def __init__(self, query: str) -> None:
            super().__init__()
            self.query = query

    class Submitted(Message):
        """Enter: open the hit under the cursor."""

    class Moved(Message):
        """Arrow keys move the cursor of the list while one types."""

        def __init__(self, direction: int) -> None:
            super().__init__()
            self.direction = direction

    def compose(self) -> ComposeResult:
        """The line to type in and the filters."""
        yield Query(placeholder="words · level: · tag: · section: · is:unseen", compact=True)
        yield Filters()

    @property
    def query_text(self) -> str:
        """What is searched for."""
        return self.query_one(Input).value

    @query_text.setter
    def query_text(self, text: str) -> None:
        self.query_one(Input).value = text

    def open(self, tags: list[str]) -> None:
        """Show the box and type in it; `tags` are offered as one types `tag:`."""
        self.add_class("-open")
        box = self.query_one(Input)
        box.suggester = LastWord([*FILTERS, *(f"tag:{tag}" for tag in tags)])
        box.focus()

    def close(self) -> None:
        """Empty and hide the box."""
        self.query_text = ""
        self.remove_class("-open")

    @property
    def is_open(self) -> bool:
        """Whether it is on the screen."""
        return self.has_class("-open")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.query_one(Filters).words = frozenset(event.value.split())
        self.post_message(self.Changed(event.value))

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Submitted())

    def action_filter(self, word: str) -> None:
        """Add a filter to the query, or take it out; of each kind there is one at most."""
        kind = word.partition(":")[0] + ":"
        words = self.query_text.split()
        rest = [other for other in words if not other.startswith(kind)]
        self.query_text = " ".join(rest if word in words else [*rest, word])


class Query(Input):
    """The line to type in. Its arrow keys move the cursor of the list below."""

    BINDINGS = keys.SEARCH

    def action_list(self, direction: int) -> None:
        """Tell where to."""
        self.post_message(SearchBox.Moved(direction))


class LastWord(Suggester):
    """Completes the filter that is being typed, wherever in the query it stands."""

    def __init__(self, filters: list[str]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._filters = filters

    async def get_suggestion(self, value: str) -> str | None:
        """The whole query with its last word completed; None where no filter begins like it."""
        last = value.rpartition(" ")[2]
        if ":" not in last:
            return None
        return next((value + each[len(last) :] for each in self._filters if each.startswith(last)), None)


class Filters(Widget):
    """The filters to click; those in force are reversed and bracketed."""

    ALLOW_SELECT = False

    def __init__(self) -> None:
        super().__init__()
        self.auto_links = False
        self._words: frozenset[str] = frozenset()

    @property
    def words(self) -> frozenset[str]:
        """The words of the query."""
        return self._words

    @words.setter
    def words(self, words: frozenset[str]) -> None:
        self._words = words
        self.refresh()

    def render(self) -> RenderResult:
        """One line."""
        chips = []
        for word in FILTERS:
            on = word in self._words
            label = f"[{word.partition(':')[2]}]" if on else f" {word.partition(':')[2]} "
            click = Style.from_meta({"@click": f"filter({word!r})"})
            chips.append(Content.styled(label, "bold $primary" if on else "$foreground 70%").stylize(click))
        return Content("").join(chips)

    def action_filter(self, word: str) -> None:
        """Hand the click to the box."""
        if isinstance(self.parent, SearchBox):
            self.parent.action_filter(word)
