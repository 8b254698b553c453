"""The other commands of ``devskyy``: tools, changes, approve, answer, resolve, audit, doctor, migrate, local-key."""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from devskyy_mcp.app import database_of, local_principal
from devskyy_mcp.changes.asking import Person, question_text
from devskyy_mcp.changes.journal import AT_ONCE
from devskyy_mcp.changes.view import ChangeRow, ChangeView
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.render import visible

from .terminal import as_json, as_table, columns, default_output, progress_sink, say, show, typed

if TYPE_CHECKING:
    from devskyy_mcp.app import App
    from devskyy_mcp.capability import Capability
    from devskyy_mcp.jobs.questions import Form

MARKS = {"ok": "ok      ", "warning": "warning ", "problem": "PROBLEM "}


async def tools(app: App, given: argparse.Namespace) -> int:
    """List tools whose name, title or description hold every word."""
    words = [word.lower() for word in given.search]
    found = [tool for tool in app.registry.visible(local_principal()) if all(word in _text(tool) for word in words)]
    if given.json:
        say(as_json({"tools": [_declared(tool) for tool in found]}))
    elif found:
        say(columns([{"name": tool.name, "effect": tool.policy.effect, "what": tool.summary} for tool in found]))
    else:
        say("No tool matches.")
    return 0


def _text(tool: Capability) -> str:
    return f"{tool.name} {tool.title} {tool.description}".lower()


def _declared(tool: Capability) -> dict[str, Any]:
    return {
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "effect": tool.policy.effect,
        "scopes": sorted(tool.policy.scopes),
        "input_schema": tool.input_schema,
        "output_schema": tool.output_schema,
    }


async def changes(app: App, given: argparse.Namespace) -> int:
    """List the newest changes, or show one with all its rows."""
    async with app.running(eager=False):
        if given.change:
            view = await _whole(app, given.change)
            if view.trust:  # a model may be at the keyboard of this command, too
                await app.road.taints.mark(local_principal().id)
            show(view.model_dump(mode="json", exclude_none=True), "json" if given.json else default_output())
            return 0
        rows = await app.changes.journal.recent(local_principal(), limit=given.limit, state=given.state)
    for row in rows:
        row["created_at"] = datetime.fromtimestamp(row["created_at"] / 1e6, UTC).isoformat(" ", "seconds")
    if given.json or default_output() == "json":
        say(as_json({"changes": rows}))
    else:
        say(columns(rows) if rows else "Nothing was changed yet.")
    return 0


async def _whole(app: App, change: str) -> ChangeView:
    """The change with all its rows, not only the first 20."""
    view = await app.changes.journal.show(local_principal(), change)
    rows: list[ChangeRow] = list(view.changes or [])
    page, more = 1, view.more
    while more:
        page += 1
        following = await app.changes.journal.show(local_principal(), change, page)
        rows += following.changes or []
        more = following.more if following.changes else None
    view.changes, view.more = rows or None, None
    return view


async def approve(app: App, given: argparse.Namespace) -> int:
    """Show the whole diff and take a person's answer.

    Raises:
        Refused: FORBIDDEN away from a terminal: whoever agrees must have seen it; STALE and the like as ``decided``.
    """
    _check_terminal("agree to a change", f"approve {given.change}")
    principal = local_principal()
    async with app.running(eager=False):
        view = await _to_decide(app, given.change)
        say(question_text(view))
        if view.state != "proposed":
            raise Refused(Code.CONFLICT, f"{given.change} is {view.state}; there is nothing to agree to.")
        objects = sum(view.counts.values()) if view.counts else 1
        expected = "decline" if given.decline else str(objects)
        wanted = "Type decline to say no: " if given.decline else f"Type the number of objects ({objects}) to agree: "
        if typed(wanted) != expected:
            say("Left as it is; nothing was sent.")
            return 1
        person = Person(principal.name, "terminal")
        ctx = Context(principal, app.services, surface="cli")
        try:
            outcome = await app.changes.decided(ctx, given.change, person, agreed=not given.decline)
        except Refused as refused:
            if given.decline and refused.code == Code.DECLINED:
                say(refused.message)
                return 0
            raise
        if outcome.job is not None:
            outcome = await _carried_out(app, given.change, outcome.job)
    say(as_table(outcome.model_dump(mode="json", exclude_none=True)))
    return 0


async def answer(app: App, given: argparse.Namespace) -> int:
    """Show what a job asks and take a person's answers, field by field.

    Raises:
        Refused: FORBIDDEN away from a terminal; NOT_FOUND, CONFLICT and INVALID_ARGUMENTS as ``Jobs.answer``.
    """
    from devskyy_mcp.jobs.deciding import decides

    from .filling import asked, give

    _check_terminal("answer a job", f"answer {given.job}")
    word = "decline" if given.decline else "yes"
    async with app.running(eager=False):
        view, forms = await asked(app, local_principal(), given.job)
        if not forms:
            raise Refused(Code.CONFLICT, f"{given.job} is {view.state}; it asks nothing now.")
        if (change := decides(view)) is not None:
            raise Refused(
                Code.CONFLICT, f"{given.job} waits for {change}; that is what is decided.", f"devskyy approve {change}"
            )
        answers: dict[str, Any] = {}
        for form in forms:
            say(f"{view.tool} asks: {form.message}")
            answers[form.key] = None if given.decline else _filled_in(form)
        if typed(f"Type {word} to send this: ") != word:
            say("Left as it is; the job waits on.")
            return 1
        view = await give(app, local_principal(), "cli", given.job, answers)
    say(view.summary)
    return 0


