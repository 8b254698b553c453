"""Loading adapters: nothing before the first call, nothing twice, and what is said where there is no key."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest

from devskyy_mcp.config import Settings
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.llm.port import NAMES, Name
from devskyy_mcp.llm.providers import configured, load
from tests.fakes.served import settings_for

from .asking import PROVIDERS

SDKS = ("anthropic", "openai", "google.genai", "mistralai.client", "cohere", "groq", "httpx", "requests")
ALONE = f"""
import sys, anyio
from devskyy_mcp.config import Settings
from devskyy_mcp.llm import port, providers
settings = Settings(environment="test", {PROVIDERS[0]}_api_key="key")
print([name for name in {SDKS!r} if name in sys.modules])
print(providers.configured(settings))
print([name for name in {SDKS!r} if name in sys.modules])
anyio.run(providers.load, {PROVIDERS[0]!r}, settings)
print([name for name in {SDKS!r} if name in sys.modules])
"""


def keys(*names: Name) -> dict[str, Any]:
    return {f"{name}_api_key": f"key-of-{name}" for name in names}


def test_only_what_has_a_key_and_is_switched_on_may_be_asked(tmp_path: Path) -> None:
    assert configured(settings_for(tmp_path)) == ()
    assert configured(settings_for(tmp_path, **keys(*NAMES))) == NAMES
    assert configured(settings_for(tmp_path, **keys("groq", "google"), enable_google=False)) == ("groq",)
    assert configured(settings_for(tmp_path, openai_api_key="  ")) == ()


@pytest.mark.requirement("llm:no-key")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({}, "This server has no key of", "_API_KEY (from https://"),
        ({"key": "k", "enabled": False}, "are switched off on this server", "Set ENABLE_"),
        ({"key": "k", "url": "example.com"}, "has no usable address", "_BASE_URL"),
        ({"key": "k", "url": "https://me:secret@example.com"}, "has no usable address", "_BASE_URL"),
    ],
)
async def test_a_provider_that_can_not_be_asked_says_why(
    tmp_path: Path, name: Name, given: dict[str, Any], message: str, hint: str
) -> None:
    fields = {"key": f"{name}_api_key", "url": f"{name}_url", "enabled": f"enable_{name}"}
    settings = settings_for(tmp_path, **{fields[key]: value for key, value in given.items()})
    with pytest.raises(Refused) as caught:
        await load(name, settings)
    assert caught.value.code is Code.NOT_CONFIGURED
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert name.upper() in caught.value.hint
    assert "secret" not in str(caught.value.as_dict())


@pytest.mark.requirement("llm:lazy")
def test_a_provider_loads_its_own_client_alone() -> None:
    ran = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, timeout=60, check=True)
    name = PROVIDERS[0]
    assert ran.stdout.splitlines() == ["[]", f"({name!r},)", "[]", f"[{name!r}]"]


@pytest.mark.requirement("llm:lazy")
async def test_calls_that_come_together_import_once_and_beside_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from devskyy_mcp.llm import providers

    name = PROVIDERS[0]
    real, at_work, most, threads = providers.import_module, 0, 0, set[bool]()

    def importing(module: str) -> Any:
        nonlocal at_work, most
        from threading import current_thread, main_thread

        at_work += 1
        most = max(most, at_work)
        threads.add(current_thread() is main_thread())
        try:
            return real(module)
        finally:
            at_work -= 1

    monkeypatch.setattr(providers, "import_module", importing)
    adapters: list[Any] = []

    async def one(settings: Settings) -> None:
        adapters.append(await load(name, settings))

    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(one, settings_for(tmp_path, **keys(name)))
    assert most == 1
    assert threads == {False}
    assert len(adapters) == 4
    for adapter in adapters:
        await adapter.aclose()
