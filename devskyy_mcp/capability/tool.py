"""A tool: a typed function with a policy, from which every surface makes its own form of it.

Models and schemas are made at first use, so that declaring a catalogue costs next to nothing.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, Unpack

from ..schema import compact, explain, tidy
from .policy import Effect, Policy, PolicyOptions

if TYPE_CHECKING:
    from pydantic import BaseModel

Handler = TypeVar("Handler", bound=Callable[..., Awaitable[Any]])
REST: dict[str, Any] = {
    "type": "object",
    "description": "Only where the result was too large: left_out, how many rows or characters per place; resource, "
    "where the whole is for a day.",
}
NAME_LIMIT = 40
SUMMARY_LIMIT = 120


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
            from ..jobs.model import JobView

            return JobView
        if self.result_type is not None:
            return self.result_type
        from ..changes.view import ChangeView

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


class Toolset:
    """The tools of one noun.

    Args:
        noun: what they are about.
        timeout: the default for its tools, in seconds.
        enabled: the setting that has to be on for them to be there at all; empty for none.
    """

    def __init__(self, noun: str, *, timeout: float, enabled: str = "") -> None:
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
