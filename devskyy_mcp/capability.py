"""The one declaration: a typed function with a policy, from which every surface makes its own form of the tool.

    products = Toolset("products", timeout=20)

    @products.tool("read", scopes="catalog:read")
    async def woo_products_list(ctx: Context, search: Search = "", page: Page = 1) -> ProductPage:
        '''List the shop's products, newest first. Use it to find a product's id before a change.'''

Models and schemas are made at first use, so that declaring a catalogue costs next to nothing.
"""

from __future__ import annotations

import difflib
import inspect
import typing
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypedDict, TypeVar, Unpack

from .config import Settings
from .context import Context, Principal, Services
from .errors import Code, Refused, unconfirmed
from .schema import compact, explain, tidy

if TYPE_CHECKING:
    from pydantic import BaseModel

Effect = Literal["read", "write", "destroy", "generate"]
Texts = Literal["none", "catalogue", "outside"]
"""Whose texts a result holds: nobody's, the brand's (products, posts, pages), or those of customers and the web."""
PRIVILEGED_AREAS = frozenset({"accounts", "agents", "customers", "settings", "keys"})
"""Areas of scopes in which a write gives or takes access, changes whom the shop knows, or tells agents what to do."""
Handler = TypeVar("Handler", bound=Callable[..., Awaitable[Any]])
REST: dict[str, Any] = {
    "type": "object",
    "description": "Only where the result was too large: left_out, how many rows or characters per place; resource, "
    "where the whole is for a day.",
}
NAME_LIMIT = 40
MOST_RESULT = 64_000
"""Bytes of JSON that one call gives; a model's host takes about as much."""
SUMMARY_LIMIT = 120
ARGUMENT_LIMIT = 10_000
"""Characters of a prompt's argument."""


@dataclass(frozen=True, slots=True)
class JobPolicy:
    """Makes a tool's calls jobs: they outlive the call and any process, and answer with a JobView.

    Args:
        queue: which queue of the pack's the jobs wait in; ``default`` has no caps beyond the worker's own.
        deadline: seconds from the call until the job is given up, waiting and pauses included.
        priority: 1 is first; jobs of equal priority go in the order of their calls.
        attempts: how often a job may be started before it counts as failed; each process that dies costs one.
    """

    queue: str = "default"
    deadline: float = 3600
    priority: int = 100
    attempts: int = 20


@dataclass(frozen=True, slots=True)
class View:
    """A page that hosts of MCP Apps show beside a tool's results (io.modelcontextprotocol/ui, 2026-01-26).

    Args:
        resource: the page's ``ui://`` address; empty for what only the page calls.
        for_model: False keeps the tool out of what models are shown: the page calls it.
    """

    resource: str = ""
    for_model: bool = True


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
        texts: whose texts the result of a read holds; views of changes say it themselves.
        privileged: of a tool that stages nothing: its call waits for a person when the caller has just read customers'
            texts. Needs a person then as well: writes in ``PRIVILEGED_AREAS``.
        view: the page that shows its results; such tools are in the default profile of hosts that show pages.
        most: bytes of JSON that a read gives; what is beyond is cut.
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
    also: frozenset[str] = frozenset()

    @property
    def needs_trust(self) -> bool:
        """Whether a person must agree after the caller has read text that customers or the web wrote."""
        areas = {scope.partition(":")[0] for scope in self.scopes} if self.writes else set[str]()
        return self.privileged or bool(areas & PRIVILEGED_AREAS)

    @property
    def writes(self) -> bool:
        return self.effect != "read"


