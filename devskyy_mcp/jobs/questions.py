"""What a job asks a person: the forms that the question is put as, and the answers it takes.

A question whose schema has nothing but objects as properties is several forms, one per property, which may be answered
one at a time; any other question is one form.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import Code, Refused

SEPARATOR = "/"
"""Between a question's name and a form's, in the form's key."""
LARGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Form:
    """One form. ``key`` is its own among all that the job ever asks; ``schema`` is a JSON Schema of an object."""

    key: str
    message: str
    schema: Mapping[str, Any]


def forms_of(question: Mapping[str, Any]) -> list[Form]:
    """The forms that wait for an answer.

    Args:
        question: {name, message, schema}, and under ``given`` the forms that were answered, by their names.
    """
    name, message = question["name"], question["message"]
    given = question.get("given", {})
    parts = _parts(question["schema"])
    if not parts:
        return [Form(name, message, question["schema"])]
    return [
        Form(f"{name}{SEPARATOR}{part}", schema.get("description", message), schema)
        for part, schema in parts.items()
        if part not in given
    ]


def needs_person(question: Mapping[str, Any]) -> bool:
    """Whether the question asks for consent, which no program can give."""
    return question.get("consent", True)


def change_of(question: Mapping[str, Any] | None) -> str | None:
    """The change that a job waits for a person to decide, if that is what it asks."""
    return question.get("change") if question else None


def take(question: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    """The question with these answers: what is left to ask, or only ``answers`` by the names of questions.

    Args:
        question: as for ``forms_of``, and under ``answers`` what was answered before it.
        answers: by the question's name or by the forms' keys; None declines. Other names are passed over.

    Raises:
        Refused: INVALID_ARGUMENTS when nothing is for this question, or is not what its schema allows.
    """
    name = question["name"]
    if name in answers:
        _check(question["schema"], answers[name])
        return _answered(question, answers[name])
    open_still = {form.key: form for form in forms_of(question)}
    now = {key: answers[key] for key in open_still if key in answers}
    if not now:
        raise Refused(Code.INVALID_ARGUMENTS, f"The question is called {name}; answer that one.")
    for key, answer in now.items():
        _check(open_still[key].schema, answer)
    given = question.get("given", {}) | {key.removeprefix(f"{name}{SEPARATOR}"): value for key, value in now.items()}
    if len(now) < len(open_still):
        return {**question, "given": given}
    return _answered(question, given if any(value is not None for value in given.values()) else None)


def _answered(question: Mapping[str, Any], answer: Any) -> dict[str, Any]:
    return {"answers": {**question.get("answers", {}), question["name"]: answer}}


def _parts(schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    properties: dict[str, Mapping[str, Any]] = schema.get("properties", {})
    return properties if all(part.get("type") == "object" for part in properties.values()) else {}


def _check(schema: Mapping[str, Any], answer: Any) -> None:
    from jsonschema import Draft202012Validator

    if answer is None:
        return
    if not _storable(answer):
        raise Refused(Code.INVALID_ARGUMENTS, "The answer holds a NUL character or a number that is none.")
    if len(json.dumps(answer)) > LARGEST:
        raise Refused(Code.TOO_LARGE, f"The answer is larger than {LARGEST // 1024} KiB.")
    error = next(Draft202012Validator(schema).iter_errors(answer), None)  # pyright: ignore[reportUnknownMemberType] # untyped there
    if error is not None:
        where = ".".join(str(part) for part in error.absolute_path) or "the answer"
        raise Refused(
            Code.INVALID_ARGUMENTS, f"{where} is not what the question allows.", "Answer after question.schema."
        )


def _storable(answer: Any) -> bool:
    try:
        text = json.dumps(answer, allow_nan=False)
    except ValueError:
        return False
    return "\\u0000" not in text.replace("\\\\", "")
