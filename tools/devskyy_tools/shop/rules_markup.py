"""Texts that are shown as HTML: blocks are validated, and what could run is taken out, with a warning."""

from __future__ import annotations

from . import blocks, markup
from .draft import Draft


async def clean_texts(draft: Draft) -> None:
    """Sanitise the fields that are written; a block that stands in the text already stays as it is.

    Raises:
        Refused: INVALID_ARGUMENTS for block markup that the editor could not read, with line and what to do.
    """
    for name in sorted(draft.collection.html & draft.body.keys()):
        text = draft.body[name]
        if not isinstance(text, str) or "<" not in text:
            continue
        had = draft.was(name)
        had = had if isinstance(had, str) else ""
        if text == had:
            continue
        has_blocks = "<!--" in text and "wp:" in text
        if has_blocks:
            await _check_blocks(draft, name, text)
        draft.body[name], gone = cleaned(text, had if has_blocks else "")
        if gone:
            listed = ", ".join(gone[:10])
            draft.warnings.append(f"{draft.label}: taken out of {name}: {listed}. It is not published.")


def cleaned(text: str, had: str = "") -> tuple[str, list[str]]:
    """The text as it may be published and what was taken out, but for the blocks that ``had`` has as they are.

    Args:
        text: valid block markup, or any HTML.
        had: the text as it is now.
    """
    result, gone = _with_attributes(text)
    kept = _readable_parts(had) if gone else set[str]()
    if not kept:
        return result, gone
    out: list[str] = []
    run, all_gone = "", list[str]()
    for part in [*blocks.parts(text), ""]:
        if part and part not in kept:
            run += part
            continue
        one, gone = _with_attributes(run)
        out += [one, part]
        all_gone += gone
        run = ""
    return "".join(out), list(dict.fromkeys(all_gone))


def _readable_parts(text: str) -> set[str]:
    """The blocks of a text of the shop's, which may be broken."""
    try:
        return {part for part in blocks.parts(text) if part.startswith("<!--")}
    except blocks.Broken:
        return set()


def _with_attributes(text: str) -> tuple[str, list[str]]:
    result, gone = markup.clean(text)
    if "wp:" not in result or "<!--" not in result:
        return result, gone

    def change(value: str) -> str:
        if markup.is_script_address(value):
            gone.append("a script's address in a block")
            return ""
        inner, inside = markup.clean(value)
        gone.extend(f"{what} in a block" for what in inside)
        return inner if inside else value

    return blocks.map_attributes(result, change), gone


async def _check_blocks(draft: Draft, name: str, text: str) -> None:
    try:
        list(blocks.delimiters(text))
        warnings = blocks.check(text, await draft.shop.client.block_types())
    except blocks.Broken as broken:
        draft.refuse(f"{name}, {broken}", broken.hint)
    draft.warnings += [f"{draft.label}: {name}, {warning}" for warning in warnings[:10]]
