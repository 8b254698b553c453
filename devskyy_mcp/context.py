"""Who calls, and what a handler may reach while it runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from .errors import Code, Refused

if TYPE_CHECKING:
    from .changes.stage import Unit

T = TypeVar("T")

PrincipalKind = Literal["os", "local", "user", "client", "key"]
ProgressSink = Callable[[float, float | None, str | None], Awaitable[None]]
ALL_SCOPES = frozenset({"*"})


@dataclass(frozen=True, slots=True)
class Principal:
    """The one in whose name a call is made.

    Args:
        id: stable key, e.g. ``os:1000:ada`` or ``local``; rows of changes and audit carry it.
        kind: ``os`` (stdio, command line), ``local`` (loopback HTTP), ``user`` (a person, through a program or a
            browser), ``key`` (a person's API key), ``client`` (a program in its own name).
        scopes: granted scopes, ``area:read`` or ``area:write``; ``*`` grants all. Write includes read.
        name: what people see.
        client: the program's client id, where the call came through one.
        sid: id of the grant, session or key that carries the call; revoking it ends the access.
        amr: how the person signed in (RFC 8176): ``pwd``, ``otp``, ``mfa``.
        auth_at: when the person last proved who they are, seconds since the epoch; 0 where that is not known.
        until: when the proof ends, seconds since the epoch; 0 where ``sid`` is looked up instead.
        unconfirmed: whether the access still stands can't be looked up now, so that it only counts for reading.
    """

    id: str
    kind: PrincipalKind
    scopes: frozenset[str]
    name: str = ""
    client: str = ""
    sid: str = ""
    amr: frozenset[str] = frozenset()
    auth_at: int = 0
    until: float = 0
    unconfirmed: bool = False

    def may(self, scope: str) -> bool:
        """Whether the scope is granted, itself or through a wider one."""
        if scope in self.scopes or "*" in self.scopes:
            return True
        area, _, action = scope.partition(":")
        return action == "read" and f"{area}:write" in self.scopes


class Services:
    """Everything a handler can ask for by type: made once per process, or once per call.

    Packs say what they provide; the composition root registers it. Factories run at first use, so that a server which
    only lists its tools never opens a database or a connection.
    """

    def __init__(self) -> None:
        self._made: dict[type, Any] = {}
        self._shared: dict[type, Callable[[Services], Any]] = {}
        self._per_call: dict[type, Callable[[Context], Any]] = {}

    def share(self, kind: type[T], factory: Callable[[Services], T]) -> None:
        """Provide one instance per process, made at first use; a later call replaces an earlier factory."""
        self._shared[kind] = factory
        self._made.pop(kind, None)

    def per_call(self, kind: type[T], factory: Callable[[Context], T]) -> None:
        """Provide one instance per call, made at first use in that call."""
        self._per_call[kind] = factory

    def put(self, kind: type[T], instance: T) -> None:
        self._made[kind] = instance

    def get(self, kind: type[T]) -> T:
        """The process-wide instance.

        Raises:
            Refused: NOT_CONFIGURED when nothing provides the type.
        """
        made = self._made.get(kind)
        if made is None:
            factory = self._shared.get(kind)
            if factory is None:
                raise Refused(Code.NOT_CONFIGURED, f"This server has no {kind.__name__}.")
            made = self._made[kind] = factory(self)
        return cast("T", made)

    def made(self, kind: type[T]) -> T | None:
        """The instance if something has asked for it already; makes nothing."""
        return cast("T | None", self._made.get(kind))

    def has(self, kind: type) -> bool:
        return kind in self._made or kind in self._shared or kind in self._per_call

    def for_call(self, kind: type[T], ctx: Context) -> T:
        factory = self._per_call.get(kind)
        return factory(ctx) if factory is not None else self.get(kind)

    def all_made(self) -> Mapping[type, Any]:
        return self._made


@dataclass(slots=True)
class Context:
    """What a handler sees of its call.

    ``unit`` takes staged writes; it is None for tools whose effect is ``read``. ``can_ask`` says whether the surface
    can put a
    question to a person now; ``key`` is the caller's idempotency key; ``agreed`` that a person has agreed to what is
    staged here; ``asks`` why a person must agree whatever is staged; ``keeps_in`` that nothing of it may leave
    the shop.
    """

    principal: Principal
    services: Services
    tool: str = ""
    surface: str = "internal"
    unit: Unit | None = None
    sink: ProgressSink | None = None
    can_ask: bool = False
    key: str | None = None
    extras: dict[str, Any] = field(default_factory=dict[str, Any])
    agreed: bool = False
    asks: tuple[str, ...] = ()
    keeps_in: bool = False
    _made: dict[type, Any] = field(default_factory=dict[type, Any])

    def get(self, kind: type[T]) -> T:
        """A service by its type: this call's instance where the service is per call, else the process's."""
        made = self._made.get(kind)
        if made is None:
            made = self._made[kind] = self.services.for_call(kind, self)
        return cast("T", made)

    def put(self, kind: type[T], instance: T) -> None:
        """Give this call an instance of its own."""
        self._made[kind] = instance

    async def progress(self, done: float, total: float | None = None, message: str | None = None) -> None:
        """Tell the caller how far the work is; free when nobody listens."""
        if self.sink is not None:
            await self.sink(done, total, message)
