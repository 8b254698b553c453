"""Resources and prompts, read the same way from every surface: found, authorised, limited, timed and audited.

Tools take the road of ``invoke``; what is here changes nothing and so needs none of its stations beyond these.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import unquote

import anyio

from .capability import Effect, Prompt, Resource, allowed
from .context import Context, Principal
from .errors import Code, Refused, unforeseen
from .guard.audit import AuditRecord
from .guard.logs import begin_call, call_of, heard
from .invoke import Road

T = TypeVar("T")
TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, and where: one per request.

    Args:
        road: for registry, services, limits and audit.
        principal: in whose name.
        surface: as in ``Call``.
        extras: as in ``Call``.
    """

    road: Road
    principal: Principal
    surface: str
    extras: dict[str, Any] = field(default_factory=dict[str, Any])

    def resources(self, *, templates: bool) -> list[Resource]:
        """The resources, or the templates, that the principal may read; in a stable order."""
        found = sorted(self.road.registry.resources.items())
        return [item for _, item in found if item.template is templates and allowed(self.principal, item.scopes)]

    def prompts(self) -> list[Prompt]:
        """The prompts that the principal may use; in a stable order."""
        found = sorted(self.road.registry.prompts.items())
        return [item for _, item in found if allowed(self.principal, item.scopes)]

    async def read(self, uri: str) -> tuple[Resource, Any, bool]:
        """What is at the address: a JSON object, text or bytes; and whether it holds what customers or the web wrote.

        Raises:
            Refused: NOT_FOUND, FORBIDDEN, and what the resource itself refuses.
        """
        found = self._find(uri)

        async def read() -> tuple[Resource, Any, bool]:
            if found is None:
                raise _no_resource(uri)
            resource, values = found
            self._authorize(resource.uri, resource.scopes)
            content = await resource.read(self._context(resource.name), values)
            return resource, *await self.road.hand_over(self.principal, content, resource.texts)

        # The address as it came may hold anything; the audit gets the resource's own name.
        return await self.account("resource", found[0].name if found else "unknown", read)

    def check(self, uri: str) -> None:
        """Whether the principal may read the address, without reading it.

        Raises:
            Refused: NOT_FOUND, FORBIDDEN.
        """
        found = self._find(uri)
        if found is None:
            raise _no_resource(uri)
        self._authorize(found[0].uri, found[0].scopes)

    def _find(self, uri: str) -> tuple[Resource, dict[str, str]] | None:
        exact = self.road.registry.resources.get(uri)
        if exact is not None and not exact.template:
            return exact, {}
        for template, resource in sorted(self.road.registry.resources.items()):
            match = _pattern(template).fullmatch(uri) if resource.template else None
            if match:
                return resource, {name: unquote(value) for name, value in match.groupdict().items()}
        return None

    async def prompt(self, name: str, arguments: Mapping[str, str]) -> tuple[Prompt, Any]:
        """The prompt and its text with these arguments.

        Raises:
            Refused: NOT_FOUND, FORBIDDEN, INVALID_ARGUMENTS.
        """
        return await self.account("prompt", self._known(name), lambda: self._prompt(name, arguments))

    def _known(self, name: str) -> str:
        return name if name in self.road.registry.prompts or name in self.road.registry.resources else "unknown"

    def check_prompt(self, name: str) -> None:
        """Whether the principal may use the prompt.

        Raises:
            Refused: NOT_FOUND, FORBIDDEN.
        """
        self._named(name)

    async def _prompt(self, name: str, arguments: Mapping[str, str]) -> tuple[Prompt, Any]:
        prompt = self._named(name)
        prompt.check(arguments)
        return prompt, await prompt.render(self._context(name), arguments)

    def _named(self, name: str) -> Prompt:
        prompt = self.road.registry.prompts.get(name)
        if prompt is None:
            raise Refused(Code.NOT_FOUND, f"There is no prompt called {name[:80]!r}.", "The prompt list names all.")
        self._authorize(name, prompt.scopes)
        return prompt

    async def complete_prompt(self, name: str, argument: str, prefix: str) -> list[str]:
        """Values for a prompt's argument that begin so.

        Raises:
            Refused: NOT_FOUND, FORBIDDEN.
        """

        async def complete() -> list[str]:
            offers = {item.name: item.complete for item in self._named(name).arguments}
            offer = offers.get(argument)
            return [] if offer is None else await offer(self._context(name), prefix)

        return await self.account("completion", self._known(name), complete)

    async def complete_resource(self, template: str, variable: str, prefix: str) -> list[str]:
        """Values for a template's variable that begin so.

        Raises:
            Refused: NOT_FOUND, FORBIDDEN.
        """

        async def complete() -> list[str]:
            resource = self.road.registry.resources.get(template)
            if resource is None:
                raise Refused(Code.NOT_FOUND, f"There is no resource template {template[:200]!r}.")
            self._authorize(template, resource.scopes)
            offer = resource.complete
            return [] if offer is None else await offer(self._context(resource.name), variable, prefix)

        return await self.account("completion", self._known(template), complete)

    def _context(self, name: str) -> Context:
        return Context(self.principal, self.road.services, name, self.surface, extras=self.extras)

    def _authorize(self, name: str, scopes: frozenset[str]) -> None:
        missing = sorted(scope for scope in scopes if not self.principal.may(scope))
        if missing:
            details = {"missing_scopes": missing, "needed_scopes": sorted(scopes)}
            raise Refused(Code.FORBIDDEN, f"{name} needs {' and '.join(missing)}.", details=details)

    async def account(
        self,
        kind: str,
        name: str,
        work: Callable[[], Awaitable[T]],
        *,
        effect: Effect = "read",
        about: str | None = None,
    ) -> T:
        """Do the work under limit and deadline, and leave one audit record.

        Args:
            kind: ``resource``, ``prompt``, ``completion`` or ``task``.
            name: which one; nothing that a caller made up.
            work: what is done.
            effect: as in ``Policy``.
            about: id of the change or job that it writes.

        Raises:
            Refused: the only exception that leaves, cancellation apart.
        """
        started = time.perf_counter_ns()
        code = "ok"
        told = begin_call(self.principal.id)
        self.road.first_call.set()
        try:
            (await self.road.limits.hit(self.principal.id)).enforce()
            # A write that was given up half-way would leave what it has sent; it has its own limits.
            with anyio.fail_after(TIMEOUT if effect == "read" else None):
                return await work()
        except Refused as refused:
            code = str(refused.code)
            raise
        except TimeoutError:
            code = str(Code.TIMEOUT)
            raise Refused(Code.TIMEOUT, f"This took longer than {TIMEOUT:g} s and was given up.") from None
        except Exception as error:
            refused = unforeseen(f"{kind}:{name}", error, heard())
            code = str(refused.code)
            raise refused from None
        except BaseException:
            code = str(Code.CANCELLED)
            raise
        finally:
            spent = (time.perf_counter_ns() - started) // 1000
            record = AuditRecord(self.principal.id, self.surface, f"{kind}:{name}", effect, code=code)
            record.change_id, record.duration_us = about, spent
            call_of.reset(told)
            self.road.audit.add(record)


def _no_resource(uri: str) -> Refused:
    return Refused(Code.NOT_FOUND, f"There is no resource {uri[:200]!r}.", "The resource lists name all there are.")


@lru_cache(maxsize=512)
def _pattern(template: str) -> re.Pattern[str]:
    """What a URI template (RFC 6570 level 1) matches; a variable takes anything up to the next slash."""
    parts = re.split(r"\{(\w+)\}", template)
    text = "".join(f"(?P<{part}>[^/?#]+)" if index % 2 else re.escape(part) for index, part in enumerate(parts))
    return re.compile(text)
