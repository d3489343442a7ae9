"""What the class sees: title, step, question, parts, messages, verdicts, for a width and a height. Lines only."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from textual.content import Content

from labs import tape
from labs.lab import Lab
from labs.wire.message import Message
from labs.wire.printable import clean, cut
from tutor.ui.lab_model import LabModel, Prediction
from tutor.ui.lab_story import HELD, LABELS, NOT_HELD, starting, value_text
from tutor.ui.lines import Lines, counted, hang
from tutor.ui.part_states import STATES, UNKNOWN
from tutor.ui.stage.show import Label, Show
from tutor.ui.widgets.sticky import sticky_lines
from tutor.ui.widgets.topology import SIDES

QUIET = "$foreground 70%"
MARGIN = 2
GAP = "    "  # between two options
PARTS, MESSAGES = 5, 5  # rows in 24; more where there is room
ROOMY = 8  # rows of parts: there is room for the bytes to each node, too
_BANNERS = {Label.LIVE: ("● LIVE", "$text-success"), Label.RECORDED: ("◎ RECORDED", "$text-warning"),
            Label.WAITING: ("○ nothing runs yet", QUIET)}  # fmt: skip


def scene(lab: Lab, show: Show, width: int, height: int) -> Lines:
    """Exactly `height` lines, none wider than `width`."""
    inner = width - 2 * MARGIN
    middle = _waiting(lab, show, inner) if show.label is Label.WAITING else _running(show, inner, height - 3)
    lines = [_banner(lab, show, width), Content(""), *(" " * MARGIN + line for line in middle)]
    lines = [*lines[: height - 1], *[Content("")] * (height - 1 - len(lines)), _foot(lab, show, width)]
    return [line.truncate(width, ellipsis=True) for line in lines]


def _banner(lab: Lab, show: Show, width: int) -> Content:
    word, colour = _BANNERS[show.label]
    model = show.model
    if show.label is Label.LIVE and model.ended is not None:
        word, colour = "○ ended", QUIET
    started = f" of {model.started.started[:10]}" if show.label is Label.RECORDED and model.started else ""
    step = f"  step {model.steps}" if model.steps and model.ended is None else ""
    right = Content.styled(f"{word}{started}{step} ", f"bold {colour}")
    left = Content.styled(f"{' ' * MARGIN}{lab.title}", "bold $primary").truncate(width - right.cell_length - 1)
    return left + " " * (width - left.cell_length - right.cell_length) + right


def _foot(lab: Lab, show: Show, width: int) -> Content:
    verdicts = show.model.verdicts.values()
    held = sum(verdict.ok for verdict in verdicts)
    failed = len(verdicts) - held
    left = Content.assemble(
        "  ", HELD, (str(held), "bold"), "   ", NOT_HELD, (str(failed), "bold"),
        (f"   of {counted(len(lab.verdicts), 'verdict')}", QUIET),
    )  # fmt: skip
    keys = "Space next  " if show.label is Label.RECORDED else ""
    keys += "p recorded  " if show.has_recording else ""
    right = Content.styled(f"{keys}t theme  q quit ", QUIET)
    return left + " " * max(1, width - left.cell_length - right.cell_length) + right


def _waiting(lab: Lab, show: Show, width: int) -> Lines:
    lines: Lines = []
    if show.problem:
        lines += [*hang(Content.styled(clean(show.problem), "bold $text-error"), "✗ ", width), Content("")]
    lines += Content.styled("Nothing runs yet. This screen follows the lab as soon as it does:", "bold").wrap(width)
    lines.append(Content(""))
    lines += hang(Content(f"in the tutor: 3 Labs, {lab.title}, r runs it"), "· ", width)
    lines += hang(Content(f"or in another terminal: ws-tutor lab run {lab.name}"), "· ", width)
    lines.append(Content(""))
    if show.has_recording:
        lines += Content("p plays the last good tape meanwhile.").wrap(width)
    else:
        lines.append(Content.styled("There is no good tape to fall back on. This makes one:", QUIET))
        lines += hang(Content.styled(f"ws-tutor lab run {lab.name} --auto", QUIET), "· ", width)
    return lines


def _running(show: Show, width: int, height: int) -> Lines:
    """What is told on top; parts, messages and the latest verdict at their places below it, whatever the telling."""
    model = show.model
    more = max(0, height - 20) // 2
    parts = _parts(model, width, PARTS + more // 2)
    messages = _messages(model, width, MESSAGES + more)
    below = [_rule(width), *parts, _rule(width), *messages]
    verdict = _verdict(model, width)
    told = _told(show, width)
    room = max(1, height - len(below) - len(verdict))
    told = [*told[:room], *[Content("")] * (room - len(told))]
    return [*told, *below, *verdict]


def _rule(width: int) -> Content:
    return Content.styled("─" * width, "$primary 60%")


# -- step and question


def _told(show: Show, width: int) -> Lines:
    model = show.model
    if model.ended is not None:
        return _ending(show, width)
    steps = [event for event in model.story if isinstance(event, tape.Step)]
    if not steps:
        return starting(model, width)
    step = steps[-1]
    lines = hang(Content.styled(clean(step.title), "bold $primary"), f"{model.steps}  ", width)
    lines.append(Content(""))
    asked = _asked(model, step)
    if asked:
        for prediction in asked[-2:] if model.waiting is None else [model.waiting]:
            lines += _question(prediction, width)
    else:
        lines += Content(clean(step.text)).wrap(width)
    for note in _labels(model, step):
        lines += Content.styled(clean(note), "$text-warning").wrap(width)[:2]
    return lines


def _since(model: LabModel, step: tape.Step) -> Sequence[tape.Event]:
    return model.story[model.story.index(step) + 1 :]


def _asked(model: LabModel, step: tape.Step) -> list[Prediction]:
    """What was asked in this step, in order."""
    return [model.predictions[event.id] for event in _since(model, step) if isinstance(event, tape.Predict)]


def _labels(model: LabModel, step: tape.Step) -> list[str]:
    """Notes are the instructor's, but not those that say what kind of thing is shown."""
    return [each.text for each in _since(model, step) if isinstance(each, tape.Note) and each.text.startswith(LABELS)]


