"""What a collection of the shop's is: where it is, what it can do, what the shop does to it by itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Any, Literal, cast

from devskyy_mcp.capability import Texts
from devskyy_mcp.errors import Code, Refused

_NOTHING: frozenset[str] = frozenset()
NO_WORDS: Mapping[str, str] = {}
NO_DRAGS: Mapping[str, tuple[str, ...]] = {}

NOISE = frozenset(
    {
        "_links", "class_list", "date_modified", "date_modified_gmt", "generated_slug", "modified", "modified_gmt",
        "permalink_template", "price_html", "related_ids",
    }
)  # fmt: skip
"""Fields that move by themselves and say nothing."""
NOISY_META = ("_devskyy_change", "_devskyy_seo_", "_edit_", "_wp_desired_post_slug", "_wp_old_", "_wp_trash_meta_")
STAMP = "_devskyy_change"
NO_TERM = "the shop gives it a new id when it is made again, and its objects lose it"
_ROOTS = {"wc": "/wc/v3", "wp": "/wp/v2", "devskyy": "/devskyy/v1"}
_LONGEST_ID = 200
_TEXT_ID = re.compile(r"\w[\w.~-]*(//?\w[\w.~-]*)*", re.ASCII)
"""``bacs``, ``akismet/akismet``, ``twentytwentyfive//home``: no part of it leads upwards, or is anything but a name."""


@dataclass(frozen=True, slots=True)
class Collection:
    """One REST collection.

    Args:
        name: ours, unique; also the name of its field schema in ``schemas/``.
        api: ``wc`` (wc/v3), ``wp`` (wp/v2) or ``devskyy`` (our plugin's).
        path: below the API's root; ``{product_id}`` and the like are parents.
        everywhere: path of the list of all of them, whatever their parents; empty where the shop has none.
        noun: what people call one of them.
        id_field: field that names an object in addresses.
        text_ids: which of the parents, and ``id``, are texts; the others are whole numbers.
        single: the path is that of the only object there is; what is named as its id is not sent.
        open: its objects may have fields that the schema does not name, as those of a plugin's types have.
        made_in: name of the collection in which what is created here is found afterwards, where that is another.
        holds: where the shop gives and takes a bare list as the object: the field under which it is the object's.
        listed: the shop gives one object as a list of one.
        zero: those of the parents, and ``id``, for which 0 names an object, too.
        valued: object fields that are read as ``{key: {value, type, …}}`` and written as ``{key: value}``.
        reread: an update is answered with what was sent, not with what is stored: it is read again.
        batch: most items in one ``/batch`` request; 0 where the shop has none.
        batch_across: path whose ``/batch`` takes objects of several parents, which then name theirs; empty for none.
        trash: whether a delete goes to the bin, from where it can come back.
        key: field that the shop keeps unique, empty where there is none.
        stamp: whether a create can carry our mark in ``meta_data``.
        title: field that names an object in labels; empty where that would be personal data.
        raw: fields that are read as ``{raw, rendered}`` and written as text.
        whole: object fields that the shop replaces as they come: sent and compared whole.
        as_json: object fields that the shop takes as a JSON text.
        html: text fields that are shown as HTML; what is written to them is sanitised.
        lines: list fields whose items have ids of their own and are changed one by one.
        unordered: list fields whose order the shop does not keep.
        derived: fields the shop computes; recorded, never written back.
        volatile: fields that others move at any time (a sale takes stock); written back only when touched or implied.
        clears_with_empty: fields that null does not clear, "" does.
        implies: touching the one drags the others.
        every: list parameters that show objects in all states but the bin.
        lean: whether to name the fields that are wanted when many are read or written: the shop then leaves out what
            is noise to us and work to it, in each item of a batch too.
        texts: whose texts its objects hold, after ``Policy.texts``.
        cannot_undo: per kind (``create``, ``delete``) or ``force`` why it can't be undone.
    """

    name: str
    api: Literal["wc", "wp", "devskyy"]
    path: str
    noun: str
    everywhere: str = ""
    id_field: str = "id"
    text_ids: frozenset[str] = _NOTHING
    single: bool = False
    open: bool = False
    made_in: str = ""
    holds: str = ""
    listed: bool = False
    zero: frozenset[str] = _NOTHING
    valued: frozenset[str] = _NOTHING
    reread: bool = False
    batch: int = 0
    batch_across: str = ""
    trash: bool = False
    key: str = ""
    stamp: bool = False
    title: str = ""
    raw: frozenset[str] = _NOTHING
    whole: frozenset[str] = _NOTHING
    as_json: frozenset[str] = _NOTHING
    html: frozenset[str] = _NOTHING
    lines: frozenset[str] = _NOTHING
    unordered: frozenset[str] = _NOTHING
    derived: frozenset[str] = _NOTHING
    volatile: frozenset[str] = _NOTHING
    clears_with_empty: frozenset[str] = _NOTHING
    implies: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: NO_DRAGS)
    every: Mapping[str, str] = field(default_factory=lambda: NO_WORDS)
    lean: bool = False
    texts: Texts = "catalogue"
    cannot_undo: Mapping[str, str] = field(default_factory=lambda: NO_WORDS)

    @property
    def parents(self) -> tuple[str, ...]:
        """Names of the enclosing ids, in the path's order."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))

    def url(self, parent: Mapping[str, Any] | None = None, target: object = None, *rest: str) -> str:
        """Path below ``/wp-json``: of the collection, of one object, or of something below it.

        Raises:
            Refused: INVALID_ARGUMENTS when an id is no positive whole number, or no name where names are ids.
        """
        path = self.everywhere if self.everywhere and target is None and not parent else self.path
        for name in () if path == self.everywhere else self.parents:
            path = path.replace(f"{{{name}}}", self._id((parent or {}).get(name), name))
        parts = [_ROOTS[self.api], path]
        if target is not None and not self.single:
            parts.append(self._id(target, "id"))
        return "/".join([*parts, *rest])

    def id_of(self, obj: Mapping[str, Any]) -> Any:
        """What names the object in addresses; None where it has no such field, or one that can be no id."""
        known = obj.get(self.id_field)
        return None if isinstance(known, str) and len(known) > _LONGEST_ID else known

    def read(self, answer: Any) -> Any:
        """The object of the shop's answer."""
        if self.listed and isinstance(answer, list):
            return cast("list[Any]", answer)[0] if answer else {}
        return {self.holds: answer} if self.holds else answer

    def _id(self, value: object, name: str) -> str:
        text = str(value)
        if name in self.text_ids:
            known = bool(_TEXT_ID.fullmatch(text)) and len(text) <= _LONGEST_ID
            says = "must be a name as the list gives it"
        else:
            known = (
                not isinstance(value, bool)
                and text.isdecimal()
                and text.isascii()
                and int(text) >= (name not in self.zero)
            )
            says = "must be a positive whole number"
        if not known:
            raise Refused(Code.INVALID_ARGUMENTS, f"{name} {says}.", details={"field": name})
        return text if name in self.text_ids else str(int(text))

    def label(self, target: object, obj: Mapping[str, Any] | None = None) -> str:
        """How people call it, without personal data: ``product 12 "Silk dress"``, ``order 61``."""
        name = (obj or {}).get(self.title) if self.title else None
        if isinstance(name, dict):
            texts = cast("dict[str, Any]", name)
            name = texts.get("raw") or texts.get("rendered")
        start = f"new {self.noun}" if target is None else self.noun if self.single else f"{self.noun} {target}"
        return f'{start} "{unescape(str(name))[:60]}"' if name else start


def fields(*names: str) -> frozenset[str]:
    """A set of fields' names."""
    return frozenset(names)
