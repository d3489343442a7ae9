"""Each session as a learner goes through it: what counts, what comes back, what can be undone, what is refused."""

import dataclasses
import random
from datetime import UTC, datetime, timedelta

import pytest

from tutor.study.choices import BytesSession, ChoicesSession
from tutor.study.choices import draw as draw_choices
from tutor.study.drills import Drills
from tutor.study.mock import MINUTES_A_QUESTION, MockSession, choose_follow_ups, draw, markdown, scorecard
from tutor.study.mock_plan import MixError, MockPlan, parse_mix
from tutor.study.model import Bank, Choice, Fact, FollowUp, KeyPoint, Option, Question, Section
from tutor.study.quiz import DrillSession, OutOfTurn
from tutor.study.rapid import RapidSession
from tutor.study.reviews import KeptMock, Mock, MockAnswer, Review, review

NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)


class Listing:
    """A log that only remembers."""

    def __init__(self) -> None:
        self.reviews: list[Review] = []
        self.mocks: list[Mock] = []
        self.answers: list[MockAnswer] = []

    def add(self, review: Review) -> None:
        self.reviews.append(review)

    def remove(self, review: Review) -> None:
        self.reviews.remove(review)

    def begin_mock(self, mock: Mock) -> None:
        self.mocks.append(mock)

    def add_mock_answer(self, mock: Mock, review: Review, answer: MockAnswer) -> None:
        self.reviews.append(review)
        self.answers.append(answer)


def question(number: int, level: str = "core") -> Question:
    return Question(
        f"Q{number}", f"q-{number}", f"Ask {number}?", level, "Answer.",  # type: ignore[arg-type]
        (KeyPoint("masking keys are random", 3, True), KeyPoint("heartbeats find dead peers", 1)), ("RFC",), ("http",),
        "Depth.",
        (FollowUp("On order?", "Sequence numbers."), FollowUp("On heartbeats?", "They find dead peers."),
         FollowUp("On masking?", "Random keys.")),
        choices=(Choice("Which?", (Option("a", True), Option("b", why="not b"), Option("c", why="not c"))),),
    )  # fmt: skip


def fact(number: int) -> Fact:
    return Fact(f"Fact {number}?", (str(number), f"code {number}"), "So.", ("RFC",), f"f-{number}")


BANK = Bank(
    (
        Section(
            "One",
            tuple(question(n, ("core", "senior", "architect")[n % 3]) for n in range(12)),
            tuple(fact(n) for n in range(5)),
        ),
    )
)


def test_a_drill_from_question_to_rating():
    log = Listing()
    drill = DrillSession([question(1), fact(2)], log, NOW)
    drill.confide(3)
    assert drill.next_part == "answer"
    assert drill.reveal() == "Answer." and drill.reveal() == "Depth."
    assert drill.next_part == "follow-ups" and "Random keys." in drill.reveal() and drill.next_part is None
    assert drill.suggested == 1
    assert drill.tick(0) and drill.suggested == 3
    done = drill.rate(NOW + timedelta(seconds=30))
    assert (done.rating, done.confidence, done.seconds, done.missed) == (3, 3, 30, ("heartbeats find dead peers",))
    assert drill.current is not None and drill.current.key == "f-2" and drill.current.parts == ("answer",)
    assert drill.reveal() == "**2**\n\nSo."
    assert drill.rate(NOW, 2).rating == 2 and drill.done and log.reviews == list(drill.reviews)


def test_undo_goes_back_over_the_last_card_with_its_ticks():
    log = Listing()
    drill = DrillSession([question(1), question(2)], log, NOW)
    assert not drill.undo(NOW)
    for _ in range(2):
        drill.confide(2)
        drill.reveal()
        drill.tick(1)
        drill.rate(NOW)
    assert drill.done and drill.undo(NOW)
    assert drill.current is not None and drill.current.key == "q-2"
    assert (drill.ticks, drill.confidence, drill.revealed) == (frozenset({1}), 2, ("answer",))
    assert drill.undo(NOW) and drill.position == 0 and log.reviews == []
    drill.rate(NOW, 4)
    assert [each.rating for each in log.reviews] == [4]


def test_a_drill_refuses_steps_out_of_turn():
    drill = DrillSession([question(1)], Listing(), NOW)
    for step in (lambda: drill.rate(NOW), lambda: drill.tick(0)):
        with pytest.raises(OutOfTurn):
            step()
    drill.reveal("follow-ups")
    assert drill.revealed == ("answer", "depth", "follow-ups")
    with pytest.raises(OutOfTurn):
        drill.confide(1)
    assert not drill.tick(9)
    drill.rate(NOW)
    with pytest.raises(OutOfTurn):
        drill.reveal()


