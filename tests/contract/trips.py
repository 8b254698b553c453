"""Round trips of tools that write: shown, carried out and undone on a shop, which is then as it was."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devskyy_tools.shop.signing import Credentials
from tests.contract.client import Shop
from tests.fakes.demo import Desk, desk_over


@dataclass
class Trip:
    """One write.

    Args:
        arguments: of the tool.
        watched: paths whose objects are read before and after the undo, and must be the same; none for what is made.
        lists: paths of lists that must have as many objects again.
        undo: what becomes of the undo where the shop can't bring it back: ``impossible`` or ``nothing_to_change``.
        moves: fields that the shop moves by itself, and that stay so.
    """

    arguments: dict[str, Any]
    watched: list[str] = field(default_factory=list[str])
    lists: list[str] = field(default_factory=list[str])
    undo: str = "applied"
    moves: frozenset[str] = frozenset()


Build = Callable[[Shop], Awaitable[Trip]]


class Trips(dict[str, tuple[str, Build]]):
    """Tool and trip by the trip's name."""

    def trip(self, tool: str, name: str = "") -> Callable[[Build], Build]:
        """Declare the function as a trip of the tool, under its own name if no other is given."""

        def register(build: Build) -> Build:
            self[name or build.__name__] = (tool, build)
            return build

        return register


def desk_on(shop: Shop, folder: Path) -> AbstractAsyncContextManager[Desk]:
    """The tools over a shop, as whom the tests are there."""
    login = Credentials(shop.access.user, shop.access.app_password)
    return desk_over(folder, shop.access.url, login, shop.access.transport)
