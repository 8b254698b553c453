"""Alt texts from facts: what a product is called, its colour, what it lies on. Nobody has looked at the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devskyy_tools.studio.pictures.look import Look

LONGEST = 125
"""Characters after which some screen readers stop."""


def alt_text(name: str, color: str, look: Look) -> tuple[str | None, str]:
    """A text for those who don't see the picture, and what it is taken from; None where there is no fact to tell."""
    name, color = " ".join(name.split()), " ".join(color.split())
    if not name:
        return None, "Nothing to tell: give a name or a product_id. No model has looked at the picture."
    said = name if not color or color.lower() in name.lower() else f"{name} in {color.lower()}"
    where = ""
    if look.transparent:
        where = ", cut out"
    elif look.ground is not None and (ground := next((one for one in look.palette if one.hex == look.ground), None)):
        where = f" on a plain {ground.name} background"
    text = f"{said}{where}" if len(said) + len(where) <= LONGEST else said
    if len(text) > LONGEST:
        text = f"{text[: LONGEST - 1].rsplit(' ', 1)[0].rstrip(',;.')}…"
    return text, "Product facts and the background's colour. No model has looked at the picture."
