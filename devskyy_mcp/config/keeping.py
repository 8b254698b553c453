"""How long things are kept and hosts wait, and what is logged."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from .kinds import Group


class KeepingSettings(Group):
    keep_events_days: int = Field(
        default=30, validation_alias="KEEP_EVENTS_DAYS", ge=1, description="Days that events of ended jobs are kept."
    )
    keep_jobs_days: int = Field(
        default=400, validation_alias="KEEP_JOBS_DAYS", ge=1, description="Days that ended jobs are kept."
    )
    keep_changes_days: int = Field(
        default=400,
        validation_alias="KEEP_CHANGES_DAYS",
        ge=32,
        description="Days that changes and paid calls are kept, at least 32: the month's budget is counted by them.",
    )
    host_wait: float = Field(
        default=45,
        validation_alias="DEVSKYY_HOST_WAIT",
        ge=0,
        le=600,
        description="Seconds a call waits for the job it started, for MCP hosts that take no tasks. "
        "Shorter than the host's own limit, often 60.",
    )
    keep_audit_days: int | None = Field(
        default=None,
        validation_alias="KEEP_AUDIT_DAYS",
        ge=32,
        description="Days that the audit is kept, at least 32. Unset: for good.",
    )
    audit_checkpoint_file: Path | None = Field(
        default=None,
        validation_alias="AUDIT_CHECKPOINT_FILE",
        description="File that signed checkpoints of the audit are added to; on another disk it shows what was done to "
        "the database. Default: audit-checkpoints.jsonl in the data folder.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", validation_alias="LOG_LEVEL", description="What is logged to standard error."
    )
    log_format: Literal["json", "text", ""] = Field(
        default="",
        validation_alias="LOG_FORMAT",
        description="json: one object a line. text: for people. Default: text at a terminal, json elsewhere.",
    )
