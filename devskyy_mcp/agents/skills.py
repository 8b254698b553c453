"""Agents as Agent Skills (https://agentskills.io/specification), served over MCP as SEP-2640 says (Final, 2026-09-13).

A skill is one file, ``skill://{name}/SKILL.md``; it is the same for everybody, so hosts can check it by its digest.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .catalogue import Agent


def address(name: str) -> str:
    return f"skill://{name}/SKILL.md"


@dataclass(frozen=True, slots=True)
class Skill:
    """A skill's entry as ``skills/list`` has it, and the text of its SKILL.md."""

    entry: dict[str, Any]
    text: str


@lru_cache(maxsize=256)
def skill_of(agent: Agent) -> Skill:
    """The agent as a skill: name, description and instructions, with the tools that it may use and its deliverable."""
    front: dict[str, Any] = {
        "name": agent.name,
        "description": agent.description,
        "metadata": {"title": agent.title, "super": agent.super, "version": agent.version},
    }
    # JSON is YAML; a field a line is what people expect of front matter.
    head = "\n".join(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in front.items())
    tools = agent.written.fields["tools"]
    approve = ", ".join(tools.get("approve", ())) or "none"
    schema = json.dumps(agent.written.fields["output"], ensure_ascii=False, separators=(",", ":"))
    text = (
        f"---\n{head}\n---\n\n# {agent.title}\n\n{agent.written.body}\n\n## Tools\n\n"
        f"- Use freely: {', '.join(tools['allow'])}\n- A person agrees to each call: {approve}\n\n"
        f"Read the brand guide first (brand_guide_get).\n\n## Deliverable\n\n```json\n{schema}\n```\n"
    )
    content = text.encode()
    uri = address(agent.name)
    file = {"uri": uri, "digest": f"sha256:{hashlib.sha256(content).hexdigest()}", "size": len(content)}
    return Skill({"uri": uri, "frontmatter": front, "resources": [file]}, text)