def test_what_was_wrong_comes_back_in_the_same_round_and_counts_once():
    log = Listing()
    rapid = RapidSession([fact(n) for n in range(5)], log, NOW)
    assert not rapid.answer("nonsense", NOW).right
    asked = []
    while (entry := rapid.proceed(NOW)) is not None:
        asked.append(entry.id)
        assert rapid.answer(entry.answers[0], NOW + timedelta(seconds=1)).right
    assert asked == ["f-1", "f-2", "f-3", "f-0", "f-4"]
    assert rapid.done and rapid.right == 4 and [each.id for each in rapid.wrong] == ["f-0"]
    assert [(each.card, each.rating) for each in log.reviews] == [
        ("f-0", 1), ("f-1", 3), ("f-2", 3), ("f-3", 3), ("f-4", 3),
    ]  # fmt: skip


def test_it_comes_back_until_it_is_right_even_alone():
    rapid = RapidSession([fact(1)], Listing(), NOW)
    for _ in range(3):
        rapid.answer("", NOW)
        assert rapid.proceed(NOW) is not None
    rapid.answer("1", NOW)
    assert rapid.proceed(NOW) is None


def test_the_clock_makes_a_late_answer_hard_and_can_be_off():
    log = Listing()
    late = NOW + timedelta(seconds=25)
    timed, calm = RapidSession([fact(1)], log, NOW, 20), RapidSession([fact(1)], log, NOW, None)
    assert timed.seconds_left(NOW + timedelta(seconds=5)) == 15 and timed.seconds_left(late) == 0
    assert calm.seconds_left(late) is None
    judged = timed.answer("1", late)
    assert judged.right and judged.late and not calm.answer("1", late).late
    assert [each.rating for each in log.reviews] == [2, 3]
    with pytest.raises(OutOfTurn):
        timed.answer("1", late)


def test_choices_are_shuffled_by_the_seed_and_say_why():
    orders = set()
    for seed in range(30):
        log = Listing()
        session = ChoicesSession([question(1)], log, NOW, random.Random(seed))
        card = session.current
        assert card is not None
        orders.add(tuple(option.text for option in card.options))
        place = next(at for at, option in enumerate(card.options) if option.text == "b")
        picked = session.pick(place, NOW)
        assert not picked.right and picked.mistake == "not b" and card.options[picked.right_place].text == "a"
        assert log.reviews[0].missed == ("b",) and session.proceed(NOW) is None and session.done
    assert len(orders) == 6


def test_a_fact_in_a_drill_is_typed_and_graded_by_its_spellings():
    log = Listing()
    drill = DrillSession([fact(1), fact(2), question(3)], log, NOW)
    assert not drill.type("Code 2") and drill.suggested == 1 and drill.revealed == ("answer",)
    with pytest.raises(OutOfTurn):
        drill.type("1")
    drill.rate(NOW)
    assert drill.undo(NOW) and drill.typed == "Code 2" and drill.suggested == 1
    drill.rate(NOW)
    assert drill.type("CODE-2") and drill.suggested == 3
    drill.rate(NOW)
    with pytest.raises(OutOfTurn):
        drill.type("no fact")
    assert [each.rating for each in log.reviews] == [1, 3]


def test_choices_begin_with_what_was_never_asked_then_with_what_was_missed():
    questions = [question(number) for number in range(4)]
    reviewed = [("q-0", "choices", 3), ("q-2", "choices", 1), ("q-1", "choices", 1), ("q-1", "drill", 4)]
    before = [
        review(card, NOW + timedelta(days=day), mode, rating) for day, (card, mode, rating) in enumerate(reviewed)
    ]
    assert [each.id for each in draw_choices(questions, before, 4, random.Random(1))] == ["q-3", "q-2", "q-1", "q-0"]
    assert draw_choices([dataclasses.replace(question(1), choices=())], before, 4, random.Random(1)) == []


def test_the_plan_of_an_interview():
    plan = MockPlan.from_setting(MockPlan(45, {"core": 0, "senior": 1, "architect": 2}).to_setting())
    assert (plan.minutes, plan.count, dict(plan.mix)) == (45, 9, {"core": 0, "senior": 1, "architect": 2})
    assert {each.level for each in plan.draw(BANK, random.Random(1))} == {"senior", "architect"}
    assert (
        MockPlan.from_setting("[]")
        == MockPlan.from_setting("{")
        == MockPlan.from_setting('{"minutes": []}')
        == MockPlan()
    )
    assert MockPlan.from_setting('{"minutes": 900, "mix": {"core": 1, "senior": 1, "architect": 1}}').minutes == 60
    assert parse_mix("2, 0,1") == {"core": 2, "senior": 0, "architect": 1}
    for wrong in ("", "1,2", "0,0,0", "1,2,9", "a,b,c", "1,2,3,4"):
        with pytest.raises(MixError, match="such as 2,3,1"):
            parse_mix(wrong)


