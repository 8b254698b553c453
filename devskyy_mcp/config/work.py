"""How much is done at once and what it may cost, and which parts of the catalogue are there."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from .kinds import Group


class WorkSettings(Group):
    calls_per_second: float = Field(
        default=20,
        validation_alias="DEVSKYY_CALLS_PER_SECOND",
        gt=0,
        description="Calls a principal may make on average. Of one tool that writes: half, that costs money: a tenth.",
    )
    calls_burst: int = Field(
        default=200, validation_alias="DEVSKYY_CALLS_BURST", ge=1, description="Calls a principal may make at once."
    )
    address_per_second: float = Field(
        default=20,
        validation_alias="DEVSKYY_ADDRESS_PER_SECOND",
        gt=0,
        description="Requests without a valid sign-in that one address may make on average.",
    )
    address_burst: int = Field(
        default=200,
        validation_alias="DEVSKYY_ADDRESS_BURST",
        ge=1,
        description="Requests without a valid sign-in that one address may make at once.",
    )
    worker: Literal["on", "off"] = Field(
        default="on",
        validation_alias="DEVSKYY_WORKER",
        description="off: this process only takes jobs in; a `devskyy worker` on the same database runs them.",
    )
    worker_concurrency: int = Field(
        default=20,
        validation_alias="DEVSKYY_WORKER_CONCURRENCY",
        ge=1,
        le=500,
        description="Jobs that one worker runs at once.",
    )
    budget_month_usd: float | None = Field(
        default=None,
        validation_alias="BUDGET_MONTH_USD",
        ge=0,
        description="What paid calls may cost in a calendar month (UTC), all principals together. Unset: no cap.",
    )
    budget_principal_month_usd: float | None = Field(
        default=None,
        validation_alias="BUDGET_PRINCIPAL_MONTH_USD",
        ge=0,
        description="What paid calls of one principal may cost in a calendar month (UTC). Unset: no cap.",
    )
    budget_agent_month_usd: float | None = Field(
        default=None,
        validation_alias="BUDGET_AGENT_MONTH_USD",
        ge=0,
        description="What language models may cost in the name of one agent in a calendar month (UTC). Unset: no cap.",
    )
    enable_3d_pipeline: bool = Field(
        default=True,
        validation_alias="ENABLE_3D_PIPELINE",
        description="false: the tools of 3D models, generated pictures and launches are not there.",
    )
    agents_dir: Path | None = Field(
        default=None,
        validation_alias="DEVSKYY_AGENTS_DIR",
        description="Folder of the brand's own agents (docs/agents.md): files of the same names stand for DevSkyy's, "
        "phrases.toml adds what people say. Unset: none.",
    )
    enable_ab_testing: bool = Field(
        default=True,
        validation_alias="ENABLE_AB_TESTING",
        description="false: the tools of A/B tests are not there.",
    )
    enable_round_table: bool = Field(
        default=True,
        validation_alias="ENABLE_ROUND_TABLE",
        description="false: the round table's tools are not there.",
    )
