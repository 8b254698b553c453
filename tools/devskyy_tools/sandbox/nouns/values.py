"""Values of settings that say of themselves what they are: how the shop checks them, and what is left of them."""

from __future__ import annotations

import re
from typing import Any, cast

from devskyy_tools.sandbox import text
from devskyy_tools.sandbox.envelope import Call, Json, RestError

_OCTET = re.compile(r"%[0-9a-fA-F]{2}")
_SCRIPT = re.compile(r"<(script|style)\b.*?</\1>|</?(script|style|iframe)\b[^>]*>", re.I | re.S)


def valid(field: Json, value: Any) -> Any:
    """Return the value as an answer shows it.

    Raises:
        RestError: rest_setting_value_invalid for what is not among the options, or no checkbox.
    """
    kind, options = field["type"], cast("Json", field.get("options") or {})
    if kind in ("select", "radio"):
        if str(value) not in _keys(options):
            raise _invalid()
        return value
    if kind == "multiselect":
        if not value:
            return []
        if not isinstance(value, list):
            raise _invalid()
        return [one for one in cast("list[Any]", value) if one in _keys(options)]
    if kind == "checkbox":
        if value and value is not True and value not in ("yes", "no"):
            raise _invalid()
        return value or field["default"] or "no"
    return _SCRIPT.sub("", ("" if value is None else str(value)).replace("\\", "").strip())


def stored(field: Json, value: Any) -> Any:
    """Return what is kept of a shown value: plain texts lose tags, codes such as %20 and lines."""
    kind = field["type"]
    if kind == "checkbox":
        return "yes" if value in (True, "yes") else "no"
    if kind in ("textarea", "multiselect", "select", "radio") or not isinstance(value, str):
        return value
    kept = " ".join(_OCTET.sub("", text.plain(value)).split())
    if field["id"] == "woocommerce_price_num_decimals":
        return str(abs(int(kept))) if kept.lstrip("-").isdigit() else "0"
    return kept


def _keys(options: Json) -> set[str]:
    nested = [_keys(cast("Json", one)) for one in options.values() if isinstance(one, dict)]
    return {str(key) for key, one in options.items() if not isinstance(one, dict)}.union(*nested)


def _invalid() -> RestError:
    return RestError("rest_setting_value_invalid", "An invalid setting value was passed.", 400)


def bare_list(call: Call) -> list[Json]:
    """Return the objects of a body that is a list, not an object."""
    given: Any = call.body
    items = cast("list[Any]", given if isinstance(given, list) else list(cast("Json", given).values()))
    return [cast("Json", one) for one in items if isinstance(one, dict)]
