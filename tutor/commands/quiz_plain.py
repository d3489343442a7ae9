"""The quiz modes as lines of text, for screen readers, pipes and ssh. The rules are in tutor.study."""

from __future__ import annotations

import argparse
import random
import shutil
import sys
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from pathlib import Path

from tutor.study import bank as banks
from tutor.study import choices, markdown, mock
from tutor.study.choices import BytesSession, ChoicesSession, Picked
from tutor.study.drills import ByteDrill, Drills
from tutor.study.drills.typed import TypedError, hint
from tutor.study.learner import Learner
from tutor.study.mock_plan import MockPlan
from tutor.study.model import KeyPoint, Question
from tutor.study.plan import FACT_SECONDS, QUESTION_SECONDS
from tutor.study.quiz import DrillSession
from tutor.study.rapid import CLOCK_SECONDS, RapidSession
from tutor.study.reviews import CONFIDENCES, RATINGS
from tutor.study.store import Store

WIDEST = 100
SURE = f"How sure? {', '.join(f'{n} {name}' for n, name in CONFIDENCES.items())}"
CONFIDENCE_KEYS = {str(each): each for each in CONFIDENCES}
RATING_KEYS = {str(each): each for each in RATINGS}
RATE = ", ".join(f"{n} {name}" for n, name in RATINGS.items())


class _Left(Exception):
    """The learner has gone: typed q, or the input is at its end."""


def run_plain(args: argparse.Namespace, plan: MockPlan | None) -> int:
    """Exit status 0, also where one leaves half-way; 2 where there is nothing to ask."""
    try:
        bank = banks.load(args.bank or None)
    except banks.BankError as error:
        print(error, file=sys.stderr)
        return 2
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    store = Store()
    learner = Learner(bank, store)
    if store.problem:
        print(f"ws-tutor: {store.problem}", file=sys.stderr)
    if not learner.goal_is_set:
        print(
            "ws-tutor: no interview date is set; ws-tutor progress --interview YYYY-MM-DD plans for it", file=sys.stderr
        )
    try:
        return _mock(learner, args, plan or MockPlan()) if args.mode == "mock" else _MODES[args.mode](learner, args)
    except _Left:
        print("\nLeft; everything answered is kept." if not store.problem else "\nLeft; nothing was saved.")
        return 0
    finally:
        store.close()


def _drill(learner: Learner, args: argparse.Namespace) -> int:
    ranked = learner.drawn(learner.bank.questions, _now(), QUESTION_SECONDS, args.count)
    if not ranked:
        return _fail("no question is worth an answer now; come back tomorrow, or try --mode bytes")
    session = DrillSession(ranked, learner, _now())
    while True:
        if session.done:
            if _ask("All done. u takes the last rating back, Enter ends") != "u" or not session.undo(_now()):
                return 0
        elif not session.revealed:
            _open_card(session)
        else:
            _rate_card(session)


def _open_card(session: DrillSession) -> None:
    card = session.current
    assert card is not None
    print(f"\n{session.position + 1} of {len(session.cards)}")
    _show(card.ask)
    typed = _ask_one_of(("", "u", *CONFIDENCE_KEYS), f"{SURE}; Enter shows the answer, u undoes the last card")
    if typed == "u":
        if not session.undo(_now()):
            print("Nothing to undo.")
        return
    if typed in CONFIDENCE_KEYS:
        session.confide(CONFIDENCE_KEYS[typed])
    _show(session.reveal())
    _tick(card.points, session.tick)


def _rate_card(session: DrillSession) -> None:
    part = session.next_part
    more = f", m more ({part})" if part else ""
    prompt = f"{RATE}; Enter takes {session.suggested} {RATINGS[session.suggested]}{more}"
    typed = _ask_one_of(("", *RATING_KEYS, *(["m"] if part else [])), prompt)
    if typed == "m":
        _show(session.reveal())
    else:
        session.rate(_now(), RATING_KEYS.get(typed))


def _tick(points: Sequence[KeyPoint], tick: Callable[[int], bool]) -> None:
    for number, point in enumerate(points, 1):
        print(f"{number}. {'(critical) ' if point.critical else ''}{point.text}")
    if points:
        typed = _ask("Which did you say? Numbers, such as 1 3; Enter: none").replace(",", " ").split()
        for number in dict.fromkeys(_number(word, len(points)) for word in typed):
            if number:
                tick(number - 1)


def _rapid(learner: Learner, args: argparse.Namespace) -> int:
    facts = learner.drawn(learner.bank.facts, _now(), FACT_SECONDS, args.count)
    if not facts:
        return _fail("no fact is worth an answer now; come back tomorrow, or try --mode bytes")
    session = RapidSession(facts, learner, _now(), None if args.no_clock else CLOCK_SECONDS)
    while (fact := session.current) is not None:
        _show(fact.ask)
        judged = session.answer(_ask("Answer"), _now())
        print("Right" + (", but late." if judged.late else ".") if judged.right else f"No: {fact.answers[0]}.")
        _show(fact.explain)
        session.proceed(_now())
    print(f"{session.right} of {session.total} right at once.")
    return 0