class Capability:
    """One tool, the same on every surface."""

    def __init__(self, handler: Callable[..., Awaitable[Any]], policy: Policy, noun: str, title: str = "") -> None:
        self.handler = handler
        self.policy = policy
        self.noun = noun
        self.name = handler.__name__
        doc = inspect.cleandoc(handler.__doc__ or "")
        self.summary = doc.split("\n", 1)[0].split(". ", 1)[0].rstrip(".") + "."
        self.description = " ".join(doc.split())
        self.title = title or self.name.replace("_", " ").capitalize()
        self.pack = ""
        if len(self.name) > NAME_LIMIT or len(self.summary) > SUMMARY_LIMIT or len(self.summary) < 2:
            raise ValueError(f"{self.name}: name over {NAME_LIMIT} characters, or first sentence over {SUMMARY_LIMIT}")

    @property
    def stages(self) -> bool:
        """Whether calls go through stage, decide and commit (and so have ``preview``, and answer with a ChangeSet)."""
        return self.policy.writes and not self.policy.proxies and self.result_type is None

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return typing.get_type_hints(self.handler, include_extras=True)

    @cached_property
    def result_type(self) -> type[BaseModel] | None:
        found = self._hints.get("return")
        return None if found is type(None) else found

    @cached_property
    def arguments(self) -> type[BaseModel]:
        """The arguments' model: strict, unknown names forbidden."""
        from pydantic import ConfigDict, Field, create_model

        fields: dict[str, Any] = {}
        for name, parameter in list(inspect.signature(self.handler).parameters.items())[1:]:
            default = ... if parameter.default is inspect.Parameter.empty else parameter.default
            fields[name] = (self._hints[name], default)
        if self.stages:
            preview = Annotated[bool, Field(description="Only show the plan.")]
            fields["preview"] = (preview, False)
        config = ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=False)
        return create_model(f"{self.name}_arguments", __config__=config, **fields)

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        return tuple(inspect.signature(self.handler).parameters)[1:]

    @cached_property
    def result_model(self) -> type[BaseModel] | None:
        """The model of what a call answers with; None for proxies, which answer with what they called."""
        if self.policy.proxies:
            return None
        if self.policy.job is not None:
            from .jobs.model import JobView

            return JobView
        if self.result_type is not None:
            return self.result_type
        from .changes.view import ChangeView

        return ChangeView

    @cached_property
    def input_schema(self) -> dict[str, Any]:
        """JSON Schema of the arguments as models read it; the server checks some more bounds than it states."""
        return compact(self.arguments.model_json_schema(mode="validation"))

    @cached_property
    def output_schema(self) -> dict[str, Any]:
        """JSON Schema of the result as models read it; always an object."""
        model = self.result_model
        return compact(model.model_json_schema(mode="validation"), result=True) if model else {"type": "object"}

    @cached_property
    def whole_input_schema(self) -> dict[str, Any]:
        """JSON Schema of the arguments with every bound, for programs."""
        return tidy(self.arguments.model_json_schema(mode="validation"))

    @cached_property
    def whole_output_schema(self) -> dict[str, Any]:
        """JSON Schema of the result with its descriptions, for programs."""
        model = self.result_model
        if model is None:
            return {"type": "object"}
        schema = tidy(model.model_json_schema(mode="validation"))
        if not self.policy.writes:
            schema["properties"] = {**schema["properties"], "rest": REST}
        return schema


def always(_settings: Settings) -> bool:
    return True


class Toolset:
    """The tools of one noun.

    Args:
        noun: what they are about.
        timeout: the default for its tools, in seconds.
        enabled: whether these tools are there at all.
    """

    def __init__(self, noun: str, *, timeout: float, enabled: Callable[[Settings], bool] = always) -> None:
        self.noun = noun
        self.timeout = timeout
        self.enabled = enabled
        self.tools: list[Capability] = []

    def tool(
        self, effect: Effect, *, scopes: str | Iterable[str], **options: Unpack[PolicyOptions]
    ) -> Callable[[Handler], Handler]:
        """Declare the function as a tool; it stays callable as it is."""

        def declare(handler: Handler) -> Handler:
            title = options.pop("title", "")
            options.setdefault("timeout", self.timeout)
            policy = Policy(
                effect,
                frozenset([scopes] if isinstance(scopes, str) else scopes),
                **{**options, **{name: frozenset(options.get(name, ())) for name in ("proxies", "also")}},  # pyright: ignore[reportArgumentType]
                # one TypedDict for both
            )
            self.tools.append(Capability(handler, policy, self.noun, title))
            return handler

        return declare