def test_a_place_that_is_not_there_changes_nothing():
    log = Listing()
    session = ChoicesSession([question(1)], log, NOW, random.Random(1))
    for place in (-1, 3):
        with pytest.raises(IndexError):
            session.pick(place, NOW)
    assert log.reviews == [] and session.picked is None


def test_byte_drills_go_on_without_end_and_name_the_mistake():
    log = Listing()
    session = BytesSession(Drills(random.Random(5)), log, NOW, ("unmask",))
    for number in range(40):
        drill = session.current
        place = drill.right_place if number % 2 else (drill.right_place + 1) % len(drill.options)
        picked = session.pick(place, NOW)
        assert picked.right == bool(number % 2) and picked.mistake == drill.options[place].mistake
        session.proceed(NOW)
    assert (session.answered, session.right) == (40, 20)
    assert all(each.missed for each in log.reviews if not each.right)


def test_an_interview_is_mixed_by_level_and_as_long_as_was_asked():
    drawn = draw(BANK, 30, random.Random(2))
    assert len(drawn) == 30 // MINUTES_A_QUESTION
    assert [each.level for each in drawn] == ["core"] * 2 + ["senior"] * 3 + ["architect"]
    assert len({each.id for each in draw(BANK, 60, random.Random(2))}) == 12
    assert draw(Bank(()), 20, random.Random(2)) == ()
    for minutes in (19, 61):
        with pytest.raises(ValueError, match="20 to 60"):
            draw(BANK, minutes, random.Random(2))


def test_follow_ups_are_chosen_from_what_was_missed():
    assert choose_follow_ups(question(1), frozenset({1}))[0].ask == "On masking?"
    assert choose_follow_ups(question(1), frozenset({0}))[0].ask == "On heartbeats?"


def test_a_rating_of_an_interview_is_undone_until_the_next_question():
    log = Listing()
    session = MockSession([question(1), question(2)], 20, log, NOW)
    assert not session.undo()
    session.confide(2)
    session.reveal()
    session.tick(0)
    session.rate(NOW, 4)
    assert session.undo() and not session.answers and not log.reviews
    assert (session.revealed, session.confidence, session.ticks) == (True, 2, frozenset({0}))
    session.tick(0)
    session.rate(NOW, 1)
    assert [each.rating for each in log.reviews] == [1]
    session.proceed(NOW)
    assert not session.undo()


def played(log: Listing) -> MockSession:
    session = MockSession(draw(BANK, 20, random.Random(2)), 20, log, NOW)
    now = NOW
    while session.current is not None:
        session.note("line one\nline two")
        session.confide(3)
        session.reveal()
        session.tick(0)
        now += timedelta(minutes=6)
        session.rate(now)
        session.proceed(now)
    assert session.seconds_left(now) == -4 * 60
    return session


def test_an_interview_is_saved_answer_by_answer_and_scored():
    log = Listing()
    session = played(log)
    assert len(log.reviews) == len(log.answers) == 4 and log.mocks == [session.mock]
    before = KeptMock(session.mock, session.kept.answers[:0])
    card = scorecard(session.kept, BANK, before)
    assert (card.got, card.of, card.before) == (12, 16, None)
    assert sum(line.answers for line in card.levels) == 4 and card.topics[0].name == "http"
    assert [(line.name, line.right, line.answers) for line in card.calibration] == [("certain", 4, 4)]
    assert set(card.read) == {each.id for each in session.questions}
    assert scorecard(session.kept, BANK, session.kept).before == 0.75


def test_an_interview_as_markdown_has_scores_notes_and_what_was_missed():
    session = played(Listing())
    text = markdown(session.kept, BANK, session.kept)
    assert "12 of 16, 75% (last time 75%)" in text
    assert "> line one\n> line two" in text and "- heartbeats find dead peers" in text
    gone = dataclasses.replace(session.kept.answers[0][1], question="gone")
    assert "## gone" in markdown(KeptMock(session.mock, ((session.kept.answers[0][0], gone),)), BANK)


def test_an_interview_refuses_steps_out_of_turn():
    session = MockSession([question(1)], 20, Listing(), NOW)
    for step in (lambda: session.rate(NOW), lambda: session.proceed(NOW), lambda: session.tick(0)):
        with pytest.raises(OutOfTurn):
            step()
    session.reveal()
    with pytest.raises(OutOfTurn):
        session.confide(2)
    session.rate(NOW)
    with pytest.raises(OutOfTurn):
        session.rate(NOW)
