"""Valid arguments for the tools that have others make pictures and films; without a key their jobs say so."""

from __future__ import annotations

from .making import Arguments, given

PHOTO = f"ast_{'0' * 64}"
READS: dict[str, list[Arguments]] = {
    "media_films_generate": [given(prompt="A coat turns on its hanger.")],
    "media_garments_render": [given(action="try_on", asset=PHOTO, person=PHOTO)],
    "media_pictures_generate": [given(prompt="A coat on a beach.", shape="portrait")],
}