@dataclass(frozen=True)
class PromptArgument:
    """``values``, where there are any, are the only ones it takes; ``complete(ctx, prefix)`` offers some."""

    name: str
    description: str
    required: bool = False
    complete: Callable[[Context, str], Awaitable[list[str]]] | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prompt:
    """A prompt people start from. ``render(ctx, arguments)`` gives the text of the user's message, or a list of texts
    and resources, each of which becomes a message of the user's.
    """

    name: str
    title: str
    description: str
    render: Callable[[Context, Mapping[str, str]], Awaitable[Any]]
    arguments: tuple[PromptArgument, ...] = ()
    scopes: frozenset[str] = frozenset()

    def check(self, arguments: Mapping[str, str]) -> None:
        """Whether it can be rendered with these arguments.

        Raises:
            Refused: INVALID_ARGUMENTS, naming each; TOO_LARGE.
        """
        known = {item.name: item for item in self.arguments}
        said: list[str] = []
        for given, value in arguments.items():
            if given not in known:
                near = difflib.get_close_matches(given, known, 1, 0.5)
                did = f" (did you mean {near[0]}?)" if near else ""
                said.append(f"{given[:60]} is not an argument of {self.name}{did}")
            elif value and known[given].values and value not in known[given].values:
                said.append(f"{given} must be one of {', '.join(known[given].values)}")
        said += [
            f"{item.name} is required" for item in self.arguments if item.required and not arguments.get(item.name)
        ]
        if said:
            names = ", ".join(known) or "none"
            raise Refused(Code.INVALID_ARGUMENTS, "; ".join(said[:5]) + ".", f"{self.name} takes: {names}.")
        if any(len(value) > ARGUMENT_LIMIT for value in arguments.values()):
            raise Refused(Code.TOO_LARGE, f"A prompt's argument has at most {ARGUMENT_LIMIT:,} characters.")


@dataclass(frozen=True, slots=True)
class Content:
    """What a resource reads, where its media type is not the same for all that its template stands for."""

    data: bytes
    mime_type: str


@dataclass(frozen=True)
class Resource:
    """Something to read, at a URI or at a URI template (RFC 6570 level 1: ``devskyy://products/{id}``).

    ``read(ctx, values)`` gives a JSON object (served as application/json), text, bytes or ``Content``. ``complete(ctx,
    name, prefix)`` offers values for a template's variable. ``ui`` is what hosts of MCP Apps are told about a page.
    """

    uri: str
    name: str
    title: str
    description: str
    read: Callable[[Context, Mapping[str, str]], Awaitable[Any]]
    mime_type: str = "application/json"
    scopes: frozenset[str] = frozenset()
    complete: Callable[[Context, str, str], Awaitable[list[str]]] | None = None
    texts: Texts = "none"
    ui: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def template(self) -> bool:
        return "{" in self.uri


@dataclass
class Pack:
    """A set of tools, prompts and resources with what they need; found by the entry point group ``devskyy.packs``.

    ``phrases`` is a TOML file with what people say when they mean a tool (``tool_name = ["…", "…"]``); only tools_find
    reads it, at its first use. ``files`` are what people install elsewhere, by name: each makes its file's name and
    content (``devskyy plugin``). ``enabled`` says whether the pack is there at all; single toolsets can say it too.
    """

    name: str
    toolsets: list[Toolset] = field(default_factory=list[Toolset])
    prompts: list[Prompt] = field(default_factory=list[Prompt])
    resources: list[Resource] = field(default_factory=list[Resource])
    provides: Callable[[Services], None] | None = None
    queues: list[Queue] = field(default_factory=list[Queue])
    phrases: Path | None = None
    files: Mapping[str, Callable[[], tuple[str, bytes]]] = field(
        default_factory=dict[str, Callable[[], tuple[str, bytes]]]
    )
    enabled: Callable[[Settings], bool] = always

    def under(self, settings: Settings) -> Pack | None:
        """What of the pack is there under these settings; None for nothing."""
        if not self.enabled(settings):
            return None
        return replace(self, toolsets=[one for one in self.toolsets if one.enabled(settings)])


