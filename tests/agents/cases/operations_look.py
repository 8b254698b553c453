"""Those who keep the site's pictures and its look, at work."""

from __future__ import annotations

from tests.agents.cases.frame import Case, Check, Facts, Json, Seen, Step
from tests.agents.cases.operations import done
from tests.fakes.demo import Demo


async def _blank(shop: Demo) -> None:
    """A picture lost its alt text."""
    [newest] = (await shop.do("wp_media_list", limit=1))["items"]
    await shop.carry_out("wp_media_update", id=newest["id"], alt_text="")


def _silent(seen: Seen) -> list[Json]:
    return [one for one in seen("wp_media_list")["items"] if not one.get("alt")]


def _library(seen: Seen) -> Json:
    found = seen("wp_media_list")
    names = {one["id"]: one["title"] for one in _silent(seen)}
    return {
        "task": "alt_texts",
        "library_total": found["total"],
        "looked_at": len(found["items"]),
        "without_alt": len(names),
        "alt_texts": [
            {
                "media_id": int(one["id"]),
                "before": one["fields"]["alt_text"][0],
                "after": one["fields"]["alt_text"][1],
                "product_id": None,
            }
            for each in seen.all("wp_media_update")
            for one in each["changes"]
        ],
        "duplicates": [],
        "unused": [],
        "kept_files": {"would_go": 0, "bytes": 0, "deleted": False},
        "changes": [
            one | {"media_id": int(seen("wp_media_update")["changes"][0]["id"])}
            for one in done(seen, "wp_media_update")
        ],
        "unknown": [f"{seen('media_duplicates_find')['compared']} pictures were compared."],
    }


def _described(facts: Facts, row: Json) -> Json:
    alt = "SELECT json_extract(body, '$.alt_text') FROM objects WHERE kind = 'attachment' AND id = ?"
    return {
        "media_id": facts.was(
            "SELECT id FROM objects WHERE kind = 'attachment' AND json_extract(body, '$.alt_text') = ''"
        ),
        "before": facts.was(alt, row["media_id"]),
        "after": facts.one(alt, row["media_id"]),
    }


MEDIA = Case(
    agent="media-librarian",
    arguments={"task": "alt_texts"},
    arrange=_blank,
    steps=[
        Step("wp_media_list", {"media_type": "image", "limit": 100}),
        Step("brand_guide_get"),
        Step("media_duplicates_find", {"library": 3}),
        Step(
            "wp_media_update",
            lambda seen: [
                {"id": one["id"], "alt_text": f"{one['title']}, seen from the front"} for one in _silent(seen)
            ],
        ),
    ],
    deliver=_library,
    checks=[
        Check("alt_texts[]", _described),
        Check(
            "changes[]",
            lambda facts, row: {
                "media_id": facts.was(
                    "SELECT id FROM objects WHERE kind = 'attachment' AND json_extract(body, '$.alt_text') = ''"
                )
            },
        ),
        Check(
            "",
            lambda facts, _: {
                "library_total": facts.one("SELECT count(*) FROM objects WHERE kind = 'attachment'"),
                "looked_at": facts.one("SELECT count(*) FROM objects WHERE kind = 'attachment'"),
                "without_alt": facts.was(
                    "SELECT count(*) FROM objects WHERE kind = 'attachment' AND json_extract(body, '$.alt_text') = ''"
                ),
                "kept_files": {"would_go": 0, "bytes": 0},
            },
        ),
    ],
    falsify=["wp_media_list:total"],
)


def _light(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _ratio(one: str, other: str) -> float:
    """Contrast of two colours by WCAG 2.2, two decimals, cut."""
    dark, light = sorted((_light(one), _light(other)))
    return int((light + 0.05) / (dark + 0.05) * 100) / 100


def _look(seen: Seen) -> Json:
    before, after = (page["styles"].get("color", {}) for page in seen.all("wp_global_styles_get"))
    ratio = _ratio(after["text"], after["background"])
    return {
        "theme": seen("wp_global_styles_get")["theme"],
        "tokens": [
            {"path": f"styles.color.{name}", "before": before.get(name), "after": after[name]} for name in sorted(after)
        ],
        "contrast": [
            {
                "where": "text",
                "foreground": after["text"],
                "background": after["background"],
                "ratio": ratio,
                "needed": 4.5,
                "passes": ratio >= 4.5,
            }
        ],
        "templates": [],
        "fonts": [one["name"] for one in seen("wp_fonts_list")["items"]],
        "changes": done(seen, "wp_global_styles_update"),
        "way_back": "changes_undo",
        "unknown": [],
    }


def _contrast(facts: Facts, row: Json) -> Json:
    styles = "SELECT json_extract(body, '$.styles.color.' || ?) FROM objects WHERE kind = 'wp_global_styles'"
    text, back = facts.one(styles, "text"), facts.one(styles, "background")
    return {"foreground": text, "background": back, "ratio": _ratio(text, back), "needed": 4.5, "passes": True}


def _token(facts: Facts, row: Json) -> Json:
    query = f"SELECT json_extract(body, '$.{row['path']}') FROM objects WHERE kind = 'wp_global_styles'"
    return {"before": facts.was(query), "after": facts.one(query)}


LOOK = Case(
    agent="theme-stylist",
    arguments={"wish": "Darker text on ivory.", "tokens": "#222222 #faf8f5", "scope": "whole_site"},
    steps=[
        Step("wp_global_styles_get"),
        Step("wp_fonts_list"),
        Step("brand_guide_get"),
        Step(
            "wp_global_styles_update",
            lambda seen: {
                "styles": {"color": dict(zip(("text", "background"), seen.arguments["tokens"].split(), strict=True))}
            },
        ),
        Step("wp_global_styles_get"),
    ],
    deliver=_look,
    checks=[
        Check("contrast[]", _contrast),
        Check("tokens[]", _token),
        Check("fonts[]", "SELECT json_extract(body, '$.said.name') FROM objects WHERE kind = 'wp_font_family'"),
    ],
    falsify=["wp_global_styles_get"],
)

CASES = [MEDIA, LOOK]
