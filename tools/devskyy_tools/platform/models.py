"""What the platform's tools answer with."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from devskyy_mcp.jobs.model import JobView

Cursor = Annotated[str, Field(max_length=200, description="next_cursor of the page before.")]


class ToolHit(BaseModel):
    name: str
    summary: str
    effect: str
    unavailable: str | None = Field(default=None, description="Why the account at the shop may not use it.")


class ToolHits(BaseModel):
    tools: list[ToolHit]
    next: str


class ToolDescription(BaseModel):
    name: str
    description: str
    effect: str
    scopes: list[str]
    call_with: str
    arguments: dict[str, Any]
    result: dict[str, Any]
    unavailable: str | None = Field(default=None, description="Why the account at the shop may not use it.")


class ChangeLine(BaseModel):
    change: str
    state: str
    tool: str
    at: str
    by: str
    approved_by: str | None = None
    undoes: str | None = None


class ChangeLines(BaseModel):
    changes: list[ChangeLine]
    next_cursor: str | None = Field(default=None, description="For the next page; absent on the last.")


class ReportLine(BaseModel):
    """One object that was changed."""

    change: str
    at: str
    by: str
    tool: str
    object: str
    do: str
    id: str | None = None
    fields: dict[str, Any] | None = Field(
        default=None, description="Per field [before, after]; for a create the value."
    )
    undone_by: str | None = Field(default=None, description="The change that took it back.")


class ChangeReport(BaseModel):
    """What changed, newest first."""

    report: str = Field(description="For changes_undo(report=…), which takes all of it back.")
    since: str
    until: str
    changes: int
    objects: int
    counts: dict[str, int] = Field(description="Objects created, updated, deleted, acted on.")
    rows: list[ReportLine]
    under_way: list[str] | None = Field(default=None, description="Changes without an end yet, not counted.")
    next_cursor: str | None = Field(default=None, description="For the next page; absent on the last.")
    files: dict[str, str] = Field(description="All of it with whole values: {json, csv}, resources to read.")
    trust: str | None = None


class AuditLine(BaseModel):
    seq: int
    at: str
    by: str
    surface: str
    tool: str
    effect: str
    phase: str = Field(description="call, intent, decision or outcome.")
    code: str = Field(description="ok, or the error's code.")
    about: str | None = Field(default=None, description="The change or job.")
    ms: float = Field(description="Milliseconds it took.")


class AuditLines(BaseModel):
    rows: list[AuditLine]
    next_cursor: str | None = Field(default=None, description="For the next page; absent on the last.")


class JobLines(BaseModel):
    jobs: list[JobView]
    next_cursor: str | None = Field(default=None, description="For the next page; absent on the last.")
