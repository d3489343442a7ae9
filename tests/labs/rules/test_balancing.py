"""Who gets the next connection: the bound node while it takes any, else the one with the fewest."""

from labs.rules.balancing import Backends
from labs.rules.sticky import Stickiness, sockjs_session
from labs.wire.http_head import parse_head

STICKY = Stickiness(b"k" * 32, age=100)


def nodes(count: int = 3) -> Backends:
    return Backends((f"n{number}", f"127.0.0.1:{number}") for number in range(1, count + 1))


def request(cookie: str) -> object:
    return parse_head(f"GET / HTTP/1.1\r\nCookie: a=b; {cookie}\r\n\r\n".encode())


def cookie_of(node: str, now: float, sticky: Stickiness = STICKY) -> str:
    return sticky.set_cookie(node, now)[1].partition(";")[0]


def test_the_unbound_go_where_the_fewest_connections_are():
    backends = nodes()
    for name, count in (("n1", 2), ("n2", 1), ("n3", 1)):
        backends.get(name).open = count
    backends.get("n2").taken = 9
    assert backends.choose(None).name == "n3"
    assert backends.choose(None, {"n3"}).name == "n2"
    assert backends.choose(None, {"n1", "n2", "n3"}) is None


def test_the_bound_go_to_their_node_until_it_takes_no_new_connections():
    backends = nodes()
    backends.get("n3").open = 100
    assert backends.choose("n3").name == "n3"
    backends.get("n3").draining = True
    assert backends.choose("n3").name == "n1"
    backends.get("n3").draining = False
    assert backends.choose("n3", {"n3"}).name == "n1"
    assert backends.choose("nobody").name == "n1"


def test_a_node_is_taken_out_after_its_failures_in_a_row_and_comes_back():
    backends = Backends([("n1", "127.0.0.1:1")], rise=2, fall=3)
    node = backends.get("n1")
    changes = [backends.report(node, ok) for ok in (False, False, True, False, False, False, False, True, True)]
    assert changes == [False] * 5 + [True, False, False, True]
    assert node.state == "up"


def test_a_node_that_comes_back_elsewhere_begins_anew():
    backends = nodes(1)
    old = backends.get("n1")
    old.healthy, old.open = False, 5
    assert backends.join("n1", "127.0.0.1:9").takes_new
    assert [node.address for node in backends] == ["127.0.0.1:9"]
    backends.leave("n1")
    assert backends.choose("n1") is None


def test_the_cookie_binds_for_its_age_and_is_for_the_server_only():
    name, value = STICKY.set_cookie("n2", 1000.9)
    assert name == "Set-Cookie"
    assert value.endswith("; Path=/; Max-Age=100; HttpOnly; SameSite=Lax")
    cookie = request(value.partition(";")[0])
    assert STICKY.node_of(cookie, 1001) == "n2"
    assert STICKY.node_of(cookie, 1099.9) == "n2"
    assert STICKY.node_of(cookie, 1100) is None
    assert STICKY.node_of(cookie, 900) is None, "from a future that no clock explains"


def test_without_an_age_it_is_a_session_cookie():
    sticky = Stickiness(b"k" * 32, age=0)
    assert "Max-Age" not in sticky.set_cookie("n1", 0)[1]
    assert sticky.node_of(request(cookie_of("n1", 0, sticky)), 1e9) == "n1"


def test_a_client_cannot_choose_its_node():
    cookie = cookie_of("n2", 1000)
    assert STICKY.node_of(request(cookie.replace("n2", "n1")), 1001) is None
    assert STICKY.node_of(request(cookie.replace("1000", "1001")), 1001) is None
    assert STICKY.node_of(request(cookie_of("n2", 1000, Stickiness(b"x" * 32, age=100))), 1001) is None
    for broken in ("", "n1", "n1.1000", "n1.1000.zz", "…", "a" * 9000):
        assert STICKY.node_of(request(f"ws_node={broken}"), 1001) is None


def test_all_requests_of_a_sockjs_session_fall_to_one_node_without_a_cookie():
    assert sockjs_session("/sockjs/000/abc/xhr_send") == sockjs_session("/echo/1/abc/xhr") == "abc"
    assert [sockjs_session(path) for path in ("/sockjs/info", "/ws", "/sockjs/a.b/c/xhr", "/sockjs/000/abc")] == [
        None
    ] * 4
    backends = nodes()
    keys = [f"session {number}" for number in range(300)]
    before = {key: backends.named_by(key) for key in keys}
    shares = [list(before.values()).count(name) for name in ("n1", "n2", "n3")]
    assert min(shares) > 60, shares
    backends.get("n2").healthy = False
    for key in keys:
        now = backends.named_by(key)
        assert now == before[key] if before[key] != "n2" else now in ("n1", "n3")
    for backend in backends:
        backend.healthy = False
    assert backends.named_by("x") is None