def _filled_in(form: Form) -> dict[str, Any]:
    """What a person enters for each field; one left empty is left out."""
    from .filling import fields_of

    found: dict[str, Any] = {}
    for field in fields_of(form):
        about = f" – {field.about}" if field.about else ""
        choices = f" ({' / '.join(field.choices)})" if field.choices else ""
        given = typed(visible(f"{field.name}{about}{choices}: "))
        if given:
            found[field.name] = field.value(given)
    return found


async def resolve(app: App, given: argparse.Namespace) -> int:
    """Show a job that waits for a person, and take their word on its lost request, so that it goes on.

    Raises:
        Refused: FORBIDDEN away from a terminal; and those of ``Jobs.resolve``.
    """
    from devskyy_mcp.jobs.service import Jobs

    _check_terminal("decide what becomes of a job", f"resolve {given.job} {given.action}")
    principal, jobs = local_principal(), app.services.get(Jobs)
    async with app.running(eager=False):
        view = await jobs.get(principal, given.job)
        say(as_table(view.model_dump(mode="json", exclude_none=True)))
        if typed(f"Type {given.action} to go on so: ") != given.action:
            say("Left as it is; nothing was sent.")
            return 1
        view = await jobs.resolve(principal, given.job, given.action, given.task)
    say(as_table(view.model_dump(mode="json", exclude_none=True)))
    return 0


async def stop_writes(app: App, _given: argparse.Namespace) -> int:
    """Stop all writes of every server on the database. Anybody who may run commands here may do that."""
    from devskyy_mcp.guard.brake import RESUME, Brake

    principal = local_principal()
    async with app.running(eager=False):
        stop = await app.services.get(Brake).stop(str(Person(principal.name, "terminal")), principal.id, "cli")
    say(f"Writes are stopped since {stop.since}; what was being sent at that moment ends. {RESUME}")
    return 0


async def resume_writes(app: App, _given: argparse.Namespace) -> int:
    """Let writes go on; a person's word, so only at a terminal.

    Raises:
        Refused: FORBIDDEN away from a terminal; WRITES_STOPPED where READ_ONLY stops them.
    """
    from devskyy_mcp.guard.brake import Brake

    _check_terminal("let writes go on", "resume-writes")
    async with app.running(eager=False):
        stopped = await app.services.get(Brake).resume(local_principal().id, "cli")
    say("Writes go on." if stopped else "Writes were not stopped.")
    return 0


def _check_terminal(what: str, command: str) -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Refused(
            Code.FORBIDDEN,
            f"Only a person at a terminal can {what}.",
            f"Run `devskyy {command}` in a terminal of your own, without pipes.",
        )


async def _to_decide(app: App, change: str) -> ChangeView:
    """The change with all its rows; of a big one the first rows, the totals, and where the others are."""
    view = await app.changes.journal.show(local_principal(), change)
    if view.counts and sum(view.counts.values()) > AT_ONCE:
        say(f"The first {len(view.changes or [])} rows; `devskyy changes {change}` shows all.")
        return view
    return await _whole(app, change)


async def _carried_out(app: App, change: str, job: str) -> ChangeView:
    """The change as it has become once its job has ended; interrupted, the job goes on without us."""
    from devskyy_mcp.jobs.service import Jobs

    app.road.first_call.set()  # so that this process works on it where no server does
    say(f"Job {job} carries it out, also without this command; `devskyy changes {change}` shows how far it is.")
    await app.services.get(Jobs).wait(local_principal(), job, math.inf, progress_sink())
    return await app.changes.journal.recorded(change, repeated=False)


async def audit(app: App, given: argparse.Namespace) -> int:
    """Check the whole hash chain and its checkpoints; 1 when a row was edited, removed or put in."""
    from devskyy_mcp.db import Database
    from devskyy_mcp.guard.checkpoints import verify_signed

    async with app.running(eager=False):
        verdict = await verify_signed(app.services.get(Database), app.settings.checkpoint_file)
    if given.json:
        say(as_json(dataclasses.asdict(verdict)))
    elif verdict.ok:
        say(f"The audit is whole: {verdict.rows} rows; signed checkpoints: {verdict.checkpoints}.")
    else:
        say(
            f"The audit is broken at row {verdict.first_bad_seq}: {verdict.reason} {verdict.rows} rows before are good."
        )
    return 0 if verdict.ok else 1


async def doctor(app: App, given: argparse.Namespace) -> int:
    """Look at everything; 1 when there is a problem."""
    from devskyy_mcp.ops.doctor import examine

    async with app.running(eager=False):
        found = await examine(app.services)
    if given.json:
        say(as_json({name: [dataclasses.asdict(item) for item in items] for name, items in found.items()}))
    else:
        for name, items in found.items():
            for item in items:
                say(f"{MARKS[item.level]}{name}: {item.what}" + (f"\n        → {item.do}" if item.do else ""))
    problems = any(item.level == "problem" for items in found.values() for item in items)
    return 1 if problems else 0


async def migrate(app: App, _given: argparse.Namespace) -> int:
    """Create or bring up to date the tables, also on a shared Postgres, where servers only check them."""
    database = database_of(app.settings, migrate=True)
    try:
        await database.open()
    finally:
        await database.close()
    say(f"The tables of this {database.dialect} database are up to date.")
    return 0


async def local_key(app: App, _given: argparse.Namespace) -> int:
    """The key's path; the key itself only at a terminal, so that it never lands in a log or a pipe by accident."""
    from devskyy_mcp.guard.local_key import key_path, local_key

    key = local_key(app.settings.data_dir)
    say(str(key_path(app.settings.data_dir)))
    if sys.stdout.isatty():
        say(key)
    return 0
