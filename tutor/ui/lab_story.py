"""A lab as text to read from top to bottom: what it is before it runs, then what the tape tells. Lines only."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from textual.content import Content

from labs import tape
from labs.lab import Fault, Lab
from labs.tables import Table, drawn, is_cell, tables
from labs.wire.printable import clean, printable
from tutor.ui.fault_keys import letters
from tutor.ui.lab_model import LabModel, Prediction
from tutor.ui.lines import Lines, counted, hang
from tutor.ui.part_states import state_of

QUIET = "$foreground 70%"
MAX_TOLD = 500  # entries of a story that are shown, the newest
LABELS = ("STAND-IN", "MODEL", "RECORDED")  # words that say what kind of thing is shown

HELD = Content.styled("✓ ", "bold $text-success")
NOT_HELD = Content.styled("✗ ", "bold $text-error")


def before_run(lab: Lab, knobs: Mapping[str, str], wanted: str, width: int) -> Lines:
    """Title, summary, what it proves, knobs with their values. `wanted` is the verdict that one came to see."""
    lines = [*Content.styled(lab.title, "bold $primary").wrap(width), *Content(lab.summary).wrap(width), Content("")]
    lines.append(Content.styled("It measures", "bold"))
    for id, claim in lab.verdicts.items():
        text = (
            Content.assemble((claim, "bold"), ("  ◀ the claim you came to see", "$primary")) if id == wanted else claim
        )
        lines += hang(Content(text) if isinstance(text, str) else text, "· ", width)
    if lab.knobs:
        lines += [Content(""), Content.assemble(("Knobs", "bold"), ("   s sets them", QUIET))]
        lines += knob_lines(lab, knobs, width)
    lines += [Content(""), Content.assemble(("▶ r or Enter runs it", "bold $primary"))]
    lines += hang(
        Content.styled(f"ws-tutor stage {lab.name}, in a second terminal, shows it to a class", QUIET), "  ", width
    )
    return lines


def knob_lines(lab: Lab, knobs: Mapping[str, str], width: int) -> Lines:
    """One line a knob: name, value, what it does; a value that is not the default says what that is."""
    names = max(len(knob.name) for knob in lab.knobs) + 2
    lines: Lines = []
    for knob in lab.knobs:
        value = knobs.get(knob.name, knob.default)
        unit = f" {knob.unit}" if knob.unit else ""
        about = knob.about if value == knob.default else f"{knob.about} (by default {knob.default or 'nothing'})"
        text = Content.assemble((printable(value) or "nothing", "bold"), unit, (f"  {about}", QUIET))
        lines += hang(text, f"  {knob.name:{names}}", width)
    return lines


def told(model: LabModel, width: int) -> Lines:
    """What the tape has told so far."""
    skipped = len(model.story) - MAX_TOLD
    lines: Lines = [Content.styled(f"… {counted(skipped, 'earlier event')} left out", QUIET)] if skipped > 0 else []
    step = sum(isinstance(event, tape.Step) for event in model.story[: max(0, skipped)])
    measured: list[tape.Metric] = []  # cells of tables, which are drawn before what was concluded from them
    for event in model.story[-MAX_TOLD:]:
        if isinstance(event, tape.Metric):
            measured.append(event)
        elif isinstance(event, tape.Verdict | tape.Step):
            lines += _tables(measured, width)
            measured.clear()
        step += isinstance(event, tape.Step)
        lines += _entry(event, model, step, width)
    return lines + _tables(measured, width)


def _tables(measured: list[tape.Metric], width: int) -> Lines:
    """What has just been measured, under the step that measured it."""
    lines = [line for table in tables(measured) for line in (*table_lines(table, width - 5), Content(""))]
    return [Content("     ") + line for line in lines[:-1]]


def _entry(event: tape.Event, model: LabModel, step: int, width: int) -> Lines:
    match event:
        case tape.Step():
            number = f"{step}. "
            title = hang(Content.styled(clean(event.title), "bold $primary"), number, width)
            return [Content(""), *title, *hang(_text(event.text), " " * len(number), width)]
        case tape.Predict():
            prediction = model.predictions[event.id]
            return [] if prediction is model.waiting else prediction_lines(prediction, width)  # its form is open
        case tape.Verdict():
            return _verdict(event, width)
        case tape.Note():
            return hang(_text(event.text), "   · ", width)
        case tape.FaultInjected():
            return hang(_text(f"fault {event.id} of {event.target}, by the {event.by}"), "   ! ", width)
        case tape.Failure():
            return hang(_text(f"refused: {event.text}").stylize("$text-error"), "   ✗ ", width)
    return []


def _verdict(event: tape.Verdict, width: int) -> Lines:
    """One line for what held; what did not is told in full."""
    mark = Content("   ") + (HELD if event.ok else NOT_HELD)
    lines = hang(_text(event.claim), mark, width)
    if not event.ok:
        lines += hang(_text(event.expected), "     expected  ", width)
        lines += hang(_text(event.observed), "     observed  ", width)
    return lines


def prediction_lines(prediction: Prediction, width: int) -> Lines:
    """The question, what was predicted, and beside it what was measured."""
    lines = hang(_text(prediction.asked.ask).stylize("italic"), "   ? ", width)
    if prediction.value is not None:
        lines += hang(value_text(prediction.value, prediction.asked), "     you said  ", width)
    if prediction.measured is not None:
        text = value_text(prediction.measured, prediction.asked)
        if prediction.held is not None:
            word = (
                ("   ✓ as predicted", "bold $text-success")
                if prediction.held
                else ("   ✗ not as predicted", "bold $text-error")
            )
            text = Content.assemble(text, word)
        lines += hang(text, "     measured  ", width)
    return lines


def value_text(value: object, asked: tape.Predict) -> Content:
    """An answer as a reader writes it."""
    if isinstance(value, list):
        return _text(", then ".join(map(str, value)))
    if asked.form == "bytes" and isinstance(value, str):
        return _text(" ".join(value[at : at + 2] for at in range(0, len(value), 2)))
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return _text(f"{text} {asked.unit}".rstrip())


def metric_lines(model: LabModel, width: int) -> Lines:
    """The newest value of each measurement: tables, then the others with the part that they are of."""
    lines: Lines = []
    for table in tables(model.metrics.values()):
        lines += [*table_lines(table, width), Content("")]
    for metric in model.metrics.values():
        if is_cell(metric):
            continue
        of_part = f" ({metric.part})" if metric.part else ""
        value = (f"{metric.value:g} {printable(metric.unit)}".rstrip(), "bold")
        lines += hang(Content.assemble(f"{printable(metric.name + of_part)}  ", value), "· ", width)
    return lines


def table_lines(table: Table, width: int) -> Lines:
    """The table under its title."""
    title, rows = drawn(table, width)
    return [*Content.styled(printable(title), "bold").wrap(width), *map(_row, rows)]


def _row(text: str) -> Content:
    """A line of a table; what qualifies a figure (`2.3 s, blind`) stands out, as a bar does."""
    content = Content(printable(text))
    for match in _QUALIFIED.finditer(content.plain):
        content = content.stylize("$text-warning", *match.span())
    for match in _BAR.finditer(content.plain):
        content = content.stylize("$primary", *match.span())
    return content


_QUALIFIED = re.compile(r"[0-9.]+ \w+, \w[\w ]*")
_BAR = re.compile("━+")


def starting(model: LabModel, width: int) -> Lines:
    """What has started so far of what the lab needs; nothing once it has begun."""
    if model.steps:
        return []
    lines: Lines = hang(Content.styled("Starting the processes that the lab needs …", "$text-warning"), "◌ ", width)
    names = max((len(id) for id in model.parts), default=0)
    for part in model.parts.values():
        glyph, word, colour = state_of(part)
        text = Content.assemble((printable(part.id).ljust(names), "bold"), f"  {word} after {part.t:.1f} s")
        lines += hang(text, Content.styled(f"  {glyph} ", colour), width)
    return lines


def your_turn(faults: Sequence[Fault], width: int) -> Lines:
    """What the learner can do in free play: a fault each by its key, or go on."""
    lines = hang(Content.styled("Your turn:", "bold $text-warning"), "◇ ", width)
    for key, fault in letters(faults).items():
        text = Content.assemble((fault.id, "bold"), (f"  {fault.about}", QUIET))
        lines += hang(text, Content.styled(f"  {key}  ", "bold $primary"), width)
    text = Content.styled("the lab is over", QUIET)
    return [Content(""), *lines, *hang(text, Content.styled("  Space  ", "bold $primary"), width)]


def ending(model: LabModel, problem: str, width: int) -> Lines:
    """How it ended. `problem` is what the process said where the tape has no last line."""
    lines = [Content("")]
    held, count = sum(verdict.ok for verdict in model.verdicts.values()), len(model.verdicts)
    seconds = f", {model.ended.seconds:.1f} s" if model.ended is not None else ""
    summary = f"{held} of {counted(count, 'verdict')} held{seconds}."
    error = problem or (model.ended.error if model.ended is not None else None)
    if error:
        lines += hang(_text(f"The lab did not run to its end: {error}").stylize("bold $text-error"), "✗ ", width)
        lines += Content.styled(summary, QUIET).wrap(width) if count else []
    else:
        lines += hang(Content.styled(summary, "bold"), HELD if held == count else NOT_HELD, width)
    lines += hang(Content.styled("r runs it again · s sets the knobs · w writes the tape to a file", QUIET), "", width)
    return lines


def _text(text: str) -> Content:
    """Text of the tape, on its line; a label at its beginning stands out."""
    content = Content(clean(text))
    label = next((label for label in LABELS if text.startswith(label)), "")
    return content.stylize("bold $text-warning", 0, len(label)) if label else content
