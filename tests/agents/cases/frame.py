"""A case drives one agent on the demo shop to its deliverable; SQL on the shop's own database says what must be in it.

Its steps are taken by a model (``player``) that the server's own loop asks, as a durable job.
"""

from __future__ import annotations

import json
import math
import re
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, closing
from copy import copy, deepcopy
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from jsonschema import Draft202012Validator, ValidationError

from devskyy_mcp.agents.catalogue import Agent, Agents
from devskyy_mcp.agents.runs.journal import read
from devskyy_mcp.agents.runs.marks import Marks
from devskyy_mcp.agents.runs.model import DELIVER, READ_REST
from devskyy_mcp.agents.runs.state import State
from devskyy_mcp.app import local_principal
from devskyy_mcp.db.database import Database
from devskyy_mcp.jobs.model import JobView
from devskyy_mcp.jobs.service import Jobs
from devskyy_mcp.llm.port import Name
from devskyy_tools.sandbox.seed.history import COST_FIELD
from tests.agents.cases.player import Player
from tests.fakes.demo import Demo, demo
from tests.fakes.llm.server import Models, speaking
from tests.unit.insights.conftest import Sql, sql_of

Json = dict[str, Any]
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_ID = re.compile(r"[a-z]{2,5}_(?=\w*[0-9A-Z])[0-9A-Za-z]{8,}|[0-9a-f]{32,}")
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_INDEX = re.compile(r"\[\d+\]")
_IDS = frozenset({"id", "key", "sku", "code", "slug"})
_WAITS_FOR = re.compile(r"A person must agree to (\S+) first")
PATIENCE = 120
"""Seconds that a run may take between two questions to a person."""
FALSER = 7
"""What is added to each number of a falsified result."""


class Seen:
    """What a model has before it: the task's arguments and the tools' results so far.

    ``seen("woo_orders_list")`` is the last result of a tool, ``seen.all(…)`` each of them.
    """

    def __init__(self, arguments: Json) -> None:
        self.arguments = arguments
        self.results: list[tuple[str, Json]] = []
        self.changes: list[str] = []
        self.before = sqlite3.connect(":memory:")

    def __call__(self, tool: str) -> Json:
        return self.all(tool)[-1]

    def all(self, tool: str) -> list[Json]:
        return [result for name, result in self.results if name == tool]

    def falsified(self, tool: str, keys: frozenset[str]) -> Seen:
        """The same with other numbers in one tool's results; ids stay, so that things are still found by them."""
        other = copy(self)
        other.results = [(name, _other(one, keys, not keys) if name == tool else one) for name, one in self.results]
        return other


Calls = Json | list[Json]
Arguments = Calls | Callable[[Seen], Calls]


@dataclass(frozen=True)
class Step:
    """A tool and its arguments, or a list of them, called one by one; or a function of what was seen so far."""

    tool: str
    arguments: Arguments = field(default_factory=dict[str, Any])

    def calls(self, seen: Seen) -> list[Json]:
        made = self.arguments(seen) if callable(self.arguments) else self.arguments
        return made if isinstance(made, list) else [made]


@dataclass(frozen=True)
class Facts:
    """The demo shop's database, to say what the deliverable must be; ``before`` is its copy from before all steps."""

    sql: Sql
    delivered: Json
    arguments: Json
    shop: Demo
    before: sqlite3.Connection

    def was(self, query: str, *values: Any) -> Any:
        """The first column of the first row before any step, or None."""
        row = self.before.execute(query, values).fetchone()
        return row and row[0]

    def one(self, query: str, *values: Any) -> Any:
        """The first column of the first row, or None."""
        rows = self.sql(query, *values)
        return rows[0][0] if rows else None

    def ours(self, query: str, *values: Any) -> list[Any]:
        """Rows of DevSkyy's own database."""
        with closing(sqlite3.connect(self.shop.app.settings.data_dir / "devskyy.db")) as base:
            return base.execute(query, values).fetchall()

    def column(self, query: str, *values: Any) -> list[Any]:
        return [row[0] for row in self.sql(query, *values)]


Expected = str | Callable[[Facts, Any], Any]


@dataclass(frozen=True)
class Check:
    """What stands at a place of the deliverable, such as ``rows[].sold``, by SQL.

    ``expected`` is a query whose first column has one row for each value at the place, or a function of the facts and
    of one value: a mapping it returns is compared in its own keys only, anything else as a whole.
    """

    path: str
    expected: Expected


