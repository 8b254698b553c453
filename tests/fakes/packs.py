"""Small packs for tests: tools, a prompt and resources over ``Notes``, and the tools that go with changes.

notes = Notes("first", "second")
app = build(settings, [notes_pack(notes), changes_pack()])
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import anyio
from pydantic import BaseModel, Field

from devskyy_mcp.capability import Pack, Prompt, PromptArgument, Resource, Toolset
from devskyy_mcp.changes.service import Changes
from devskyy_mcp.changes.view import ChangeView
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused

from .notes import Note, Notes, provide, stage_create, stage_delete, stage_shout, stage_update


class NotePage(BaseModel):
    notes: list[Note]
    total: int


class Echo(BaseModel):
    text: str


class Waiting:
    """What ``notes_wait`` does, seen from the test: it sets ``started`` and then waits for ``go``."""

    def __init__(self) -> None:
        self.started = anyio.Event()
        self.go = anyio.Event()
        self.cancelled = anyio.Event()


NoteId = Annotated[int, Field(ge=1, description="The note's id.")]


notes_tools = Toolset("notes", timeout=5)


@notes_tools.tool("read", scopes="notes:read", core=True)
async def notes_list(
    ctx: Context,
    status: Annotated[Literal["any", "draft", "published", "bin"], Field(description="Only these.")] = "any",
    limit: Annotated[int, Field(ge=1, le=100)] = 20,
) -> NotePage:
    """List the notes, oldest first. Use it to find a note's id."""
    found = [Note(id=key, **_public(row)) for key, row in ctx.get(Notes).rows.items()]
    kept = [note for note in found if status in ("any", note.status)]
    return NotePage(notes=kept[:limit], total=len(kept))


@notes_tools.tool("read", scopes="notes:read")
async def notes_show(ctx: Context, note: NoteId) -> Note:
    """Show one note."""
    return Note(id=note, **_public(ctx.get(Notes).read(note)))


@notes_tools.tool("read", scopes="notes:read", core=True)
async def notes_echo(
    ctx: Context, text: Annotated[str, Field(max_length=10_000)] = "", ids: list[int] | None = None
) -> Echo:
    """Give the text back, and the number of ids."""
    return Echo(text=text + (f" {len(ids)}" if ids else ""))


@notes_tools.tool("read", scopes="notes:read", timeout=60)
async def notes_wait(ctx: Context) -> Echo:
    """Wait until somebody says go, telling the progress."""
    waiting = ctx.get(Waiting)
    await ctx.progress(1, 2, "waiting")
    waiting.started.set()
    try:
        await waiting.go.wait()
    except anyio.get_cancelled_exc_class():
        waiting.cancelled.set()
        raise
    await ctx.progress(2, 2, "done")
    return Echo(text="went")


@notes_tools.tool("read", scopes="notes:read")
async def notes_break(ctx: Context) -> Echo:
    """Fail in a way nobody foresaw."""
    raise RuntimeError("secret detail: hunter2")


@notes_tools.tool("read", scopes="notes:read")
async def notes_busy(ctx: Context) -> Echo:
    """Be refused for now."""
    raise Refused(Code.RATE_LIMITED, "Too many notes.", "Wait a little.", retry_after=3)


@notes_tools.tool("write", scopes="notes:write")
async def notes_create(ctx: Context, title: str, text: str = "") -> None:
    """Write a new note."""
    stage_create(ctx, title, text)


@notes_tools.tool("write", scopes="notes:write", core=True)
async def notes_update(ctx: Context, note: NoteId, title: str | None = None, text: str | None = None) -> None:
    """Change a note's title or text."""
    stage_update(ctx, note, title=title, text=text)


@notes_tools.tool("write", scopes="notes:write")
async def notes_rename_all(ctx: Context, prefix: str) -> None:
    """Put a prefix before every title."""
    for note, row in list(ctx.get(Notes).rows.items()):
        stage_update(ctx, note, title=f"{prefix}{row['title']}")


@notes_tools.tool("write", scopes="notes:write")
async def notes_delete(ctx: Context, note: NoteId) -> None:
    """Move a note to the bin."""
    stage_delete(ctx, note)


@notes_tools.tool("destroy", scopes="notes:write", core=True)
async def notes_burn(ctx: Context, note: NoteId) -> None:
    """Delete a note for good."""
    stage_delete(ctx, note, burn=True)


@notes_tools.tool("destroy", scopes="notes:write")
async def notes_shout(ctx: Context, words: str) -> None:
    """Say something aloud."""
    stage_shout(ctx, words)