def _question(prediction: Prediction, width: int) -> Lines:
    asked = prediction.asked
    lines = hang(Content.styled(clean(asked.ask), "bold"), "? ", width)
    if prediction.measured is not None:
        measured = value_text(prediction.measured, asked).stylize("bold $text-success")
        return [*lines, *hang(measured, "  = ", width)]
    options = [Content(f"{chr(97 + number)}) {clean(option)}") for number, option in enumerate(asked.options)]
    lines += ["  " + line for line in _packed(options, width - 2)]
    return lines


def _packed(items: Sequence[Content], width: int) -> Lines:
    """As many beside one another as fit, none cut in two lines where it fits into one."""
    lines: Lines = []
    for item in items:
        if lines and lines[-1].cell_length + len(GAP) + item.cell_length <= width:
            lines[-1] = lines[-1] + GAP + item
        else:
            lines += hang(item, "", width)
    return lines


def _ending(show: Show, width: int) -> Lines:
    model = show.model
    held, all_of = sum(verdict.ok for verdict in model.verdicts.values()), len(model.verdicts)
    lines = [Content.styled(f"{held} of {counted(all_of, 'verdict')} held", "bold $primary"), Content("")]
    for verdict in model.verdicts.values():
        if not verdict.ok:
            lines += hang(Content(clean(verdict.claim)), NOT_HELD, width)
    if show.problem:
        lines += hang(Content.styled(clean(show.problem), "$text-error"), "! ", width)
    elif model.ended is not None and model.ended.error:
        lines += Content.styled(clean(model.ended.error), QUIET).wrap(width)
    return lines


# -- parts


