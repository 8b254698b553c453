"""What is declared of a tool beside its function: what it does, who may, how long, and as a job or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypedDict

if TYPE_CHECKING:
    from ..context import Context

Effect = Literal["read", "write", "destroy", "generate"]
Texts = Literal["none", "catalogue", "outside"]
"""Whose texts a result holds: nobody's, the brand's (products, posts, pages), or those of customers and the web."""
PRIVILEGED_AREAS = frozenset({"accounts", "agents", "customers", "settings", "keys"})
"""Areas of scopes in which a write gives or takes access, changes whom the shop knows, or tells agents what to do."""
MOST_RESULT = 64_000
"""Bytes of JSON that one call gives; a model's host takes about as much."""


@dataclass(frozen=True, slots=True)
class JobPolicy:
    """Makes a tool's calls jobs: they outlive the call and any process, and answer with a JobView.

    Args:
        queue: which queue of the pack's the jobs wait in; ``default`` has no caps beyond the worker's own.
        deadline: seconds from the call until the job is given up, waiting and pauses included.
        priority: 1 is first; jobs of equal priority go in the order of their calls.
        attempts: how often a job may be started before it counts as failed; each process that dies costs one.
        check: looks at a call's validated arguments before there is a job, so that what can't go well is refused at
            once; raises Refused.
    """

    queue: str = "default"
    deadline: float = 3600
    priority: int = 100
    attempts: int = 20
    check: Callable[[Context, Any], None] | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """Caps for what goes to one provider, over all processes.

    Args:
        name: what job policies say.
        concurrency: jobs under way at once, over all workers; None for no cap beyond each worker's own.
        rate: jobs started per period and the period in seconds; None for no cap.
    """

    name: str
    concurrency: int | None = 5
    rate: tuple[int, float] | None = None


@dataclass(frozen=True, slots=True)
class View:
    """A page that hosts of MCP Apps show beside a tool's results (io.modelcontextprotocol/ui, 2026-01-26).

    Args:
        resource: the page's ``ui://`` address; empty for what only the page calls.
        for_model: False keeps the tool out of what models are shown: the page calls it.
    """

    resource: str = ""
    for_model: bool = True


class PolicyOptions(TypedDict, total=False):
    timeout: float
    cache_ttl: float
    core: bool
    title: str
    open_world: bool
    idempotent: bool
    proxies: Iterable[Effect]
    job: JobPolicy
    texts: Texts
    privileged: bool
    view: View
    most: int
    free: bool
    also: Iterable[str]


@dataclass(frozen=True, slots=True)
class Policy:
    """What follows for every surface: hints, HTTP method, preview, confirmation, audit.

    Args:
        effect: ``read``; ``write`` (reversible); ``destroy`` (not reversible, or moves money); ``generate`` (costs
            money).
        scopes: all of them are needed.
        timeout: seconds the handler may take.
        cache_ttl: seconds a read's result may be served again to the same principal; 0 never.
        core: part of the default profile.
        open_world: reaches systems outside this server.
        idempotent: the same call twice has the effect of one.
        proxies: effects of the tools that this tool may call by name; empty for ordinary tools.
        job: calls become durable jobs; None for ordinary tools.
        texts: whose texts the result of a read holds, or the outcome of a job, not the handle that its start gives;
            views of changes say it themselves.
        privileged: of a tool that stages nothing: its call waits for a person when the caller has just read customers'
            texts. Needs a person then as well: writes in ``PRIVILEGED_AREAS``.
        view: the page that shows its results; such tools are in the default profile of hosts that show pages.
        most: bytes of JSON that a read gives; what is beyond is cut.
        free: of a tool that makes something: it costs nothing, and only reads elsewhere.
        also: scopes that some of its calls need besides, and refuse without: an agent with the tool keeps them of the
            person that it works for.
    """

    effect: Effect
    scopes: frozenset[str]
    timeout: float
    cache_ttl: float = 0
    core: bool = False
    open_world: bool = True
    idempotent: bool = False
    proxies: frozenset[str] = frozenset()
    job: JobPolicy | None = None
    texts: Texts = "none"
    privileged: bool = False
    view: View | None = None
    most: int = MOST_RESULT
    free: bool = False
    also: frozenset[str] = frozenset()

    @property
    def only_makes(self) -> bool:
        """Whether a call only makes something new here, at no cost: nothing that is there changes, nothing is sent."""
        return self.effect == "generate" and (self.free or not self.open_world)

    @property
    def needs_trust(self) -> bool:
        """Whether a person must agree after the caller has read text that customers or the web wrote."""
        areas = {scope.partition(":")[0] for scope in self.scopes} if self.writes else set[str]()
        return self.privileged or bool(areas & PRIVILEGED_AREAS)

    @property
    def writes(self) -> bool:
        return self.effect != "read"