def _choices(learner: Learner, args: argparse.Namespace) -> int:
    rng = random.Random()
    drawn = choices.draw(learner.bank.questions, learner.reviews, args.count or choices.QUESTIONS, rng)
    if not drawn:
        return _fail("no question has choices; try --mode drill")
    session = ChoicesSession(drawn, learner, _now(), rng)
    while (card := session.current) is not None:
        _show(card.choice.ask)
        texts = [option.text for option in card.options]
        place = _pick(texts)
        _tell(session.pick(place, _now()))
        for number, option in enumerate(card.options, 1):
            if option.why:
                print(f"{number}. {option.why}")
        session.proceed(_now())
    print(f"{session.right} of {session.total} right.")
    return 0


def _bytes(learner: Learner, args: argparse.Namespace) -> int:
    session = BytesSession(Drills(random.Random()), learner, _now())
    while args.count is None or session.answered < args.count:
        drill = session.current
        print()
        print(drill.shown)
        _show(drill.ask)
        _tell(_answer_bytes(session, drill))
        _show(drill.why)
        if session.answered != args.count:
            session.proceed(_now())
    print(f"{session.right} of {session.answered} right.")
    return 0


def _answer_bytes(session: BytesSession, drill: ByteDrill) -> Picked:
    """By its number, or typed where the kind can be."""
    more = hint(drill.kind)
    for number, option in enumerate(drill.options, 1):
        print(f"{number}. {option.text}")
    while True:
        typed = _ask(f"1 to {len(drill.options)}" + (f", {more}" if more else ""))
        if number := _number(typed, len(drill.options)):
            return session.pick(number - 1, _now())
        if not more or not typed:
            print(f"It takes a number from 1 to {len(drill.options)}.")
            continue
        try:
            return session.answer(typed, _now())
        except TypedError as error:
            print(f"{error}.")


def _mock(learner: Learner, args: argparse.Namespace, plan: MockPlan) -> int:
    questions = plan.draw(learner.bank, random.Random())
    if not questions:
        return _fail("there are no questions of those levels to ask")
    session = mock.MockSession(questions, plan.minutes, learner, _now())
    left = False
    try:
        while (question := session.current) is not None:
            _answer_mock(session, question)
    except _Left:
        left = True
    text = mock.markdown(session.kept, learner.bank, learner.last_mock(session.mock))
    if args.report and not _wrote(args.report, text):
        return 2
    if left:
        raise _Left
    _show(text)
    return 0


def _answer_mock(session: mock.MockSession, question: Question) -> None:
    minutes = session.seconds_left(_now()) / 60
    print(f"\n{session.position + 1} of {len(session.questions)}, {question.level}, {minutes:.0f} minutes left")
    _show(question.ask)
    session.note(_ask("Answer aloud; notes here if you like, Enter when done"))
    if confidence := CONFIDENCE_KEYS.get(_ask_one_of(("", *CONFIDENCE_KEYS), f"{SURE}; Enter shows the rubric")):
        session.confide(confidence)
    _tick(session.reveal(), session.tick)
    suggested = session.suggested
    prompt = f"{RATE}; Enter takes {suggested} {RATINGS[suggested]}, a shows the answer"
    while (typed := _ask_one_of(("", "a", *RATING_KEYS), prompt)) == "a":
        _show(question.answer)
    session.rate(_now(), RATING_KEYS.get(typed))
    for each in session.follow_ups:
        _show(f"**{each.ask}**")
        _ask("Enter shows the answer")
        _show(each.answer)
    session.proceed(_now())


_MODES: dict[str, Callable[[Learner, argparse.Namespace], int]] = {
    "drill": _drill,
    "rapid": _rapid,
    "choices": _choices,
    "bytes": _bytes,
}


def _wrote(path: Path, text: str) -> bool:
    try:
        path.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        _fail(f"cannot write {path} ({reason}); --report takes a file in a folder that exists")
        return False
    return True


def _pick(texts: Sequence[str]) -> int:
    for number, text in enumerate(texts, 1):
        print(f"{number}. {text}")
    while not (number := _number(_ask(f"1 to {len(texts)}"), len(texts))):
        print(f"It takes a number from 1 to {len(texts)}.")
    return number - 1


def _tell(picked: Picked) -> None:
    print("Right." if picked.right else f"No, it is {picked.right_place + 1}. {picked.mistake}")


def _ask(prompt: str) -> str:
    print(f"{prompt} [q leaves]: ", end="", flush=True)
    line = sys.stdin.readline()
    typed = line.strip()
    if not line or typed.lower() == "q":
        raise _Left
    return typed


def _ask_one_of(takes: Collection[str], prompt: str) -> str:
    while (typed := _ask(prompt)) not in takes:
        print(f"It takes {', '.join(each for each in takes if each)}{' or Enter' if '' in takes else ''}.")
    return typed


def _number(typed: str, most: int) -> int:
    """The number from 1 to `most` that was typed, or 0."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 4 and 1 <= int(typed) <= most else 0


def _show(text: str) -> None:
    width = min(shutil.get_terminal_size().columns, WIDEST)
    print(markdown.render(text, width, ansi=False, resolve=lambda link: link.words()))


def _now() -> datetime:
    return datetime.now().astimezone()


def _fail(text: str) -> int:
    print(f"ws-tutor: {text}", file=sys.stderr)
    return 2
