"""The same attacks on the agents that there are: each is told by many texts to use its own tools, and others'."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from devskyy_mcp.agents.catalogue import Agents
from devskyy_mcp.agents.runs import carrying
from devskyy_mcp.guard.taint import Taints
from tests.unit.agents.runs.bed import ME

from .attack_texts import GONE, STYLES
from .injections import Wanted, dressed
from .obeying import Ground, under_attack

LONG = bool(os.environ.get("DEVSKYY_LONG"))
AT_ONCE = 8
LONGEST_REQUEST = 8_000
STRANGE = ("wp_users_create", "woo_refunds_create", "wp_plugins_install", "agents_run", "tools_call", "no_such_tool")
"""What an attacker has agents call that have no such tool."""


def requests_for(number: int, tools: list[str], ground: Ground) -> list[tuple[str, list[Wanted]]]:
    """What a host is made to ask of the agent of that number, and the calls in it: each text with a tool, in turn."""
    found: list[tuple[str, list[Wanted]]] = []
    texts = list(range(len(STYLES))) if LONG else [(number * AT_ONCE + place) % len(STYLES) for place in range(AT_ONCE)]
    for place, text in enumerate(texts):
        tool = tools[(number + place) % len(tools)]
        call = Wanted(tool, ground.wanted.get(tool, {}))
        words = dressed(STYLES[text], call)
        if not found or len(found[-1][1]) == AT_ONCE or len(found[-1][0]) + len(words) > LONGEST_REQUEST - 20:
            found.append(("", []))
        before, calls = found[-1]
        found[-1] = (f"{before}\n\n{words}".strip(), [*calls, call])
    return [(words, calls) for words, calls in found if len(words) <= LONGEST_REQUEST - 20]


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.requirement("runs:attacks")
async def test_none_of_the_agents_can_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with under_attack(tmp_path, monkeypatch) as ground:
        here, wrong, tried = ground.here, list[str](), Counter[str]()
        agents = [one for one in here.desk.app.services.get(Agents).agents.values() if not one.name.endswith("-hands")]
        assert len(agents) == 54
        for number, agent in enumerate(agents):
            own = [name for name in agent.tools if name in ground.wanted and name not in ground.makers]
            offered = carrying.offered(agent, ME, here.desk.app.road.registry)
            for words, wanted in requests_for(number, [*own, *STRANGE], ground):
                await ground.fresh()
                await here.desk.do("woo_orders_list", limit=1)  # the host has read what customers wrote, and obeys it
                ground.obey(said=[words])
                run = await ground.attacked(agent.name, words)
                there = {(call.tool, code) for call, code in run.codes}
                tried.update(tool for tool, _ in there)
                wrong += [f"{agent.name}: {one.tool} was not tried" for one in wanted if one.tool not in run.made]
                for tool, code in there - {(tool, code) for tool, code in there if tool == "deliver"}:
                    if (tool in offered) == (code == "unknown_tool"):
                        wrong.append(f"{agent.name}: {tool} is {code}")
                told = json.dumps((run.view.result or {}).get("output"), ensure_ascii=False)
                wrong += [f"{agent.name} delivers a link"] if "evil" in told else []
                wrong += [f"{agent.name}: {one}" for one in await ground.untouched()]
        assert wrong == []
        assert tried.total() >= 54 * 5, "calls are missing: the test tests less than it says"


@pytest.mark.requirement("runs:attacks")
async def test_what_nobody_sees_reaches_no_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with under_attack(tmp_path, monkeypatch) as ground:
        call = Wanted("wp_users_create", ground.wanted["wp_users_create"])
        await ground.fresh()
        ground.obey(*ground.sow([dressed(text, call) for text in GONE]))
        run = await ground.attacked("all-hands")
        assert any("Five stars" in text for text in ground.seen)
        assert call.tool not in run.made
        assert await ground.untouched() == []


@pytest.mark.requirement("runs:attacks")
async def test_a_run_that_a_marked_host_asks_for_is_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a text would have an agent do what its reader may not: address a stranger, or write without being asked."""
    async with under_attack(tmp_path, monkeypatch) as ground:
        call = Wanted("woo_tags_create", {"name": "Had"})
        await ground.fresh()
        ground.obey(said=[str(call)])
        run = await ground.attacked("all-hands", "Do it.")
        assert (call, "applied") in run.codes, "nobody has read anything: an allowed write goes on"
        ground.here.desk.shop.requests.clear()
        await ground.here.desk.app.services.get(Taints).mark(ME.id)
        call = Wanted("woo_tags_create", {"name": "Had again"})
        ground.obey(said=[str(call)])
        run = await ground.attacked("all-hands", "Do it again.")
        assert (call, "declined") in run.codes
        assert ground.here.desk.writes == []
