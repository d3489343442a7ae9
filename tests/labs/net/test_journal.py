"""Records of several processes come out in one order, with names."""

from labs.net.journal import STRANGER, Journal
from labs.net.tap import Record
from labs.tape import Bytes, Note

A, B = "127.0.0.1:1000", "127.0.0.1:2000"


def journal(**options: bool) -> Journal:
    made = Journal(100.0, **options)
    made.listen("server", B)
    return made


def dialled(t: float, way: str, data: bytes = b"", line: int = 1) -> Record:
    return Record(t, line, A, B, way, data)


def accepted(t: float, way: str, data: bytes = b"", line: int = 1) -> Record:
    return Record(t, line, B, A, way, data)


def told(events: list) -> list[tuple]:
    return [(event.conn, event.sender, event.receiver, event.at, event.data) for event in events]


def test_time_decides_whatever_order_records_arrive_in() -> None:
    kept = journal()
    kept.event(Note(t=3.5, text="between"))
    kept.take("client", dialled(103.0, "out", b"ask"))
    kept.take("client", dialled(104.0, "in", b"answer"))
    kept.take("client", dialled(102.0, "dial"))
    events = kept.drain(105.0)
    assert [event.t for event in events] == [3.0, 3.5, 4.0]
    assert told([events[0], events[2]]) == [
        ("c1", "client", "server", "client", b"ask"),
        ("c1", "server", "client", "client", b"answer"),
    ]
    assert not kept.waiting


def test_nothing_comes_out_before_its_time() -> None:
    kept = journal()
    kept.take("client", dialled(102.0, "dial"))
    kept.take("client", dialled(103.0, "out", b"ask"))
    assert kept.drain(102.5) == []
    assert kept.waiting
    assert len(kept.drain(103.0)) == 1


def test_one_end_is_recorded_or_both() -> None:
    for both, ends in ((False, ["client"]), (True, ["client", "server"])):
        kept = journal(both_ends=both)
        kept.take("client", dialled(101.0, "dial"))
        kept.take("server", accepted(102.0, "accept"))
        kept.take("client", dialled(103.0, "out", b"ask"))
        kept.take("server", accepted(104.0, "in", b"ask"))
        events = kept.drain(105.0)
        assert [event.at for event in events] == ends
        assert {(event.conn, event.sender, event.src, event.dst) for event in events} == {("c1", "client", A, B)}


def test_a_stranger_is_recorded_where_it_is_accepted() -> None:
    kept = journal()
    kept.take("server", accepted(101.0, "accept"))
    kept.take("server", accepted(102.0, "in", b"ask"))
    kept.take("server", accepted(103.0, "out", b"answer"))
    assert told(kept.drain(104.0)) == [
        ("c1", STRANGER, "server", "server", b"ask"),
        ("c1", "server", STRANGER, "server", b"answer"),
    ]


def test_a_pair_of_addresses_that_comes_again_is_another_connection() -> None:
    kept = journal()
    for line in (1, 2):
        kept.take("client", dialled(100.0 + line, "dial", line=line))
        kept.take("server", accepted(100.1 + line, "accept", line=line))
        kept.take("client", dialled(100.2 + line, "out", b"ask", line=line))
    assert [event.conn for event in kept.drain(110.0) if isinstance(event, Bytes)] == ["c1", "c2"]
