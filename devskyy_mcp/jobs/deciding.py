"""A person's answers to what a job asks. Where it waits for a change they decide the change itself, wherever they are
asked: what they were shown is its plan, and nothing else is agreed to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..capability import Registry, authorize
from ..changes.asking import Person, question_text
from ..changes.service import Changes
from ..context import Context, Principal, Services
from ..errors import Code, Refused
from .model import JobView
from .questions import change_of
from .service import Jobs

AGREE = "agree"
"""The field of a form by which a person agrees to a change."""


@dataclass(frozen=True, slots=True)
class Answers:
    """A person's answers to a job that they were asked for, as ``Jobs.answer`` takes them."""

    job: str
    given: Mapping[str, Any]
    person: Person


def decides(view: JobView) -> str | None:
    """The change that the job waits for now, if that is what it waits for."""
    return change_of(view.question) if view.state == "input_required" else None


async def plan_of(services: Services, principal: Principal, view: JobView) -> str:
    """What a person reads of that change; empty where the job asks something else."""
    change = decides(view)
    return question_text(await services.get(Changes).journal.show(principal, change)) if change else ""


async def give(services: Services, principal: Principal, surface: str, answers: Answers) -> None:
    """Give a job the answers of the person at a host's form. A change is decided only through a program that may make
    it, and that belongs to whom it is made for.

    Raises:
        Refused: as ``Jobs.answer``; as ``Changes.decided``, but for what the job itself is told of the change;
            NOT_FOUND for another's change; FORBIDDEN without the scopes of its tool.
    """
    jobs = services.get(Jobs)
    view = await jobs.get(principal, answers.job)
    change = decides(view)
    if view.question is None or change is None:
        await jobs.answer(principal, answers.job, answers.given, person=True)
        return
    if view.question["name"] not in answers.given:
        return
    given = answers.given[view.question["name"]]
    agreed = given is not None and given.get(AGREE)
    if not isinstance(agreed, bool):
        raise Refused(Code.INVALID_ARGUMENTS, f"{AGREE} is neither true nor false.", f"Send {{{AGREE}: true}}.")
    changes = services.get(Changes)
    row = await changes.journal.row_of(change, principal)
    if row["principal"] != principal.id and principal.kind not in {"os", "local"}:
        raise Refused(Code.NOT_FOUND, f"There is no change {change}.")
    authorize(principal, services.get(Registry).tool(row["tool"]))
    ctx = Context(principal, services, surface=surface)
    try:
        await changes.decided(ctx, change, answers.person, agreed=agreed)
    except Refused as refused:
        if refused.code not in {Code.DECLINED, Code.STALE}:
            raise
