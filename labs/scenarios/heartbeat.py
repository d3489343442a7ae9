"""Heart-beats: which detector sees which fault, and how soon. Four faults, three detectors; and an idle timer.

What is said to be true of it is computed in heartbeat_verdicts.py.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from labs.net.blackhole import refusal
from labs.net.processes import Child
from labs.net.tap import Tap
from labs.net.tasks import Tasks, first_of, together
from labs.net.tcp_info import MEASURABLE
from labs.scenarios import heartbeat_steps as steps
from labs.scenarios.heartbeat_verdicts import VERDICTS
from labs.scenarios.heartbeat_watch import MISSED, Detector, Watch, three, watching
from labs.stage import Stage
from labs.tables import cell

__all__ = ["VERDICTS", "run"]

SERVER = "labs.net.two_floors"
NETWORK = "labs.net.fault_relay"
BROKER = "labs.net.stomp_server"
BALANCERS = {"builtin": "labs.net.balancer", "haproxy": "labs.net.haproxy"}
PINGS_EACH = 3  # each way, beside those with other payloads
WATCH_SECONDS = steps.KEEPALIVE_SECONDS + 0.25
IN_FLIGHT_SECONDS = steps.KEEPALIVE_SECONDS + 0.6
FACTORS = (0.5, 1.5)  # of the knob's interval: two more points of the diagram
CHECKS = {"every": 2.0, "timeout": 2.0}  # seldom, so that they do not drown what one looks at
LONG_IDLE = 3600.0
PHASE = (0.2, 0.8)  # of an interval: when the fault comes
NO_TCP_INFO = "it takes Linux, whose kernel says what it knows of a connection (TCP_INFO)"
KERNELS = ("frozen-keepalive-blind", "blackhole-data-in-flight", "balancer-hop-hides", "idle-cut")


@dataclass(frozen=True, slots=True)
class Scene:
    """What every step needs. `hole`: why no real black hole can be made here, or nothing."""

    stage: Stage
    tap: Tap
    server: Child
    network: Child
    hole: str

    @property
    def every(self) -> float:
        """The knob: seconds between two pings, or heart-beats."""
        return float(self.stage.knobs["interval"])

    @property
    def idle(self) -> float:
        """The knob: seconds of the idle timer."""
        return float(self.stage.knobs["idle"])


async def run(stage: Stage) -> None:
    """Play the lab."""
    async with Tasks() as tasks:
        tap = stage.host("client", "client")
        server, network = await together(
            stage.spawn("server", "server", SERVER),
            stage.spawn("network", "proxy", NETWORK, routes={"server": "", "node": ""}),
        )
        await network.call("lead", route="server", target=server.address)
        scene = Scene(stage, tap, server, network, refusal() if MEASURABLE else NO_TCP_INFO)
        await _pings(scene)
        _excuse(scene)
        await stage.step(steps.FREEZE)
        # What is needed later starts while something else is waited for.
        beats = [steps.INTERVAL, steps.INTERVAL]
        broker = tasks.start(
            stage.spawn("broker", "server", BROKER, semantics="spring", heart_beat=beats), "start of the broker"
        )
        await _frozen(scene)
        await stage.step(steps.LOCK)
        behind = tasks.start(_behind_balancers(scene), "start of the balancers")
        await _deadlocked(scene)
        await stage.step(steps.HOLE)
        await _black_hole(scene)
        await _stomp(stage, tap, await broker)
        balancer, timer = await behind
        await stage.step(steps.BALANCED)
        stage.note(steps.idle_scale(scene.idle))
        await together(_dead_behind_balancer(scene, balancer), _idle(scene, timer))
        await stage.judge("balancer-hop-hides", "idle-cut", "ping-keeps-alive")
    await _free_play(scene, balancer)


async def _behind_balancers(scene: Scene) -> list[Child]:
    """A node behind a balancer, and the server behind one with an idle timer."""
    stage = scene.stage
    module = BALANCERS[str(stage.knobs["balancer"])]
    if module != BALANCERS["builtin"]:
        stage.expect_stranger("haproxy", "balancer")
    node = await stage.spawn("node", "node", SERVER)
    await scene.network.call("lead", route="node", target=node.address)
    behind = {"balancer": {"node": scene.network.addresses["node"]}, "timer": {"server": scene.server.address}}
    idle = {"balancer": LONG_IDLE, "timer": scene.idle}
    return await together(
        *(
            stage.spawn(id, "balancer", module, backends=backends, idle=idle[id], checks=CHECKS, fall=1)
            for id, backends in behind.items()
        )
    )


def _excuse(scene: Scene) -> None:
    """Say what this machine cannot show."""
    scene.stage.note(steps.KEEPALIVE_SCALE)
    if not MEASURABLE:
        scene.stage.excuse(NO_TCP_INFO, *KERNELS)
    elif scene.hole:
        scene.stage.excuse(f"{scene.hole}; a relay in user space takes its place for the others", KERNELS[1])


async def _pings(scene: Scene) -> None:
    from labs.net.client import Opening, open_connection

    stage, delay = scene.stage, float(scene.stage.knobs["delay"])
    await stage.step(steps.PINGS)
    await scene.network.call("delay", route="server", seconds=delay)
    for address in (scene.server.address, scene.network.addresses["server"]):
        connection = await open_connection(scene.tap, address, Opening(path="/ping"))
        for payload in (*steps.PAYLOADS, *(b"%d" % number for number in range(PINGS_EACH))):
            await first_of(await connection.ping(payload), ANSWER_SECONDS + 2 * delay)
        await connection.close()
    await stage.judge("pong-echoes", "round-trip")


ANSWER_SECONDS = 3.0


async def _stomp(stage: Stage, tap: Tap, broker: Child) -> None:
    from labs.net.stomp_client import connect

    await stage.step(steps.STOMP)
    stage.note(steps.SPRING_SCALE)
    steady = await connect(tap, broker.address, heart_beat=f"{steps.CLIENT_SENDS},{steps.CLIENT_WANTS}")
    silent = await connect(tap, broker.address, heart_beat=f"{steps.INTERVAL},{steps.INTERVAL}")
    ends = steps.CLIENT_WANTS * BROKER_BEATS / 1000
    await together(_beat_on(steady.connection.send, ends), first_of(silent.connection.wait_closed(), ANSWER_SECONDS))
    steady.abort()
    silent.abort()
    await stage.judge("negotiated-interval", "timeout-multiple")


BROKER_BEATS = 3.5  # of its intervals are listened to


async def _beat_on(send: Callable[[str], Awaitable[None]], seconds: float) -> None:
    """Send heart-beats well within the agreed interval, and let the broker's come."""
    end = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < end:
        await send("\n")
        await asyncio.sleep(steps.INTERVAL / 2000)


