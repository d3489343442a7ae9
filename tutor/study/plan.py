"""Today's plan: a session of the minutes at hand, the weakest topics, one lab; on the last evening, when to stop. It is
made anew from the memory each time: days that were missed leave no debt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import fsum

from labs import catalog
from tutor.study.model import Bank, Fact, Question
from tutor.study.reviews import Review
from tutor.study.schedule import Memory
from tutor.study.store import LabRun

Entry = Question | Fact
QUESTION_SECONDS, FACT_SECONDS, LAB_SECONDS = 150, 20, 300
SESSION_MINUTES = 20
FACTS_A_QUESTION = 3
"""How many facts come between two questions"""
LAB_FROM_MINUTES = 15
"""A shorter session has no lab"""
TOPIC_SIZE = 3
"""A tag with fewer entries is no topic"""
WEAKEST = 3
EVENING_HOUR = 17
CERTAIN = 3


@dataclass(frozen=True, slots=True)
class Topic:
    """A tag of the bank, the recall expected on the day over its entries (0 to 1), and their ids."""

    name: str
    recall: float
    cards: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Today:
    """What is offered today. `session` is interleaved: questions, facts, and the name of one lab as a string.

    `recall` is expected on the day over the whole bank, 0 to 1, if nothing more is done. On the last evening `stop` is
    true: `wrong_but_sure` is read, `session` is rapid-fire alone, and then it is enough.
    """

    day: datetime
    days_left: int | None
    recall: float
    session: tuple[Entry | str, ...]
    weakest: tuple[Topic, ...]
    lab: str
    unseen: int
    wrong_but_sure: tuple[Entry, ...]
    stop: bool

    def to_json(self) -> dict[str, object]:
        """The plan as `ws-tutor progress --json` prints it: entries by their ids, labs by their names."""
        return {
            "day": self.day.isoformat(),
            "recall": self.recall,
            "unseen": self.unseen,
            "session": [each if isinstance(each, str) else each.id for each in self.session],
            "weakest_topics": [
                {"topic": topic.name, "recall": topic.recall, "cards": list(topic.cards)} for topic in self.weakest
            ],
            "lab": self.lab,
            "wrong_but_sure": [entry.id for entry in self.wrong_but_sure],
            "stop": self.stop,
        }


def plan(bank: Bank, memory: Memory, reviews: Iterable[Review], runs: Sequence[LabRun], now: datetime) -> Today:
    """The plan as of `now`, an aware local time."""
    day, left = memory.goal.moment(now), memory.goal.days_left(now)
    entries: list[Entry] = [*bank.questions, *bank.facts]
    expected = {entry.id: memory.recall(entry.id, day) for entry in entries}
    stop = left == 1 and now.hour >= EVENING_HOUR
    minutes = min(memory.goal.minutes, SESSION_MINUTES)
    questions = [] if stop else _ranked(bank.questions, memory, now)
    facts = _ranked(bank.facts, memory, now)
    lab = "" if stop else choose_lab(questions or bank.questions, runs)
    return Today(
        day,
        left,
        _mean(expected.values()) if expected else 0.0,
        _session(questions, facts, lab if minutes >= LAB_FROM_MINUTES else "", minutes * 60),
        weakest_topics(entries, expected),
        lab,
        sum(not memory.seen(entry.id) for entry in entries),
        wrong_but_sure(bank, reviews),
        stop,
    )


def _ranked(entries: Sequence[Question] | Sequence[Fact], memory: Memory, now: datetime) -> list[Entry]:
    by_id: dict[str, Entry] = {entry.id: entry for entry in entries}
    return [by_id[key] for key in memory.ranked(by_id, now)]


def _session(questions: Sequence[Entry], facts: Sequence[Entry], lab: str, seconds: float) -> tuple[Entry | str, ...]:
    """A question, then some facts, and so on while the time lasts; the lab after the first round."""
    session: list[Entry | str] = []
    waiting, quick = list(questions), list(facts)
    left = seconds - (LAB_SECONDS if lab else 0)
    while (waiting and left >= QUESTION_SECONDS) or (quick and left >= FACT_SECONDS):
        if waiting and left >= QUESTION_SECONDS:
            session.append(waiting.pop(0))
            left -= QUESTION_SECONDS
        for _ in range(FACTS_A_QUESTION):
            if quick and left >= FACT_SECONDS:
                session.append(quick.pop(0))
                left -= FACT_SECONDS
        if lab and lab not in session:
            session.append(lab)
    return tuple(session)


def weakest_topics(entries: Sequence[Entry], expected: dict[str, float]) -> tuple[Topic, ...]:
    """The topics of which the least is expected on the day; of equal ones, those that have the most entries."""
    tagged: dict[str, list[str]] = defaultdict(list)
    for entry in entries:
        for tag in entry.tags:
            tagged[tag].append(entry.id)
    topics = [
        Topic(tag, _mean([expected[card] for card in cards]), tuple(cards))
        for tag, cards in tagged.items()
        if len(cards) >= TOPIC_SIZE
    ]
    return tuple(sorted(topics, key=lambda topic: (topic.recall, -len(topic.cards)))[:WEAKEST])


def choose_lab(questions: Sequence[Entry], runs: Sequence[LabRun]) -> str:
    """The lab that proves the first of the questions and was run the least; empty where there is none."""
    times = {lab.name: sum(run.lab == lab.name for run in runs) for lab in catalog.LABS}
    named = [
        claim.lab for entry in questions if isinstance(entry, Question) for claim in entry.claims if claim.lab in times
    ]
    candidates = list(dict.fromkeys([*named, *times]))
    return min(candidates, key=lambda name: times[name], default="")


def wrong_but_sure(bank: Bank, reviews: Iterable[Review]) -> tuple[Entry, ...]:
    """The entries whose last answer with a confidence was certain, and a miss; the latest first."""
    last: dict[str, Review] = {}
    for each in sorted(reviews, key=lambda review: review.at):
        if each.confidence is not None:
            last[each.card] = each
    wrong = sorted(
        (each for each in last.values() if each.confidence == CERTAIN and not each.right),
        key=lambda review: review.at,
        reverse=True,
    )
    both: list[Entry] = [*bank.questions, *bank.facts]
    entries = {entry.id: entry for entry in both}
    return tuple(entries[each.card] for each in wrong if each.card in entries)


def _mean(values: Collection[float]) -> float:
    """statistics.fmean, without the modules that come with it: a drill from the command line waits for each."""
    return fsum(values) / len(values)
