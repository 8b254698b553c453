"""The circuit breaker, with a clock of its own."""

from __future__ import annotations

from devskyy_mcp.guard.breaker import Breaker


def test_half_of_the_last_twenty_failed_opens_the_breaker() -> None:
    breaker = Breaker(clock=lambda: 0)
    for number in range(20):
        assert not breaker.is_open
        breaker.leave(breaker.enter(), number % 2 == 0)
    assert breaker.is_open


def test_the_breaker_waits_longer_each_time_up_to_a_minute() -> None:
    now = 0.0
    breaker = Breaker(clock=lambda: now)
    for _ in range(5):
        breaker.leave(breaker.enter(), False)
    waits = [breaker.wait()]
    for _ in range(5):
        now += breaker.wait()
        breaker.leave(breaker.enter(), False)
        waits.append(breaker.wait())
    assert waits == [5, 10, 20, 40, 60, 60]
    now += 60
    breaker.leave(breaker.enter(), None)  # a probe that was cancelled proves nothing
    assert (breaker.is_open, breaker.wait()) == (True, 0)
    breaker.leave(breaker.enter(), True)
    assert (breaker.is_open, breaker.wait()) == (False, 0)


def test_failures_that_arrive_late_open_the_breaker_once() -> None:
    breaker = Breaker(clock=lambda: 0)
    tickets = [breaker.enter() for _ in range(30)]
    for ticket in tickets:
        breaker.leave(ticket, False)
    assert breaker.wait() == 5
