"""Faults that tests queue: what a shop, its host or the way to it does wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["latency", "status", "lost_before", "lost_after", "truncated", "html", "drop"]

ERROR_PAGE = (
    "<!DOCTYPE html><html><head><title>Maison Skyy</title></head><body><h1>Error establishing a database "
    "connection</h1><p>There has been a critical error on this website.</p></body></html>"
)


@dataclass(slots=True)
class Fault:
    """One rule: it takes effect on the `nth` matching request and on `times - 1` more after it.

    lost_before never reaches the shop, lost_after is done by the shop and its answer is lost: the client waits until
    it gives up. drop closes the connection after the shop has done its work.
    """

    kind: Kind
    method: str = "*"
    path: str = ""
    nth: int = 1
    times: int = 1
    seconds: float = 0.0
    status: int = 502
    retry_after: int | None = None
    seen: int = 0

    def takes(self, method: str, path: str) -> bool:
        if self.method not in ("*", method) or not re.search(self.path, path):
            return False
        self.seen += 1
        return self.nth <= self.seen < self.nth + self.times


@dataclass(slots=True)
class Faults:
    """The queue; `path` is a regular expression searched in the path after /wp-json."""

    rules: list[Fault] = field(default_factory=list[Fault])

    def add(self, fault: Fault) -> Fault:
        self.rules.append(fault)
        return fault

    def latency(self, seconds: float, *, method: str = "*", path: str = "", nth: int = 1, times: int = 1) -> Fault:
        return self.add(Fault("latency", method, path, nth, times, seconds=seconds))

    def status(
        self,
        status: int,
        *,
        retry_after: int | None = None,
        method: str = "*",
        path: str = "",
        nth: int = 1,
        times: int = 1,
    ) -> Fault:
        """Answer 429, 502 … without reaching the shop."""
        return self.add(Fault("status", method, path, nth, times, status=status, retry_after=retry_after))

    def lost(self, *, committed: bool, method: str = "*", path: str = "", nth: int = 1, times: int = 1) -> Fault:
        """Lose the answer after the shop has committed, or the request before it got there."""
        return self.add(Fault("lost_after" if committed else "lost_before", method, path, nth, times))

    def truncated(self, *, method: str = "*", path: str = "", nth: int = 1, times: int = 1) -> Fault:
        """Answer half of the JSON."""
        return self.add(Fault("truncated", method, path, nth, times))

    def html(self, *, method: str = "*", path: str = "", nth: int = 1, times: int = 1) -> Fault:
        """Answer 200 with an HTML error page, without reaching the shop."""
        return self.add(Fault("html", method, path, nth, times))

    def drop(self, *, method: str = "*", path: str = "", nth: int = 1, times: int = 1) -> Fault:
        """Close the connection instead of answering."""
        return self.add(Fault("drop", method, path, nth, times))

    def clear(self) -> None:
        self.rules.clear()

    def take(self, method: str, path: str) -> list[Fault]:
        """Return what applies to this request, and count it."""
        return [rule for rule in self.rules if rule.takes(method, path)]