# The matrix, row by row. `by` broke it: the lab or the learner.


async def _frozen(scene: Scene) -> None:
    more = [
        Detector(kind, round(scene.every * factor, 3), beside=True)
        for factor in FACTORS
        for kind in (steps.PING, steps.BEAT)
    ]
    watches = await watching(scene.tap, scene.server.address, steps.FROZEN, [*_three(scene), *more])

    async def freeze() -> None:
        await scene.stage.parts.freeze("server")
        scene.stage.fault("freeze", "server")

    # A peer is dead after MISSED intervals without an answer, the first of which may have to be waited for.
    longest = max(FACTORS) * scene.every * (MISSED + 1) + 0.4
    await _measure(scene, steps.FROZEN, watches, freeze, max(WATCH_SECONDS, longest))
    await scene.stage.parts.thaw("server")
    await scene.stage.judge("frozen-keepalive-blind", "frozen-ping-detects")


async def _deadlocked(scene: Scene) -> None:
    watches = await watching(scene.tap, scene.server.address, steps.DEADLOCK, _three(scene))

    async def deadlock() -> None:
        await scene.server.call("deadlock")
        scene.stage.fault("deadlock", "server")

    await _measure(scene, steps.DEADLOCK, watches, deadlock, _long_enough(scene))
    await scene.server.call("replace")
    await scene.stage.judge("deadlock-ping-blind", "deadlock-application-detects")


async def _black_hole(scene: Scene) -> None:
    if scene.hole:
        await _stopped_way(scene)
        return
    strained = Detector(steps.KEEPALIVE, in_flight=True)
    impatient = Detector(steps.KEEPALIVE, in_flight=True, gives_up=steps.USER_TIMEOUT)
    detectors = [*_three(scene), strained, impatient]
    watches = await watching(scene.tap, scene.server.address, steps.BLACK_HOLE, detectors)

    async def swallow() -> None:
        for watch in watches:
            watch.swallow()
        scene.stage.fault("black-hole", "client")

    await _measure(scene, steps.BLACK_HOLE, watches, swallow, max(IN_FLIGHT_SECONDS, _long_enough(scene)))
    await scene.stage.judge("blackhole-data-in-flight")


async def _stopped_way(scene: Scene) -> None:
    """What stands for a black hole where none can be made: keepalive cannot be judged by it, the others can."""
    scene.stage.note(steps.HOLE_STAND_IN)
    await scene.network.call("delay", route="server", seconds=0.0)
    detectors = [detector for detector in _three(scene) if detector.kind != steps.KEEPALIVE]
    watches = await watching(scene.tap, scene.network.addresses["server"], steps.BLACK_HOLE, detectors)

    async def stop() -> None:
        await scene.network.call("stop", route="server")
        scene.stage.fault("black-hole", "network")

    await _measure(scene, steps.BLACK_HOLE, watches, stop, _long_enough(scene))
    await scene.network.call("go_on", route="server")


