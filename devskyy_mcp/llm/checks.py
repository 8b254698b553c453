"""What /health and ``devskyy doctor`` say of the providers of language models."""

from __future__ import annotations

from collections.abc import Sequence

import anyio

from ..errors import Refused
from .gateway import Gateway
from .port import NAMES, LLMError, Name
from .providers import ABOUT

SECONDS = 10.0
SOME = 3
"""Names of models that the doctor tells."""


async def state(gateway: Gateway) -> tuple[bool, str]:
    """Whether every provider that is set up can be asked, and each one's state in words; asks none of them."""
    off = gateway.off()
    there = [name for name in NAMES if name not in off]
    if not there:
        return True, "none is set up"
    down = gateway.pulse.down()
    resting = {name: why for name, (_, why) in down.items() if name in there}
    said = [f"{name}: {resting.get(name, 'ok')}" for name in there]
    busy = sorted(name for name in down if "/" in name)
    return not resting, ", ".join(said) + (f"; resting: {', '.join(busy)}" if busy else "")


async def findings(gateway: Gateway) -> Sequence[tuple[str, str, str]]:
    """Per provider (level, what, do): whether its key is accepted, by its own list of models, which costs nothing."""
    off = gateway.off()
    found: dict[Name, tuple[str, str, str]] = {}

    async def look(name: Name) -> None:
        found[name] = await _tried(gateway, name)

    async with anyio.create_task_group() as tasks:
        for name in NAMES:
            if name not in off:
                tasks.start_soon(look, name)
    told = [found[name] for name in NAMES if name in found]
    without: list[Name] = [name for name in NAMES if name in off]
    if without:
        keys = ", ".join(f"{ABOUT[name].title} ({off[name]})" for name in without)
        told.append(("ok", f"Not set up: {keys}.", "" if told else "A key lets agents run on this server."))
    told += [("problem", refused.message, refused.hint) for refused in [await _file(gateway)] if refused is not None]
    return told


async def _file(gateway: Gateway) -> Refused | None:
    try:
        await gateway.models()
    except Refused as refused:
        return refused
    return None


async def _tried(gateway: Gateway, name: Name) -> tuple[str, str, str]:
    title, key = ABOUT[name].title, f"{name.upper()}_API_KEY"
    try:
        adapter = await gateway.adapter(name)
        listed = await adapter.models(anyio.current_time() + SECONDS)
    except Refused as refused:
        return "problem", refused.message, refused.hint
    except LLMError as error:
        if error.kind in {"auth", "permission"}:
            return "problem", f"{title} does not accept {key}.", f"Get a key at {ABOUT[name].site} and set it."
        return (
            "warning",
            f"{title} could not be asked: {error.message}",
            "Try again; if it stays so, look at its status.",
        )
    ids = {model.id for model in listed}
    ours = [model.id for model in (await gateway.models()).values() if model.provider == name]
    missing = [one for one in ours if one not in ids]
    if ids and ours and len(missing) == len(ours):
        some = ", ".join(ours[:SOME])
        return "warning", f"{title} accepts {key}, and lists none of {some}.", "Name what it has in LLM_MODELS_FILE."
    return "ok", f"{title} accepts {key} and lists {len(ids)} models.", ""