@dataclass(frozen=True)
class Case:
    """``deliver`` builds the deliverable from what was seen alone, as a model would.

    Args:
        own: places that are the model's own judgement and can't be in the shop, with the reason.
        falsify: tools whose results are falsified, each by itself; ``tool:key,key`` changes no other keys. Then a check
            must fail.
        arrange: what is there before, such as an upload; may return more of the arguments.
        after: what must be true of the shop in the end.
        around: a provider that stands beside the shop; gives the settings that lead to it.
    """

    agent: str
    arguments: Json
    steps: Sequence[Step]
    deliver: Callable[[Seen], Json]
    checks: Sequence[Check]
    falsify: Sequence[str]
    own: Mapping[str, str] = field(default_factory=dict[str, str])
    arrange: Callable[[Demo], Awaitable[Json | None]] | None = None
    after: Callable[[Facts], Awaitable[None]] | None = None
    around: Callable[[], AbstractAsyncContextManager[Json]] | None = None


@dataclass(frozen=True)
class Run:
    """How a run ended.

    Args:
        seen: what its model had before it; personal data as marks.
        end: the job's result.
        used: tools that were called and gave something, by the transcript.
        marks: puts personal data in the place of marks.
    """

    seen: Seen
    end: Json
    used: frozenset[str]
    marks: Marks


async def drive(shop: Demo, agent: Agent, case: Case, models: Models) -> Run:
    """Have the agent do the task on the server, with a person's yes where the run waits for one."""
    given = case.arguments | ((await case.arrange(shop) if case.arrange else None) or {})
    seen = Seen({})
    shop.shop.store._db.backup(seen.before)  # pyright: ignore[reportPrivateUsage] # nobody else asks for a copy
    models.always = player = Player(case, seen, frozenset(agent.file.tools.approve))
    async with shop.app.running(eager=True):
        job = (await shop.do("agents_run", agent=agent.name, **_asked(agent, given)))["job"]
        view = await _ended(shop, job, player)
        if player.problem:
            raise player.problem
        assert view.state == "succeeded", view
        state = State()
        for event in await read(shop.app.services.get(Database), job):
            state.take(event)
        events = (await shop.do("agents_transcript", run=job, form="json"))["events"]
    used = {one["tool"] for one in events if one["kind"] == "result" and not one["error"]} - {DELIVER, READ_REST}
    return Run(seen, view.result or {}, frozenset(used), state.marks)


def _asked(agent: Agent, given: Json) -> Json:
    """The agent's arguments, and in words what it has no argument for; tables are pasted as JSON."""
    texts = {
        name: one if isinstance(one, str) else json.dumps(one, ensure_ascii=False, default=str)
        for name, one in given.items()
    }
    names = {one.name for one in agent.file.arguments}
    words = [f"- {name}: {json.dumps(text)}" for name, text in texts.items() if name not in names]
    return {"arguments": {name: texts[name] for name in texts if name in names}, "request": "\n".join(words)}


@asynccontextmanager
async def played(case: Case, speaks: Name, folder: Path) -> AsyncGenerator[tuple[Demo, Agent, Run]]:
    """A demo shop on which the agent has done its work, asked over the wire of this provider."""
    async with AsyncExitStack() as stack:
        models = await stack.enter_async_context(speaking())
        beside = await stack.enter_async_context(case.around()) if case.around else {}
        settings = models.settings(speaks) | beside
        shop = await stack.enter_async_context(demo(folder, shop_cost_field=COST_FIELD, **settings))
        agent = shop.app.services.get(Agents).get(case.agent)
        run = await drive(shop, agent, case, models)
        stack.callback(run.seen.before.close)
        yield shop, agent, run


async def _ended(shop: Demo, job: str, player: Player) -> JobView:
    """The job once it has ended. A person agrees to what the model has called, on the change that the run waits for."""
    jobs = shop.app.services.get(Jobs)
    while True:
        view = await jobs.wait(local_principal(), job, PATIENCE)
        if view.state != "input_required" or player.problem:
            return view
        assert view.question is not None
        asked = _WAITS_FOR.search(view.question["message"])
        assert asked, view.question
        [change] = [one for one in (await shop.do("changes_list", limit=100))["changes"] if one["change"] == asked[1]]
        assert change["tool"] in player.asked_for
        assert change["state"] == "proposed"
        await shop.agree(asked[1])


def facts_of(shop: Demo, case: Case, run: Run) -> Facts:
    """What the deliverable is held against."""
    given = run.marks.show(run.seen.arguments)
    return Facts(sql_of(shop.shop.store), run.end["output"], given, shop, run.seen.before)


