"""The texts of a new product, drafted from facts alone: nothing in them that nobody gave.

No model writes here. What a person or a host's model makes of the draft goes into the product by ``play_launch_draft``.
"""

from __future__ import annotations

from html import escape
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_Fact = Annotated[str, Field(max_length=200)]
LONGEST_SEO = 155
"""Characters of a search result's description that are shown."""


class Facts(BaseModel):
    """What is known of a product, in the words that shall be read."""

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)
    kind: Annotated[str, Field(max_length=60, description="What it is: T-shirt, tote bag…")] = ""
    color: _Fact = ""
    material: _Fact = ""
    fit: _Fact = ""
    care: _Fact = ""
    details: Annotated[list[_Fact], Field(max_length=12)] = []


class Copy(BaseModel):
    """Texts of the product; ``missing`` names the facts that would make them better."""

    model_config = ConfigDict(extra="forbid")
    name: str
    short_description: str = Field(description="HTML.")
    description: str = Field(description="HTML.")
    seo_description: str
    alt_texts: list[str] = Field(description="One per picture, in their order.")
    missing: list[str] | None = None


def drafted(name: str, facts: Facts, views: list[str], height_cm: float | None) -> Copy:
    """The texts.

    Args:
        name: the product's name as it shall stand in the shop.
        facts: what is known of it.
        views: what each picture shows, ``front``, ``back``, ``detail``…
        height_cm: its height, where stated.
    """
    what = " ".join(word for word in (facts.color, facts.material, facts.kind) if word).strip()
    known = {"Colour": facts.color, "Material": facts.material, "Fit": facts.fit, "Care": facts.care}
    if height_cm:
        known["Height"] = f"{height_cm:g} cm"
    opening = f"{name}: {_with_article(what)}." if what else f"{name}."
    rows = "".join(f"<li>{label}: {escape(value)}</li>" for label, value in known.items() if value)
    points = "".join(f"<li>{escape(one)}</li>" for one in facts.details)
    body = f"<p>{escape(opening)}</p>"
    body += f"<ul>{points}</ul>" if points else ""
    body += f"<ul>{rows}</ul>" if rows else ""
    wanted = ("kind", "color", "material", "fit", "care")
    return Copy(
        name=name,
        short_description=f"<p>{escape(_first_of(opening, facts))}</p>",
        description=body,
        seo_description=_cut(" ".join([opening, *(f"{one}." for one in facts.details)])),
        alt_texts=[_alt(name, what, view) for view in views],
        missing=[one for one in wanted if not getattr(facts, one)] or None,
    )


def _with_article(what: str) -> str:
    return f"{'an' if what[:1].lower() in 'aeiou' else 'a'} {what}"


def _first_of(opening: str, facts: Facts) -> str:
    return " ".join([opening, *(f"{one}." for one in facts.details[:1])])


def _alt(name: str, what: str, view: str) -> str:
    seen = f"{name}, {what}" if what and what.lower() not in name.lower() else name
    return f"{seen}, {view}" if view else seen


def _cut(text: str) -> str:
    if len(text) <= LONGEST_SEO:
        return text
    return text[: LONGEST_SEO - 1].rsplit(" ", 1)[0].rstrip(",;:. ") + "…"
