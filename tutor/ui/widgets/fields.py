"""The fields of one message as a tree: bits under their byte, parts of a payload under the payload."""

from __future__ import annotations

from rich.text import Text
from textual.binding import Binding
from textual.message import Message as UiMessage
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from labs.wire.fields import Field
from labs.wire.message import Message
from tutor.ui.widgets.bytes import field_at


class FieldTree(Tree[Field | None]):
    """Selecting a field tells which bytes it spans; `select_byte` goes the other way."""

    BINDINGS = [  # noqa: RUF012 - Textual's own form
        Binding("j", "cursor_down", "Next", show=False),
        Binding("k", "cursor_up", "Previous", show=False),
    ]

    class FieldSelected(UiMessage):
        """The cursor came to stand on `field`."""

        def __init__(self, field: Field) -> None:
            super().__init__()
            self.field = field

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__("", id=id)
        self.show_root = False
        self.guide_depth = 2
        self._leaves: list[TreeNode[Field | None]] = []
        self._fields: tuple[Field, ...] = ()

    def show(self, message: Message | None) -> None:
        """Replace the tree by that of `message`."""
        self.clear()
        self.root.expand()
        self._fields = message.fields if message is not None else ()
        self._leaves = []
        open_nodes: list[TreeNode[Field | None]] = []
        for field in self._fields:
            while open_nodes and not _contains(open_nodes[-1].data, field):
                open_nodes.pop()
            parent = open_nodes[-1] if open_nodes else self.root
            node = parent.add(_label(field), data=field, expand=True)
            node.allow_expand = False
            if parent is not self.root:
                parent.allow_expand = True
            self._leaves.append(node)
            if field.bits is None:
                open_nodes.append(node)

    def select_byte(self, offset: int) -> None:
        """Put the cursor on the smallest field that covers the byte at `offset`."""
        index = field_at(self._fields, offset)
        if index is not None:
            with self.prevent(Tree.NodeHighlighted):
                self.move_cursor(self._leaves[index])
            self.scroll_to_node(self._leaves[index], animate=False)

    def on_tree_node_highlighted(self, event: Tree.NodeHighlighted[Field | None]) -> None:
        event.stop()
        if event.node.data is not None:
            self.post_message(self.FieldSelected(event.node.data))


def _contains(outer: Field | None, inner: Field) -> bool:
    if outer is None or (outer.start, outer.stop) == (inner.start, inner.stop):
        return False
    return outer.start <= inner.start and inner.stop <= outer.stop


def _label(field: Field) -> Text:
    """Name, value and meaning; what is wrong comes first and in words."""
    label = Text(no_wrap=True, overflow="ellipsis")
    label.append(f"{field.name} ", style="bold")
    label.append(field.value)
    if field.problem:
        label.append(f"  ✗ {field.problem}", style="bold red")
    elif field.meaning:
        label.append(f"  {field.meaning}", style="dim")
    return label
