"""What goes out next, and when: an absolute schedule, and an order that no key disturbs."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator

import pytest

from sigflow.replay import player as players
from sigflow.replay.player import Player
from sigflow.replay.schedule import at_rate


class World:
    """A clock that only waiting and working move; waiting takes a little longer than asked."""

    def __init__(self, player: Player[int], oversleep: float = 0.0) -> None:
        self.now = 100.0
        self.player = player
        self.waits = 0
        self._oversleep = oversleep
        player.begin(self.now)

    def run(self, until: float = math.inf, work: dict[int, float] | None = None) -> list[tuple[int, float]]:
        """Items and when each came out, in seconds after the start, as who drives a player does it."""
        out: list[tuple[int, float]] = []
        while not self.player.ended and self.now < 100 + until:
            items = self.player.take(self.now)
            out += [(item, round(self.now - 100, 6)) for item in items]
            self.now += sum((work or {}).get(item, 0.0) for item in items)
            due = self.player.due()
            if due > self.now:
                if math.isinf(due):
                    break
                self.waits += 1
                self.now = min(due + self._oversleep, 100 + until)
        return out


def played(count: int = 10, rate: float = 10, **more: object) -> Player[int]:
    return Player(lambda: iter(range(count)), lambda: at_rate(rate), **more)  # type: ignore[arg-type]


def test_a_rate_does_not_drift() -> None:
    world = World(played(1000, 100), oversleep=0.001)
    seen = world.run(work=dict.fromkeys(range(1000), 0.004))
    assert [item for item, _ in seen] == list(range(1000))
    assert all(-1e-6 <= moment - item / 100 <= 0.0011 for item, moment in seen)
    assert world.waits == 999


def test_who_falls_behind_catches_up() -> None:
    seen = [moment for _, moment in World(played()).run(work={2: 0.35})]
    assert seen == [0, 0.1, 0.2, 0.55, 0.55, 0.55, 0.6, 0.7, 0.8, 0.9]


def test_at_once_never_waits() -> None:
    world = World(played(1000, tempo=math.inf))
    assert world.run() == [(item, 0.0) for item in range(1000)]
    assert world.waits == 0


def test_a_pause_holds_what_is_not_out() -> None:
    player = played()
    world = World(player)
    assert world.run(until=0.35) == [(item, item / 10) for item in range(4)]
    player.pause(world.now)
    world.now += 7
    assert player.due() == math.inf and player.take(world.now) == []
    player.pause(world.now)
    assert world.run() == [(item, pytest.approx(7 + item / 10)) for item in range(4, 10)]


def test_steps_let_out_one_each_and_pause() -> None:
    player = played()
    world = World(player)
    world.run(until=0.15)
    player.step(world.now)
    world.now += 3
    assert player.take(world.now) == [2] and player.take(world.now) == []
    player.step(world.now)
    player.step(world.now)
    assert player.take(world.now) == [3, 4] and player.paused
    world.now += 3
    player.pause(world.now)
    begun = world.now - 100
    assert world.run() == [(item, pytest.approx(begun + (item - 4) / 10)) for item in range(5, 10)]


def test_another_tempo_holds_from_there_on() -> None:
    player = played(40)
    world = World(player)
    world.run(until=1.0)
    player.change(world.now, 4)
    seen = world.run()
    assert seen == [(item, pytest.approx(1 + (item - 10) / 40)) for item in range(10, 40)]


def test_a_seek_goes_on_from_there() -> None:
    player = played(100)
    world = World(player)
    assert [item for item, _ in world.run(until=1.0)] == list(range(10))
    assert player.seek(world.now, 5)
    assert world.run(until=1.25) == [(item, pytest.approx(item / 10 - 5)) for item in (60, 61, 62)]
    assert player.seek(world.now, -100)
    assert world.run(until=1.4)[:2] == [(0, 1.25), (1, pytest.approx(1.35))]
    assert player.seek(world.now, 100)
    assert world.run() == [] and player.ended


def test_what_can_be_read_once_is_not_gone_back_in() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    player = Player(items, lambda: at_rate(10), repeatable=False)
    world = World(player)
    world.run(until=1.0)
    assert not player.read_ahead()
    assert len(taken) == 11  # no more than are needed to say when the next is due
    assert not player.seek(world.now, -1)
    assert player.seek(world.now, 1)
    assert [item for item, _ in world.run()] == list(range(20, 100))


def test_loops_follow_each_other_at_the_same_pace() -> None:
    seen = World(played(3, loops=3)).run()
    assert seen == [(number % 3, pytest.approx(number / 10)) for number in range(9)]
    assert World(played(1, loops=3, period=0.1)).run() == [(0, 0), (0, 0.1), (0, 0.2)]
    assert World(played(0, loops=1 << 40)).run() == []


def test_what_is_read_ahead_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(players, "AHEAD", 50)
    player: Player[int] = Player(itertools.count, lambda: at_rate(10))
    while player.read_ahead():
        pass
    assert 50 <= len(player._ahead) < 70
    monkeypatch.setattr(players, "AHEAD_BYTES", 100)
    heavy: Player[int] = Player(itertools.count, lambda: at_rate(10), size=lambda item: 20)
    while heavy.read_ahead(1):
        pass
    assert len(heavy._ahead) == 5


COMMANDS = ("pause", "step", "faster", "slower", "forth", "back", "nothing", "nothing")


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_done_the_order_is_kept(seed: int) -> None:
    """Each item once and in order; behind a seek from the first that is not before the new position."""
    rng = random.Random(seed)
    loops = rng.choice((1, 3))
    player = Player(lambda: range(50), lambda: at_rate(10), loops=loops, paused=rng.random() < 0.3)
    now, out = 5.0, 0
    player.begin(now)
    wanted = 0  # number of the next item, over all loops
    for _ in range(600):
        if player.ended:
            break
        now += rng.choice((0.0, 0.01, 0.15, 1.0))
        for _ in range(rng.randrange(3)):
            player.read_ahead(rng.randrange(1, 9))
        for item in player.take(now):
            assert item == wanted % 50
            wanted += 1
            out += 1
        match rng.choice(COMMANDS):
            case "pause":
                player.pause(now)
            case "step":
                player.step(now)
            case "faster":
                player.change(now, 1.25)
            case "slower":
                player.change(now, 0.8)
            case "forth" | "back" as which:
                seconds = rng.uniform(0.01, 3) * (1 if which == "forth" else -1)
                loop_begin = player.loop * 5.0
                target = max(player.position(now) + seconds, loop_begin)
                before = wanted
                assert player.seek(now, seconds)
                wanted = max(math.ceil(target * 10), 0)
                if which == "forth":
                    assert wanted >= before
    assert player.taken == out > 0


def test_where_it_stands() -> None:
    player = played(100)
    world = World(player)
    world.run(until=1.05)
    assert player.position(world.now) == pytest.approx(1.05)
    assert player.position(world.now + 3) == pytest.approx(1.1)  # not behind the next item
    player.change(world.now, 2)
    assert player.tempo == 2
    for _ in range(100):
        player.change(world.now, 10)
    assert math.isfinite(player.tempo)
