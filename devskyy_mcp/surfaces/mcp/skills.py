"""Agents as skills: the methods of the extension io.modelcontextprotocol/skills (SEP-2640). Files are resources."""

from __future__ import annotations

from typing import Any

from mcp_types import RequestParams

from ...agents.catalogue import Agents
from ...agents.served import SCOPES
from ...agents.skills import address, skill_of
from ...capability import allowed
from ...context import Principal
from ...errors import Code, Refused
from .sdk import LIST_SECONDS

EXTENSION = "io.modelcontextprotocol/skills"
_FRESH = {"ttlMs": LIST_SECONDS * 1000, "cacheScope": "private"}


class SkillParams(RequestParams):
    uri: str


def listed(agents: Agents, principal: Principal) -> dict[str, Any]:
    """All skills that the principal may read."""
    found = agents.offered if allowed(principal, SCOPES) else []
    return {"resultType": "complete", "skills": [skill_of(agent).entry for agent in found], **_FRESH}


def got(agents: Agents, principal: Principal, uri: str) -> dict[str, Any]:
    """One skill.

    Raises:
        Refused: INVALID_ARGUMENTS where there is none at the address, or it is not for the principal to read.
    """
    agent = next((one for one in agents.offered if address(one.name) == uri), None)
    if agent is None or not allowed(principal, SCOPES):
        raise Refused(Code.INVALID_ARGUMENTS, f"There is no skill {uri[:200]!r}.", "skills/list names all there are.")
    return {"resultType": "complete", "skill": skill_of(agent).entry, **_FRESH}
