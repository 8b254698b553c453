"""An agent's file that is changed, or gone, while a run of it waits; a brand's own agent runs like any."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from devskyy_mcp.agents.catalogue import Agents, load_agents
from devskyy_mcp.errors import Code

from .bed import FILES, Bed, bed, calls, delivers

HAND = "support/shop-hand.md"
CHANGES = {
    'version: "1.0.0"': 'version: "2.0.0"',
    "allow: [woo_products_list, woo_products_get,": "allow: [woo_products_get,",
    "You look, change what is asked, and say what you did.": "You deliver at once.",
    "required: [answer]": "required: [verdict]",
    "{answer: {type: string}": "{verdict: {type: string}",
}


def reloaded(here: Bed, folder: Path) -> None:
    """The files as a server finds them that starts now."""
    app = here.desk.app
    found = load_agents(app.registry, dict(app.registry.tools), None, folder, folder / "cache")
    app.services.put(Agents, found)


async def waiting(here: Bed) -> str:
    """A run that has looked, and waits for a person to decide a change."""
    product = await here.desk.some("woo_products_list")
    here.models.say(
        calls(("woo_products_list", {"limit": 1})),
        calls(("woo_products_update", {"id": product, "name": "Renamed"})),
    )
    job = await here.start()
    assert (await here.go(job)).state == "input_required"
    (found,) = (await here.desk.do("changes_list", limit=1))["changes"]
    await here.desk.agree(found["change"])
    return job


@pytest.mark.requirement("runs:changed")
async def test_a_run_goes_on_by_the_file_as_it_is_and_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "agents"
    shutil.copytree(FILES, folder)
    async with bed(tmp_path, agents_dir=str(folder)) as here:
        job = await waiting(here)
        text = (folder / HAND).read_text()
        for old, new in CHANGES.items():
            assert old in text
            text = text.replace(old, new)
        (folder / HAND).write_text(text)
        reloaded(here, folder)
        here.models.say(
            calls(("woo_products_list", {"limit": 2})), delivers("old"), calls(("deliver", {"verdict": "Well."}))
        )
        view = await here.go(job)
        assert view.result is not None, view
        assert (view.result["version"], view.result["output"]) == ("2.0.0", {"verdict": "Well."})
        assert view.result["done"][2] == "woo_products_list: unknown_tool"
        (warning,) = view.result["warnings"]
        assert "changed while the run was under way: from step 3 on it went by version 2.0.0" in warning
        asked = [one for one in here.models.asked if one.asking == "answer"]
        assert ["You deliver at once." in str(one.body) for one in asked] == [False, False, True, True, True]
        assert warning in await here.transcript(job)


@pytest.mark.requirement("runs:changed")
async def test_a_run_goes_on_without_the_tool_that_it_waited_with(tmp_path: Path) -> None:
    folder = tmp_path / "agents"
    shutil.copytree(FILES, folder)
    async with bed(tmp_path, agents_dir=str(folder)) as here:
        job = await waiting(here)
        text = (folder / HAND).read_text()
        assert "woo_products_update" in text
        (folder / HAND).write_text(text.replace("woo_products_update", "woo_products_duplicate"))
        reloaded(here, folder)
        here.models.say(delivers("So be it."))
        view = await here.go(job)
        assert view.result is not None, view
        assert (view.result["outcome"], view.result["done"][1]) == ("delivered", "woo_products_update: unknown_tool")
        assert len(view.result["changes"]) == 1


@pytest.mark.requirement("runs:changed")
async def test_a_run_whose_agent_is_gone_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "agents"
    shutil.copytree(FILES, folder)
    async with bed(tmp_path, agents_dir=str(folder)) as here:
        job = await waiting(here)
        (folder / HAND).unlink()
        reloaded(here, folder)
        view = await here.go(job)
        assert view.error is not None, view
        assert (view.state, view.error["code"]) == ("failed", Code.NOT_FOUND)
        assert view.error["message"] == "There is no agent called 'shop-hand'."
        assert "step 2" in (await here.transcript(job)).lower()


@pytest.mark.requirement("runs:changed")
async def test_nothing_is_said_where_nothing_was_changed(tmp_path: Path) -> None:
    async with bed(tmp_path) as here:
        job = await waiting(here)
        here.models.say(delivers())
        view = await here.go(job)
        assert view.result is not None, view
        assert view.result["warnings"] == []
