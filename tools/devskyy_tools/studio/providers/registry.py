"""The providers that this server knows, and how patiently their tasks are followed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from devskyy_mcp.assets.store import Assets
from devskyy_mcp.changes.model import Systems
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Services
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.ops.doctor import Checks, Finding

from .downloads import Downloads
from .port import Provider
from .system import PaidTasks


@dataclass(frozen=True, slots=True)
class Pace:
    """How a task is followed; all in seconds, but ``growth``.

    Args:
        first: before the second look.
        growth: each pause is so many times the one before.
        longest: pause.
        unknown: for which a task may be in states that the provider does not document.
        trouble: for which the provider may not be reached.
    """

    first: float = 2.0
    growth: float = 1.4
    longest: float = 20.0
    unknown: float = 300.0
    trouble: float = 900.0


class Providers:
    """The providers by name; the client of each is made at first use. ``pace`` is for tests to hurry."""

    def __init__(self, services: Services) -> None:
        self.pace = Pace()
        self._services = services
        self._factories: dict[str, Callable[[Services], Provider]] = {}
        self._made: dict[str, Provider] = {}

    def add(self, name: str, factory: Callable[[Services], Provider]) -> None:
        self._factories[name] = factory

    @property
    def names(self) -> list[str]:
        """All of them, in their order."""
        return sorted(self._factories)

    def get(self, name: str) -> Provider:
        """The provider of that name.

        Raises:
            Refused: NOT_FOUND.
        """
        if name not in self._made:
            if name not in self._factories:
                raise Refused(Code.NOT_FOUND, f"There is no provider called {name[:40]!r}.")
            self._made[name] = self._factories[name](self._services)
        return self._made[name]

    async def aclose(self) -> None:
        for provider in self._made.values():
            await provider.aclose()


def provide(services: Services, name: str, factory: Callable[[Services], Provider]) -> None:
    """Make a provider known to a server, to the ledger too; nothing is opened before its first use."""
    if not services.has(Assets):
        services.share(Assets, lambda found: Assets(found.get(Settings).data_dir / "assets"))
    if not services.has(Providers):
        services.put(Providers, Providers(services))
        services.share(Downloads, lambda _: Downloads())
    providers = services.get(Providers)
    providers.add(name, factory)
    services.get(Systems).add(name, lambda: PaidTasks(providers.get(name), services))
    if services.has(Checks):
        services.get(Checks).add(name, lambda: _check(providers.get(name)))


async def _check(provider: Provider) -> list[Finding]:
    """For ``devskyy doctor``: whether a key that is set is accepted, and what is left of its credits."""
    about = provider.about
    if not provider.configured:
        return []
    try:
        left = await provider.credits()
    except Refused as refused:
        return [Finding("problem", refused.message, refused.hint)]
    if left is None:
        return [Finding("ok", f"{about.title} accepts the key.")]
    if left == 0:
        return [Finding("warning", f"The account at {about.title} has no credits left.", f"Buy some at {about.site}.")]
    return [Finding("ok", f"{about.title} accepts the key, and has {left:g} credits left.")]
