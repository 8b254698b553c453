"""What a job asks, filled in field by field by a person: at a terminal or on the approval page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import Refused
from ..guard.audit import AuditLog, AuditRecord
from ..jobs.questions import Form, forms_of
from ..jobs.service import Jobs

if TYPE_CHECKING:
    from ..app import App
    from ..context import Principal
    from ..jobs.model import JobView


@dataclass(frozen=True)
class Field:
    """One field of a form; ``choices`` by their words where it has few values."""

    name: str
    about: str
    kind: str
    choices: Mapping[str, Any]

    def value(self, typed: str) -> Any:
        """What was typed, or the JSON value that it is where the field holds no text."""
        if typed in self.choices:
            return self.choices[typed]
        if self.kind == "string":
            return typed
        try:
            return json.loads(typed)
        except ValueError:
            return typed


def fields_of(form: Form) -> list[Field]:
    """The form's fields, in order."""
    return [_field(name, schema) for name, schema in form.schema.get("properties", {}).items()]


def _field(name: str, schema: Mapping[str, Any]) -> Field:
    kind = schema.get("type", "")
    allowed: Sequence[Any] = [True, False] if kind == "boolean" else schema.get("enum", [])
    choices = {one if isinstance(one, str) else json.dumps(one): one for one in allowed}
    return Field(name, schema.get("description") or schema.get("title") or "", kind, choices)


async def asked(app: App, principal: Principal, job: str) -> tuple[JobView, list[Form]]:
    """The job and the forms that it waits for; none when it asks nothing now.

    Raises:
        Refused: NOT_FOUND.
    """
    view = await app.services.get(Jobs).get(principal, job)
    return view, forms_of(view.question) if view.state == "input_required" and view.question else []


async def give(app: App, principal: Principal, surface: str, job: str, answers: Mapping[str, Any]) -> JobView:
    """Give a person's answers, by the forms' keys; None declines. It is in the audit as their decision.

    Raises:
        Refused: as ``Jobs.answer``.
    """
    code = "ok"
    try:
        return await app.services.get(Jobs).answer(principal, job, answers, person=True)
    except Refused as refused:
        code = str(refused.code)
        raise
    finally:
        record = AuditRecord(
            principal=principal.id,
            surface=surface,
            capability="jobs_answer",
            effect="write",
            phase="decision",
            change_id=job,
            code=code,
            arguments=json.dumps(answers, sort_keys=True),
        )
        app.services.get(AuditLog).add(record)
