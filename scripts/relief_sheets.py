"""``python -m scripts.relief_sheets``: draws the pictures of docs/three-d.md anew.

Each row is a photo made in code, what was cut out of it, and the relief from the front, from 35° and from the side, and
its back. The last picture shows the photos that are refused.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image, ImageDraw

from devskyy_mcp.errors import Refused
from devskyy_tools.studio.photos.cutout import cut_out
from devskyy_tools.studio.photos.decode import decode
from devskyy_tools.studio.relief.build import relief
from devskyy_tools.studio.render.draw import Studio, on_white
from devskyy_tools.studio.render.scene import View
from tests.fakes import photos

FOLDER = Path("docs/pictures")
SIDE = 200
VIEWS = (View(0, 0), View(35, 8), View(90, 0), View(180, 0))
LIMIT = 150_000
"""Bytes of a picture in the docs."""


def row(photo: photos.Photo, back: photos.Photo | None = None) -> list[Image.Image]:
    """Photo, mask, views."""
    image = decode(photo.content).image
    found = relief(photo.content, back and back.content, category=photos.CATEGORIES[photo.parameters["garment"]])
    mask = Image.fromarray(cut_out(image).alpha).convert("RGB")
    views = [on_white(view) for view in Studio(found.model, "numpy").pictures(VIEWS, SIDE * 2, shadow=False)]
    return [image, mask, *views]


def sheet(rows: list[list[Image.Image]], name: str) -> None:
    """Write them as one small WebP."""
    whole = Image.new("RGB", (SIDE * max(len(one) for one in rows), SIDE * len(rows)), "white")
    for down, pictures in enumerate(rows):
        for across, picture in enumerate(pictures):
            small = picture.convert("RGB")
            small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
            at = (across * SIDE + (SIDE - small.width) // 2, down * SIDE + (SIDE - small.height) // 2)
            whole.paste(small, at)
    for quality in (80, 65, 50, 35):
        out = io.BytesIO()
        whole.save(out, "WEBP", quality=quality, method=6)
        if out.tell() <= LIMIT:
            break
    (FOLDER / name).write_bytes(out.getvalue())
    print(name, whole.size, out.tell())


def refused() -> None:
    """The negatives, each with the sentence that refuses it."""
    cells: list[Image.Image] = []
    for name, make in photos.NEGATIVES.items():
        if name in {"huge", "corrupt"}:
            continue
        photo = make(1)
        cell = Image.new("RGB", (SIDE * 3 // 2, SIDE + 40), "white")
        with Image.open(io.BytesIO(photo.content)) as image:
            image.thumbnail((SIDE, SIDE))
            cell.paste(image, (SIDE * 3 // 4 - image.width // 2, 0))
        try:
            relief(photo.content)
            says = "taken!"
        except Refused as error:
            says = error.message
        middle = says.find(" ", len(says) // 2)
        ImageDraw.Draw(cell).multiline_text(
            (SIDE * 3 // 4, SIDE + 6), f"{says[:middle]}\n{says[middle + 1 :]}", "black", anchor="ma", align="center"
        )
        cells.append(cell)
    whole = Image.new("RGB", (SIDE * 6, (SIDE + 40) * 2), "white")
    for number, cell in enumerate(cells):
        whole.paste(cell, (number % 4 * SIDE * 3 // 2, number // 4 * (SIDE + 40)))
    whole.save(FOLDER / "relief-refused.webp", quality=70, method=6)


def main() -> None:
    first = [row(photos.draw(seed)) for seed in photos.SEEDS[:5]]
    sheet(first, "relief-1.webp")
    sheet([row(photos.draw(seed)) for seed in photos.SEEDS[5:]], "relief-2.webp")
    front = photos.draw(4, garment="jumper", print="contrast", background="white", color=(60, 90, 150))
    sheet([row(front), row(front, photos.back_of(front, 4))], "relief-back.webp")
    refused()


if __name__ == "__main__":
    sys.exit(main())