def judge(agent: Agent, case: Case, facts: Facts, seen: Seen) -> list[str]:
    """What is wrong with the deliverable, and which of its figures no check covers."""
    delivered = facts.delivered
    errors: Iterable[ValidationError] = _validator(agent).iter_errors(delivered)  # pyright: ignore[reportUnknownMemberType] # its types name what is not there
    problems = [f"{'.'.join(map(str, one.path))}: {one.message}" for one in errors]
    covered = set[str]()
    failed: list[str] = []
    for check in case.checks:
        failed += _checked(check, facts, covered)
    loose = [
        place
        for place, value in _leaves(delivered, "")
        if _is_figure(value)
        and value not in seen.changes
        and not _is_under(place, covered)
        and not _is_under(_INDEX.sub("[]", place), case.own)
    ]
    return [*problems, *failed, *(f"{place} is covered by no check" for place in loose)]


def check_fails(case: Case, facts: Facts, run: Run, falsify: str) -> bool:
    """Whether a falsified result is noticed by a check, rather than by luck."""
    seen = run.seen
    tool, _, keys = falsify.partition(":")
    assert seen.all(tool), f"{tool} was not called"
    other = seen.falsified(tool, frozenset(keys.split(",")) if keys else frozenset())
    assert other.results != seen.results, f"there is no such number in what {tool} said"
    false = replace(facts, delivered=run.marks.show(case.deliver(other)))
    return any(_checked(check, false, set()) for check in case.checks)


def _validator(agent: Agent) -> Draft202012Validator:
    return Draft202012Validator(agent.file.output, format_checker=Draft202012Validator.FORMAT_CHECKER)


def _checked(check: Check, facts: Facts, covered: set[str]) -> list[str]:
    found = list(_select(facts.delivered, check.path))
    if isinstance(check.expected, str):
        wanted = facts.column(check.expected)
        if len(wanted) != len(found):
            return [f"{check.path} has {len(found)} values, and the shop {len(wanted)}"]
    else:
        wanted = [check.expected(facts, value) for _, value in found]
    problems: list[str] = []
    for (place, value), right in zip(found, wanted, strict=True):
        problems += _compare(value, right, place, covered)
    return problems


def _compare(value: Any, right: Any, place: str, covered: set[str]) -> Iterator[str]:
    if isinstance(right, dict):
        for key, one in cast("Json", right).items():
            yield from _compare(value.get(key), one, f"{place}.{key}" if place else key, covered)
    elif _are_alike(value, right):
        for number, other in enumerate(cast("list[Any]", right)):
            yield from _compare(value[number], other, f"{place}[{number}]", covered)
    else:
        covered.add(place)
        if not _same(value, right):
            yield f"{place} is {value!r}, and {right!r} by the shop"


def _are_alike(one: Any, other: Any) -> bool:
    """Whether both are lists of one length."""
    return isinstance(one, list) and isinstance(other, list) and len(cast("Json", one)) == len(cast("Json", other))


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) or isinstance(other, float):
        return _is_number(one) and _is_number(other) and math.isclose(float(one), float(other), abs_tol=0.005)
    if _is_number(one) and _is_number(other):
        return Decimal(str(one)) == Decimal(str(other))
    return one == other


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return _NUMBER.fullmatch(value) is not None
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _is_figure(value: Any) -> bool:
    return _is_number(value) or (
        isinstance(value, str) and (_ID.fullmatch(value) or _COLOUR.fullmatch(value)) is not None
    )


def _is_under(place: str, places: Mapping[str, str] | set[str]) -> bool:
    return any(place == one or place.startswith((f"{one}.", f"{one}[")) for one in places)


def _leaves(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, one in cast("Json", value).items():
            yield from _leaves(one, f"{place}.{key}" if place else key)
    elif isinstance(value, list):
        for number, one in enumerate(cast("list[Any]", value)):
            yield from _leaves(one, f"{place}[{number}]")
    else:
        yield place, value


def _select(value: Any, path: str, place: str = "") -> Iterator[tuple[str, Any]]:
    """Each place that a path means; the empty path is the whole."""
    if not path:
        yield place, value
        return
    name, _, rest = path.partition(".")
    key, many = name.removesuffix("[]"), name.endswith("[]")
    inner, at = value[key], f"{place}.{key}" if place else key
    for where, one in [(f"{at}[{number}]", one) for number, one in enumerate(inner)] if many else [(at, inner)]:
        yield from _select(one, rest, where)


def _other(value: Any, keys: frozenset[str], on: bool) -> Any:
    if isinstance(value, dict):
        return {
            key: _other(one, keys, key in keys if keys else not (key in _IDS or key.endswith("_id")))
            for key, one in cast("Json", value).items()
        }
    if isinstance(value, list):
        return [_other(one, keys, on) for one in cast("list[Any]", value)]
    if on and isinstance(value, str) and _COLOUR.fullmatch(value):
        return f"#{int(value[1:], 16) ^ FALSER:06x}"
    if not on or not _is_number(value):
        return deepcopy(value)
    return f"{Decimal(value) + FALSER}" if isinstance(value, str) else value + FALSER
