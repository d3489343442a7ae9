"""Today's plan in words: when the interview is, what a session holds, what is known on the day. Draws no widget."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from textual.content import Content

from tutor.study.model import Fact, Question
from tutor.study.plan import SESSION_MINUTES, Entry, Today
from tutor.study.schedule import DEFAULT_DAYS, Goal
from tutor.ui.lines import Lines, counted, hang

EVENING = "One round of rapid-fire; then stop."
EVENING_WRONG = "Read once more what you were certain of and had wrong; one round of rapid-fire; then stop."
LABEL = 14
"""Cells of the words at the left"""


def day_name(day: date) -> str:
    """Thursday 3 December 2026."""
    return f"{day:%A} {day.day} {day:%B} {day.year}"


def distance(days: int) -> str:
    """How far a day is, from today."""
    return "today" if days == 0 else "tomorrow" if days == 1 else f"in {days} days"


def session_label(goal: Goal, plan: Today | None) -> Content:
    """What the button says."""
    minutes = f"Start {min(goal.minutes, SESSION_MINUTES)} minutes"
    if plan is None:
        return Content.assemble(minutes, ("  questions, facts and one lab", "not bold"))
    if not plan.session:
        return Content.assemble(minutes, ("  nothing is worth another look now; come back later", "not bold"))
    if plan.stop:
        return Content.assemble("Start rapid-fire", (f"  {contents(plan.session)}; then stop", "not bold"))
    return Content.assemble(minutes, (f"  {contents(plan.session)}", "not bold"))


def contents(session: Sequence[Entry | str]) -> str:
    """6 questions, 9 facts and the lab masking."""
    questions, facts = (sum(isinstance(each, kind) for each in session) for kind in (Question, Fact))
    labs = [f"the lab {each}" for each in session if isinstance(each, str)]
    parts = [counted(number, noun) for number, noun in ((questions, "question"), (facts, "fact")) if number] + labs
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if parts[1:] else parts)


def goal_label(goal: Goal, now: datetime, *, is_set: bool) -> Content:
    """When the interview is; where that was never said, the question."""
    left = goal.days_left(now)
    if not is_set:
        later = f"it can wait: until then the plan looks {DEFAULT_DAYS} days ahead"
        return Content.assemble(
            ("When is the interview?", "bold"), (f"  Enter sets the day and the minutes; {later}", "")
        )
    minutes = f"{goal.minutes} minutes a day"
    if goal.interview is None:
        return Content(f"No day is set: the plan looks {DEFAULT_DAYS} days ahead · {minutes}")
    if left is None:
        return Content(f"It was on {day_name(goal.interview)}: Enter sets the next · {minutes}")
    return Content.assemble((distance(left).capitalize(), "bold"), f", on {day_name(goal.interview)} · {minutes}")


def plan_lines(plan: Today, width: int) -> Lines:
    """What is expected on the day, and the weakest topics; on the last evening, what to do and when to stop."""
    if plan.recall == 0:
        return _row("On the day", Content("0% recall: nothing has been answered yet"), width)
    unseen = f"; {plan.unseen} of the bank not answered yet" if plan.unseen else ""
    expected = Content.assemble((f"{plan.recall:.0%}", "bold"), f" recall if nothing more is done{unseen}")
    lines = _row("On the day", expected, width)
    if topics := " · ".join(f"{topic.name} {topic.recall:.0%}" for topic in plan.weakest):
        lines += _row("Weakest", Content(topics), width)
    if plan.stop:
        lines += _row("This evening", Content(EVENING_WRONG if plan.wrong_but_sure else EVENING), width)
    return lines


def _row(label: str, text: Content, width: int) -> Lines:
    return hang(text, Content.styled(label.ljust(LABEL), "$foreground 80%"), width)
