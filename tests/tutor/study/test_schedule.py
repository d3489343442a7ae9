"""What is known, what comes next, and a whole week with a simulated learner through the engine."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.bench.policy import POLICIES, largest_gain, review_first, simulate
from tutor.study import bank as banks
from tutor.study import plan as plans
from tutor.study.learner import Learner
from tutor.study.model import Fact, Question
from tutor.study.progress import figures
from tutor.study.quiz import DrillSession
from tutor.study.rapid import RapidSession
from tutor.study.reviews import review
from tutor.study.schedule import Goal, GoalError, Memory, parse_interview, parse_minutes
from tutor.study.store import LabRun, Prediction, Store

START = datetime(2026, 8, 1, 9, tzinfo=UTC)
INTERVIEW = date(2026, 8, 8)
BANK = banks.load()


@pytest.fixture
def learner(tmp_path: Path) -> Learner:
    made = Learner(BANK, Store(tmp_path / "progress.db"))
    made.set_goal(Goal(INTERVIEW, 40))
    return made


def test_the_memory_follows_from_the_log_alone():
    reviews = [review("a", START + timedelta(days=day), "drill", rating) for day, rating in ((0, 3), (1, 1), (3, 4))]
    grown = Memory(goal=Goal(INTERVIEW))
    for each in reviews:
        grown.recall("a", START)
        grown.add(each)
    at = START + timedelta(days=6)
    assert 0 < grown.recall("a", at) < 1
    assert Memory(reversed(reviews), Goal(INTERVIEW)).recall("a", at) == grown.recall("a", at)
    grown.remove(reviews[2])
    assert grown.recall("a", at) == Memory(reviews[:2], Goal(INTERVIEW)).recall("a", at)
    grown.remove(reviews[0]), grown.remove(reviews[1])
    assert not grown.seen("a") and grown.recall("a", at) == 0 and grown.due("a") is None


def test_only_what_came_out_of_memory_counts_for_it():
    memory = Memory([review("a", START, "choices", 3), review("b", START, "bytes", 3)])
    assert not memory.seen("a") and not memory.seen("b")


@pytest.mark.parametrize("rating", [1, 2, 3, 4])
def test_no_card_is_due_after_the_interview(rating: int):
    memory = Memory(goal=Goal(INTERVIEW))
    for day in range(7):
        at = START + timedelta(days=day)
        memory.add(review("a", at, "drill", rating))  # type: ignore[arg-type]
        due = memory.due("a")
        assert due is not None and due.date() <= INTERVIEW and due > at


def test_times_of_any_zone_are_the_same_moments():
    tokyo = timezone(timedelta(hours=9))
    at = START + timedelta(days=5)
    one, other = Memory([review("a", START, "drill", 3)]), Memory([review("a", START.astimezone(tokyo), "drill", 3)])
    assert one.recall("a", at) == other.recall("a", at.astimezone(tokyo))


def test_unseen_cards_come_first_as_the_date_nears_and_known_ones_rest():
    memory = Memory([review("known", START - timedelta(days=2), "drill", 3)], Goal(INTERVIEW))
    assert memory.ranked(["known", "new", "newer"], START) == ["new", "newer", "known"]
    memory.add(review("new", START, "drill", 3))
    memory.add(review("newer", START, "drill", 1))
    assert set(memory.ranked(["known", "new", "newer"], START + timedelta(minutes=5))) == {"newer", "known"}


def test_the_policy_is_the_one_that_wins_the_simulation():
    """tests/bench/policy.py in small: what comes next is chosen by the recall that it leads to on the day."""
    reached = {policy: simulate(policy, 24, 4, 8, seed=1) for policy in POLICIES}
    assert reached[largest_gain] >= max(reached.values()) - 1e-9
    assert reached[largest_gain] > reached[review_first] + 0.1


def test_the_goal_survives_settings_and_nonsense():
    goal = Goal(INTERVIEW, 45)
    assert Goal.from_settings(goal.to_settings()) == goal
    assert Goal.from_settings({"interview": "soon", "minutes": "many"}) == Goal()
    assert Goal(INTERVIEW).days_left(START) == 7
    assert Goal(INTERVIEW).days_left(START + timedelta(days=30)) is None
    assert Goal(INTERVIEW).moment(START + timedelta(days=30)) == START + timedelta(days=60)


@pytest.mark.parametrize(
    "text",
    ["soon", "2026-02-30", "2026-07-31", "31 July 2026", "in 9999 days", "3/8", "in 6", "m", "-", "2026-08-08 [x]"],
)
def test_a_date_that_cannot_be_is_refused(text: str):
    with pytest.raises(GoalError):
        parse_interview(text, START.date())


def test_a_date_or_minutes_that_can_be():
    assert parse_interview(" 2026-08-08 ", START.date()) == INTERVIEW
    assert parse_interview("", START.date()) is None
    days = {
        "today": 1, "Tomorrow": 2, "in 6 days": 7, "a week": 8, "in two weeks": 15, "saturday": 8, "on Sunday": 2,
        "next fri": 7, "20 August": 20, "aug 20th": 20, "20260820": 20, "20. Aug 2026": 20,
    }  # fmt: skip
    assert {text: parse_interview(text, START.date()) for text in days} == {
        text: date(2026, 8, day) for text, day in days.items()
    }
    assert parse_interview("31 July", START.date()) == date(2027, 7, 31)
    assert parse_minutes("20") == 20
    for text in ("4", "481", "", "ten", "²"):
        with pytest.raises(GoalError):
            parse_minutes(text)


def test_the_first_session_is_interleaved_and_fits(learner: Learner):
    today = learner.today(START)
    kinds = [type(each) for each in today.session]
    assert kinds.count(str) == 1 and Question in kinds and Fact in kinds
    assert today.session[4] == today.lab and [type(each) for each in today.session[:4]] == [Question, Fact, Fact, Fact]
    seconds = {Question: plans.QUESTION_SECONDS, Fact: plans.FACT_SECONDS, str: plans.LAB_SECONDS}
    assert sum(seconds[kind] for kind in kinds) <= plans.SESSION_MINUTES * 60
    assert today.recall == 0 and today.days_left == 7 and len(today.weakest) == 3 and not today.stop
    assert today.unseen == len(BANK.questions) + len(BANK.facts)


def test_after_missed_days_the_plan_is_made_anew_without_debt(learner: Learner):
    for entry in BANK.questions[:3]:
        learner.add(review(entry.id, START, "drill", 3))
    before, after = learner.today(START + timedelta(days=1)), learner.today(START + timedelta(days=5))
    assert len(after.session) == len(before.session) and after.days_left == 2


def test_the_last_evening_is_what_one_was_sure_of_then_rapid_fire_then_stop(learner: Learner):
    sure, unsure = BANK.questions[0], BANK.questions[1]
    learner.add(review(sure.id, START, "drill", 1, 3))
    learner.add(review(unsure.id, START, "drill", 1, 1))
    evening = datetime(2026, 8, 7, 19, tzinfo=UTC)
    today = learner.today(evening)
    assert today.stop and today.wrong_but_sure == (sure,) and today.lab == ""
    assert today.session and all(isinstance(each, Fact) for each in today.session)
    learner.add(review(sure.id, evening, "drill", 3, 3))
    assert learner.today(evening).wrong_but_sure == ()


def test_the_lab_run_least_is_offered_next(learner: Learner):
    first = learner.today(START).lab
    learner.keep_lab_run(LabRun(first, START, True, {}))
    assert learner.today(START).lab not in {"", first}


def test_an_empty_bank_has_a_plan_of_nothing(tmp_path: Path):
    today = Learner(banks.Bank(()), Store(tmp_path / "progress.db")).today(START)
    assert today.recall == 0 and not any(isinstance(each, Question | Fact) for each in today.session)


def test_writes_may_come_later_but_all_is_counted_at_once(tmp_path: Path):
    waiting: list[Callable[[], object]] = []
    store = Store(tmp_path / "progress.db")
    later = Learner(BANK, store, waiting.append)
    done = review(BANK.questions[0].id, START, "drill", 3)
    later.add(done)
    assert later.memory.seen(done.card) and Learner(BANK, store).reviews == []
    for write in waiting:
        write()
    assert Learner(BANK, store).reviews == [done]


def play_day(learner: Learner, now: datetime, rng: random.Random) -> None:
    """A simulated learner: knows what the memory predicts, two thirds of what is new, and is sure at random."""

    def knows(entry: Question | Fact) -> bool:
        seen = learner.memory.seen(entry.id)
        return rng.random() < (learner.memory.recall(entry.id, now) if seen else 0.67)

    for entry in learner.today(now).session:
        if isinstance(entry, Question):
            drill = DrillSession([entry], learner, now)
            known = knows(entry)
            drill.confide(rng.choice((1, 2, 3)))
            drill.reveal()
            for place in range(len(entry.key_points) if known else 0):
                drill.tick(place)
            assert drill.rate(now + timedelta(minutes=2)).right == known
        elif isinstance(entry, Fact):
            rapid = RapidSession([entry], learner, now)
            known = knows(entry)
            rapid.answer(entry.answers[-1] if known else "no idea", now + timedelta(seconds=5))
            rapid.proceed(now)
            while not rapid.done:
                rapid.answer(entry.answers[0], now + timedelta(seconds=9))
                rapid.proceed(now)
        else:
            measured = (Prediction("status", 101, 101), Prediction("size", 4, 6))
            learner.keep_lab_run(LabRun(entry, now.replace(microsecond=0), True, {}, measured))


def test_a_week_with_a_simulated_learner(learner: Learner):
    rng = random.Random(4)
    recalls = []
    for day in range(7):
        for hour in range(3):
            play_day(learner, START + timedelta(days=day, hours=hour), rng)
        recalls.append(learner.today(START + timedelta(days=day, hours=4)).recall)
    assert recalls == sorted(recalls) and recalls[-1] > 0.75
    evening = datetime(2026, 8, 7, 20, tzinfo=UTC)
    counted = figures(learner, evening)
    assert learner.today(evening).stop and learner.today(evening).unseen == 0
    assert all(not section.unseen for section in counted.coverage)
    assert len(counted.heat) == 7 and sum(count for _, count in counted.heat) == len(learner.reviews)
    assert sum(line.of for line in counted.calibration) == sum(each.mode == "drill" for each in learner.reviews)
    assert counted.forecast[-1][0] == INTERVIEW and counted.forecast[-1][1] == pytest.approx(counted.recall)
    assert {each.same for each in counted.predictions} == {True, False}
    again = Learner(BANK, learner.store)
    assert set(again.reviews) == set(learner.reviews)
    assert figures(again, evening).recall == counted.recall and figures(again, evening).coverage == counted.coverage