class Registry:
    """All that this server can do. Built once from packs; ``add`` may still be called, and every surface sees it."""

    def __init__(self, packs: Iterable[Pack] = ()) -> None:
        self.tools: dict[str, Capability] = {}
        self.prompts: dict[str, Prompt] = {}
        self.resources: dict[str, Resource] = {}
        self.packs: list[Pack] = []
        self.generation = 0
        self.on_added: list[Callable[[Pack], None]] = []
        for pack in packs:
            self.add(pack)

    def add(self, pack: Pack) -> None:
        """Take in a pack.

        Raises:
            ValueError: when a name is taken already.
        """
        for toolset in pack.toolsets:
            for capability in toolset.tools:
                if capability.name in self.tools:
                    raise ValueError(f"two tools are called {capability.name}")
                capability.pack = pack.name
                self.tools[capability.name] = capability
        for prompt in pack.prompts:
            if prompt.name in self.prompts:
                raise ValueError(f"two prompts are called {prompt.name}")
            self.prompts[prompt.name] = prompt
        for resource in pack.resources:
            if resource.uri in self.resources:
                raise ValueError(f"two resources have the address {resource.uri}")
            self.resources[resource.uri] = resource
        self.packs.append(pack)
        self.generation += 1
        for listener in self.on_added:
            listener(pack)

    def tool(self, name: str) -> Capability:
        """The tool of that name.

        Raises:
            Refused: UNKNOWN_TOOL, with the nearest names.
        """
        found = self.tools.get(name)
        if found is None:
            near = difflib.get_close_matches(name, self.tools, 3, 0.5)
            hint = f"Did you mean {', '.join(near)}?" if near else "tools_find finds tools by what they do."
            raise Refused(Code.UNKNOWN_TOOL, f"There is no tool called {name[:80]!r}.", hint, details={"nearest": near})
        return found

    def visible(self, principal: Principal, profile: str = "full", *, pages: bool = False) -> list[Capability]:
        """The tools a principal may use, in a stable order; ``default`` has the core ones only.

        With ``pages`` also those that stand for a page or that only a page calls, whatever the profile.
        """
        return [
            capability
            for _, capability in sorted(self.tools.items())
            if _listed(capability.policy, profile, pages=pages) and allowed(principal, capability.policy.scopes)
        ]


def _listed(policy: Policy, profile: str, *, pages: bool) -> bool:
    if policy.view is not None and (pages or not policy.view.for_model):
        return pages
    return profile == "full" or policy.core


def allowed(principal: Principal, scopes: Iterable[str]) -> bool:
    return all(principal.may(scope) for scope in scopes)


def authorize(principal: Principal, capability: Capability, through: Capability | None = None) -> None:
    """The one check on every surface.

    Args:
        principal: in whose name.
        capability: the tool.
        through: the tool that calls it by its name, where one does.

    Raises:
        Refused: FORBIDDEN, naming the scopes that are missing (``missing_scopes``) and all that the call needs
            (``needed_scopes``); Unconfirmed for a write while it can't be looked up whether the access still stands.
    """
    needed = capability.policy.scopes
    if through is not None:
        needed |= through.policy.scopes
    missing = [scope for scope in needed if not principal.may(scope)]
    if missing:
        missing.sort()
        raise Refused(
            Code.FORBIDDEN,
            f"{capability.name} needs {' and '.join(missing)}, which {principal.name or principal.id} does not have.",
            "Ask the owner for that scope, or use a tool that only reads.",
            details={"missing_scopes": missing, "needed_scopes": sorted(needed)},
        )
    if principal.unconfirmed and (capability.policy.writes or any(scope.endswith(":write") for scope in needed)):
        raise unconfirmed()


def validate(capability: Capability, arguments: Mapping[str, Any]) -> BaseModel:
    """The arguments as their model.

    Raises:
        Refused: INVALID_ARGUMENTS, one sentence per field; values are never repeated.
    """
    try:
        return capability.arguments.model_validate(arguments)
    except ValueError as error:
        from pydantic import ValidationError  # loading it is for who needs it, and costs each call a look-up

        if not isinstance(error, ValidationError):
            raise
        raise explain(error, capability) from None