def _parts(model: LabModel, width: int, rows: int) -> Lines:
    """Behind a balancer who is on which node; else who dials on the left, whom it reaches on the right, and between two
    groups the bytes each way: also in a step that plays beside the balancer, of those that it needs. At most `rows`."""
    if (places := model.placement.places) and not model.beside:
        sizes = rows > ROOMY
        return sticky_lines(model.parts, model.links, places, width=width, sizes=sizes)[:rows]
    groups = [[], [], []]  # type: list[list[tape.Part]]
    needed = [model.parts[id] for id in model.beside if id in model.parts] if places else model.parts.values()
    for part in needed:
        side = SIDES.index(part.role) if part.role in SIDES else 0
        groups[0 if side < 3 else 1 if side < 5 else 2].append(part)
    shown = [group for group in groups if group]
    if not shown:
        return []
    rows = max(2, min(rows, max(map(len, shown))))  # two for the arrows
    arrows = [_arrows(model, left, right) for left, right in pairwise(shown)]
    names = (width - sum(each[0].cell_length for each in arrows)) // len(shown)
    lines: Lines = []
    for row in range(rows):
        line = Content("")
        for number, group in enumerate(shown):
            cell = _cell(group, row, rows, names - 1)
            line += cell + " " * max(0, names - cell.cell_length)
            if number < len(arrows):
                pair = arrows[number]
                line += pair[row] if row < 2 else Content(" " * pair[0].cell_length)
        lines.append(line)
    return lines


def _cell(group: list[tape.Part], row: int, rows: int, width: int) -> Content:
    """The part in that row of its group: those that are not gone first, and how many have no row."""
    order = sorted(group, key=lambda part: part.state == "down")
    if row == rows - 1 and len(order) > rows:
        return Content.styled(f"+ {len(order) - rows + 1} more", QUIET)
    if row >= len(order):
        return Content("")
    part = order[row]
    glyph, word, colour = STATES.get(part.state, UNKNOWN)
    state = "" if part.state == "up" else f" {word}"
    name = cut(part.id, max(4, width - 2 - len(state)))
    return Content.assemble((f"{glyph} ", colour), (name, "bold"), (state, colour))


def _arrows(model: LabModel, left: list[tape.Part], right: list[tape.Part]) -> tuple[Content, Content]:
    there, back = _bytes(model, left, right), _bytes(model, right, left)
    room = max(len(there), len(back))
    style = "$primary"
    return (
        Content.styled(f" ─── {there:>{room}} ──▶ ", style),
        Content.styled(f" ◀── {back:>{room}} ─── ", style),
    )


def _bytes(model: LabModel, senders: list[tape.Part], receivers: list[tape.Part]) -> str:
    here, there = {part.id for part in senders}, {part.id for part in receivers}
    total = sum(size for (sender, receiver), size in model.links.items() if sender in here and receiver in there)
    return f"{total:,} B"


# -- messages and verdicts


def _messages(model: LabModel, width: int, rows: int) -> Lines:
    """The newest, at the bottom; of those that lie on one another only the topmost, and no heart-beats nor checks."""
    found: list[Message] = []
    for row in reversed(model.rows):
        if not (row.carrier or row.routine or row.message.summary.startswith("heart-beat")):
            found.append(row.message)
            if len(found) == rows:
                break
    routes = [cut(f"{message.sender} → {message.receiver}", width // 3) for message in reversed(found)]
    pad = max(map(len, routes), default=0)
    lines = [
        Content.assemble(
            (f"{route:{pad}}  ", QUIET), (clean(message.summary), "$text-error" if message.problem else "")
        )
        for route, message in zip(routes, reversed(found), strict=True)
    ]
    return [*lines, *[Content("")] * (rows - len(lines))]


def _verdict(model: LabModel, width: int) -> Lines:
    """The latest, and what the prediction before it came to, since the next question follows at once. On three
    lines, whatever they say, so that nothing jumps."""
    latest = next((event for event in reversed(model.story) if isinstance(event, tape.Verdict)), None)
    lines: Lines = []
    if latest is not None:
        claim = Content.styled(clean(latest.claim), "bold")
        lines = hang(claim, HELD if latest.ok else NOT_HELD, width)[:2]
    measured = [each for each in model.predictions.values() if each.measured is not None]
    if measured:
        value = value_text(measured[-1].measured, measured[-1].asked).stylize("bold")
        lines.append(Content.assemble("= ", value, (f"   {clean(measured[-1].asked.ask)}", QUIET)))
    return [_rule(width), *lines, *[Content("")] * (3 - len(lines))]