def _public(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "stamp"}


async def _read_note(ctx: Context, values: Mapping[str, str]) -> dict[str, Any]:
    if not values["id"].isdigit():
        raise Refused(Code.NOT_FOUND, "A note's id is a number.")
    return {"id": int(values["id"]), **_public(ctx.get(Notes).read(int(values["id"])))}


async def _complete_note(ctx: Context, name: str, prefix: str) -> list[str]:
    return [str(note) for note in ctx.get(Notes).rows if str(note).startswith(prefix)]


async def _read_all(ctx: Context, values: Mapping[str, str]) -> dict[str, Any]:
    return {"total": len(ctx.get(Notes).rows)}


async def _read_text(ctx: Context, values: Mapping[str, str]) -> str:
    return "Notes are short."


async def _read_picture(ctx: Context, values: Mapping[str, str]) -> bytes:
    return b"\x89PNG\r\n"


async def _briefing(ctx: Context, arguments: Mapping[str, str]) -> str:
    return f"Sum up the {len(ctx.get(Notes).rows)} notes about {arguments.get('topic', 'anything')}."


async def _complete_topic(ctx: Context, prefix: str) -> list[str]:
    return [topic for topic in ("dresses", "denim", "shoes") if topic.startswith(prefix)]


def notes_pack(notes: Notes, waiting: Waiting | None = None) -> Pack:
    """Tools, resources and a prompt over these notes."""

    def provides(services: Any) -> None:
        provide(services, notes)
        if waiting is not None:
            services.put(Waiting, waiting)

    read = frozenset({"notes:read"})
    return Pack(
        "notes",
        [notes_tools],
        [
            Prompt(
                "notes_briefing",
                "Briefing",
                "Sum up the notes.",
                _briefing,
                (PromptArgument("topic", "What about.", complete=_complete_topic),),
                read,
            )
        ],
        [
            Resource("devskyy://notes", "notes", "All notes", "How many notes there are.", _read_all, scopes=read),
            Resource(
                "devskyy://notes/{id}", "note", "A note", "One note.", _read_note, scopes=read, complete=_complete_note
            ),
            Resource("devskyy://notes-help", "notes-help", "Help", "How to write.", _read_text, "text/plain", read),
            Resource("devskyy://notes-logo", "notes-logo", "Logo", "A picture.", _read_picture, "image/png", read),
        ],
        provides,
    )


async def _read_change(ctx: Context, values: Mapping[str, str]) -> dict[str, Any]:
    view = await ctx.get(Changes).journal.show(ctx.principal, values["id"])
    return view.model_dump(mode="json", exclude_none=True)


changes_tools = Toolset("changes", timeout=20)
ChangeId = Annotated[str, Field(max_length=40, description="Id of the change.")]


@changes_tools.tool("read", scopes=(), core=True)
async def changes_show(ctx: Context, change: ChangeId) -> ChangeView:
    """Show a change as it is now."""
    return await ctx.get(Changes).journal.show(ctx.principal, change)


@changes_tools.tool("destroy", scopes=(), core=True)
async def changes_apply(ctx: Context, change: ChangeId) -> ChangeView:
    """Do what a preview showed."""
    return await ctx.get(Changes).apply(ctx, change)


@changes_tools.tool("write", scopes=(), core=True)
async def changes_undo(ctx: Context, change: ChangeId) -> None:
    """Take a change back."""
    await ctx.get(Changes).stage_undo(ctx, [change])


@changes_tools.tool("read", scopes=(), core=True, proxies={"read"})
async def tools_read(ctx: Context, name: str, arguments: dict[str, Any]) -> None:
    """Call any tool that only reads."""


@changes_tools.tool("destroy", scopes=(), core=True, proxies={"read", "write", "destroy", "generate"})
async def tools_call(ctx: Context, name: str, arguments: dict[str, Any]) -> None:
    """Call any tool by its name."""


def changes_pack() -> Pack:
    """Apply, show and undo changes, and the proxies; for tests without the platform's own pack."""
    change = Resource("devskyy://changes/{id}", "change", "A change", "One change.", _read_change)
    return Pack("changes", [changes_tools], resources=[change])


def late_pack() -> Pack:
    """A pack that is added while the server runs."""
    tools = Toolset("late", timeout=5)

    @tools.tool("read", scopes="notes:read", core=True)
    async def late_show(ctx: Context) -> Echo:
        """Say that it is late."""
        return Echo(text="late")

    return Pack("late", [tools])
