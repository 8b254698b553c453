"""The brand's words: posts, pages, a comment and a few pictures for them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from devskyy_tools.sandbox import clock, text
from devskyy_tools.sandbox.nouns import comments, content, terms
from devskyy_tools.sandbox.seed import pictures
from devskyy_tools.sandbox.seed.catalogue import media
from devskyy_tools.sandbox.store import Store

_LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")
# title, days ago, status, category, tags, colour of its picture, paragraphs
_POSTS = (
    ("The making of Black Rose", 62, "publish", "Atelier", ("embroidery", "black rose"), "Crimson",
     ("Every rose takes forty minutes and two hands.", "We numbered the first run from 1 to 120.")),
    ("How we choose heavy cotton", 41, "publish", "Atelier", ("cotton",), "Ivory",
     ("A hoodie is only as good as its loopback.",
      "Ours weighs 480 grams per square metre: feel it in the [Signature Hoodie](/product/signature-hoodie/).")),
    ("Love Hurts: notes on a red thread", 27, "publish", "Collections", ("love hurts",), "Rose",
     ("The thread is never cut, only knotted.",
      "You can see where it was mended. So it is with the [Red Thread Cardigan](/product/red-thread-cardigan).")),
    ("Care for what you keep", 12, "publish", "Care", ("care", "cotton"), "Stone",
     ("Wash cold, inside out, and less often than you think.",
      "Bring it back and we will repair it: [how repairs work](/repairs/).")),
    ("Signature, season four", 2, "draft", "Collections", (), "Midnight",
     ("Draft of the announcement.", "Pictures follow.")),
)  # fmt: skip
_PAGES = (
    ("About the house", "publish", "Maison Skyy makes three collections in small runs, in Paris."),
    ("Delivery & returns", "publish", "Delivery in the European Union takes two to four days. Returns within 30 days."),
    ("Size guide", "publish", "Measure a piece that fits you and compare."),
    ("Contact", "publish", "Write to hello@maison-skyy.example.com."),
    ("Lookbook", "draft", "Coming with season four."),
)


def sow(store: Store, today: datetime) -> None:
    for entry in _POSTS:
        _post(store, today, *entry)
    for place, (title, status, words) in enumerate(_PAGES):
        at = (today - timedelta(days=200 - place)).strftime(clock.FORMAT)
        slug = text.slugify(title) if status == "publish" else ""
        body = content.blank(
            store, "page", title=title, status=status, slug=slug, content=_block(words), created=at, modified=at,
            dated=status == "publish", menu_order=place,
        )  # fmt: skip
        store.put("page", body)


def _block(words: str) -> str:
    """A paragraph, with links as [words](address)."""
    linked = _LINK.sub(r'<a href="\2">\1</a>', text.entities(words))
    return f"<!-- wp:paragraph -->\n<p>{linked}</p>\n<!-- /wp:paragraph -->"


def _post(
    store: Store,
    today: datetime,
    title: str,
    ago: int,
    status: str,
    category: str,
    tags: tuple[str, ...],
    colour: str,
    words: tuple[str, ...],
) -> None:
    at = (today - timedelta(days=ago, hours=-8)).strftime(clock.FORMAT)
    picture = media(store, title, f"story-{text.slugify(title)}", pictures.draw("story", pictures.COLOURS[colour]), at)
    body = content.blank(
        store, "post", title=title, status=status, content="\n\n".join(_block(part) for part in words), created=at,
        modified=at, dated=status == "publish", featured_media=picture,
        slug=text.slugify(title) if status == "publish" else "",
        categories=[terms.ensure_term(store, "category", category)["id"]],
        tags=[terms.ensure_term(store, "post_tag", tag)["id"] for tag in tags],
    )  # fmt: skip
    store.put("post", body)
    if ago == 62:
        said = "I wear number 17. Thank you for this."
        store.put("comment", comments.blank(store, "comment", body["id"], content=said, author="Amina", created=at))
