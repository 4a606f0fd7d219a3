"""The turns themselves: one goes at a time, and a seed says who."""

import pytest

from tests.races.turns import Turns

STEPS = 6


def played(seed: str) -> list[str]:
    """Let three actors go, and return in which order they took their steps."""
    turns = Turns(seed, has_one_writer=True, waits_in_database=lambda _backend: False)
    order: list[str] = []

    def act(name: str) -> None:
        for number in range(STEPS):
            turns.step(f"step {number}")
            order.append(name)

    for name in ("alice", "bob", "root"):
        turns.spawn(name, act, name)
    turns.run()
    return order


def test_same_seed_is_the_same_order() -> None:
    """A failure can be seen again."""
    assert played("7") == played("7")


def test_seeds_find_different_orders() -> None:
    """Twenty of them find twenty, and everybody comes to their end in each."""
    orders = [played(str(seed)) for seed in range(20)]

    assert len({tuple(order) for order in orders}) == 20
    assert all(order.count("bob") == STEPS for order in orders)


def test_one_writes_at_a_time() -> None:
    """Who wants to write is not asked to go while another does."""
    turns = Turns("7", has_one_writer=True, waits_in_database=lambda _backend: False)
    writing: list[str] = []
    most = []

    def write(name: str) -> None:
        for _ in range(STEPS):
            turns.begin_writing()
            writing.append(name)
            turns.step("write")
            most.append(len(writing))
            turns.end_writing("commit")
            writing.remove(name)

    for name in ("alice", "bob"):
        turns.spawn(name, write, name)
    turns.run()

    assert most == [1] * 2 * STEPS


def test_who_waits_for_another_is_not_waited_for() -> None:
    """A result comes from whoever was sent for it, by turns as well."""
    turns = Turns("7", has_one_writer=True, waits_in_database=lambda _backend: False)

    def ask() -> int:
        sent = turns.spawn("helper", lambda: turns.step("think") or 42)
        turns.step("wait")
        return int(sent.result())

    asked = turns.spawn("asker", ask)
    turns.run()

    assert asked.result() == 42
    assert "helper: think" in turns.trace


def test_what_an_actor_raises_is_told_to_who_asks() -> None:
    """It ends that actor alone."""
    turns = Turns("7", has_one_writer=True, waits_in_database=lambda _backend: False)
    failed = turns.spawn("failing", lambda: 1 // 0)
    fine = turns.spawn("fine", lambda: "well")
    turns.run()

    assert fine.result() == "well"
    with pytest.raises(ZeroDivisionError):
        failed.result()
