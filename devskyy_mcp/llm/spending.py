"""What a call may cost by the words of who asks and of who runs the server, in the transaction that writes it down."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..errors import Code, Refused
from ..jobs import store
from . import calls
from .asking import Want
from .past import MICRO

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


async def check(conn: AsyncConnection, job: str, step: str, want: Want, estimate: int, month: float | None) -> None:
    """Look whether a call may go beyond what its question, its run or its agent may spend.

    Args:
        conn: the transaction in which it will be written down.
        job: whose call it is.
        step: the question in that job.
        want: its caps of the question and the run, and the agent.
        estimate: the most that it can cost, in millionths of a US dollar.
        month: US dollars that an agent may cost in a calendar month (UTC); None for no cap.

    Raises:
        Refused: OVER_BUDGET.
    """
    caps: list[tuple[str, float, int, str, str]] = []
    if want.max_usd is None and want.job_usd is None and (month is None or not want.agent):
        return
    await store.lock_budget(conn)
    if want.max_usd is not None:
        spent = await calls.spent_by_job(conn, job, step)
        hint = "Ask a cheaper model, or for less at once."
        caps.append(("question", want.max_usd, spent, "this question may cost", hint))
    if want.job_usd is not None:
        spent = await calls.spent_by_job(conn, job)
        caps.append(("run", want.job_usd, spent, "this run may cost", "Raise the run's own limit."))
    if month is not None and want.agent:
        spent = await calls.spent_by_agent(conn, want.agent, _month())
        words = f"the agent {want.agent} may cost in a month"
        hint = "Wait for the next month, or raise BUDGET_AGENT_MONTH_USD."
        caps.append(("agent_month", month, spent, words, hint))
    for name, cap, spent, words, hint in caps:
        if spent + estimate > cap * MICRO:
            raise Refused(
                Code.OVER_BUDGET,
                f"This call may cost up to ${estimate / MICRO:.4f}, and {words} ${cap:.4f}, of which "
                f"${spent / MICRO:.4f} are spent or promised. Nothing was sent.",
                hint,
                details={
                    "cap": name,
                    "estimate_usd": estimate / MICRO,
                    "spent_usd": spent / MICRO,
                    "cap_usd": cap,
                },
            )


def _month() -> int:
    """When this calendar month began (UTC), in microseconds."""
    return int(datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp() * MICRO)