async def _dead_behind_balancer(scene: Scene, balancer: Child) -> None:
    watches = await watching(scene.tap, balancer.address, steps.DEAD_SERVER, _three(scene))

    async def lose_power() -> None:
        await scene.network.call("stop", route="node")
        await scene.stage.parts.kill("node")
        scene.stage.fault("power-loss", "node")

    await _measure(scene, steps.DEAD_SERVER, watches, lose_power, _long_enough(scene))


def _three(scene: Scene) -> list[Detector]:
    return [each for each in three(scene.every) if MEASURABLE or each.kind != steps.KEEPALIVE]


def _long_enough(scene: Scene) -> float:
    return max(WATCH_SECONDS, scene.every * (MISSED + 1) + 0.4)


async def _measure(
    scene: Scene, row: str, watches: Sequence[Watch], break_it: Callable[[], Awaitable[None]], seconds: float
) -> None:
    """Let them all ask and be answered, break it between two beats, and see who notices within `seconds`."""
    broken = asyncio.Event()

    async def fault() -> None:
        await asyncio.sleep(random.uniform(*PHASE) * scene.every)
        await break_it()
        broken.set()

    await together(fault(), *(_follow(scene, row, watch, broken, seconds) for watch in watches))


async def _follow(scene: Scene, row: str, watch: Watch, broken: asyncio.Event, seconds: float) -> None:
    loop, detector = asyncio.get_running_loop(), watch.detector
    async with Tasks() as tasks:
        notice = tasks.start(watch.notice(), detector.name)
        await broken.wait()
        begun = loop.time()
        await watch.load()
        noticed = await first_of(asyncio.shield(notice), seconds) is not None
    _tell(scene.stage, row, watch, noticed, round(loop.time() - begun, 3))
    watch.abort()


def _tell(stage: Stage, row: str, watch: Watch, noticed: bool, elapsed: float) -> None:
    """The cell of the matrix, and what the kernel says where keepalive is blind."""
    detector, unit = watch.detector, steps.SECONDS if noticed else steps.BLIND
    if detector.every and row == steps.FROZEN:
        stage.metric(cell(steps.TITLE_INTERVAL, f"{detector.every:g} s", detector.name), elapsed, unit, "client")
    if detector.beside:
        return
    row = detector.strain or row
    stage.metric(cell(steps.TITLE_DETECT, row, detector.name), elapsed, unit, "client")
    if not noticed and detector.kind == steps.KEEPALIVE and (info := watch.info()) is not None:
        if detector.strain:
            stage.metric(cell(steps.TITLE_UNACKED, row, detector.name), info.unacked, steps.SEGMENTS, "client")
        else:
            stage.metric(cell(steps.TITLE_ACK, row, detector.name), info.ack_age, steps.MILLISECONDS, "client")


# Behind the idle timer.


async def _idle(scene: Scene, timer: Child) -> None:
    detectors = [Detector(""), Detector(steps.KEEPALIVE), Detector(steps.PING, round(scene.idle / 3, 3))]
    detectors = [each for each in detectors if MEASURABLE or each.kind != steps.KEEPALIVE]
    watches = await watching(scene.tap, timer.address, steps.IDLE, detectors)
    await together(*(_outlive(scene, watch) for watch in watches))


async def _outlive(scene: Scene, watch: Watch) -> None:
    ended = await first_of(watch.notice(), 2 * scene.idle + 0.2)
    elapsed = round(asyncio.get_running_loop().time() - watch.since, 3)
    name = cell(steps.TITLE_OPEN, watch.detector.name, f"{scene.idle:g} s")
    scene.stage.metric(name, elapsed, steps.CUT if ended else steps.OPEN, "client")
    watch.abort()


async def _free_play(scene: Scene, balancer: Child) -> None:
    """Every row again, as often as the learner likes, with the knobs as they are then."""
    stage = scene.stage

    async def power_loss(target: str) -> None:
        await stage.parts.restart("node")
        await scene.network.call("lead", route="node", target=stage.parts.child("node").address)
        await scene.network.call("go_on", route="node")
        await _dead_behind_balancer(scene, balancer)
        await stage.judge("balancer-hop-hides")

    def row(play: Callable[[Scene], Awaitable[None]]) -> Callable[[str], Awaitable[None]]:
        return lambda target: play(scene)

    await stage.free_play(
        steps.FREE,
        {
            "freeze": row(_frozen), "deadlock": row(_deadlocked), "black-hole": row(_black_hole),
            "power-loss": power_loss,
        },
    )  # fmt: skip
