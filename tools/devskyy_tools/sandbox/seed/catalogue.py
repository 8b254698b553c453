"""The catalogue: three collections, their products, variations and pictures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from devskyy_tools.sandbox import clock, text
from devskyy_tools.sandbox.envelope import Json
from devskyy_tools.sandbox.nouns import goods, products, terms, variations
from devskyy_tools.sandbox.seed import pictures
from devskyy_tools.sandbox.store import Store

_SIZES = ("S", "M", "L")
_SHORT = {
    "Black": "BLK",
    "Ivory": "IVO",
    "Rose": "ROS",
    "Crimson": "CRM",
    "Gold": "GLD",
    "Stone": "STN",
    "Midnight": "MID",
}
COLLECTIONS = {
    "SIGNATURE": ("SIG", "The pieces the house is known for: clean lines, heavy cloth, small runs."),
    "BLACK ROSE": ("BRS", "Night colours and rose embroidery, each piece numbered by hand."),
    "LOVE HURTS": ("LVH", "Raw edges and red thread: clothes for the morning after."),
}


@dataclass(frozen=True, slots=True)
class Piece:
    """One product: with several colours it is a variable one, in each colour and size."""

    name: str
    shape: str
    price: str
    colours: tuple[str, ...]
    sale: str = ""
    status: str = "publish"
    stock: int | None = 12


def _p(
    name: str, shape: str, price: str, *colours: str, sale: str = "", status: str = "publish", stock: int | None = 12
) -> Piece:
    return Piece(name, shape, price, colours, sale, status, stock)


PIECES: dict[str, tuple[Piece, ...]] = {
    "SIGNATURE": (
        _p("Signature Hoodie", "hoodie", "120.00", "Black", "Ivory"),
        _p("Signature Crewneck", "hoodie", "98.00", "Stone", "Midnight"),
        _p("Signature Tee", "tee", "45.00", "Black", "Ivory"),
        _p("Monogram Tee", "tee", "52.00", "Gold", "Black", sale="44.00"),
        _p("Tailored Trousers", "trousers", "135.00", "Black", "Stone"),
        _p("Camel Overcoat", "coat", "420.00", "Stone", stock=4),
        _p("Ribbed Tank", "tee", "38.00", "Ivory"),
        _p("Silk Scarf", "scarf", "75.00", "Gold", stock=30),
        _p("Structured Tote", "bag", "210.00", "Black", stock=7),
        _p("Logo Cap", "cap", "35.00", "Midnight", stock=48),
        _p("Wrap Dress", "dress", "165.00", "Ivory", sale="139.00"),
        _p("Pleated Skirt", "skirt", "110.00", "Stone"),
        _p("Merino Polo", "tee", "88.00", "Midnight"),
        _p("Travel Blazer", "coat", "260.00", "Black", stock=2),
        _p("Care & Repair Kit", "bag", "28.00", "Gold", stock=None),
        _p("Signature Jogger", "trousers", "92.00", "Black", status="draft"),
    ),
    "BLACK ROSE": (
        _p("Black Rose Bomber", "coat", "240.00", "Black", "Midnight"),
        _p("Black Rose Hoodie", "hoodie", "140.00", "Black", "Rose"),
        _p("Thorn Tee", "tee", "48.00", "Black", "Rose"),
        _p("Velvet Slip Dress", "dress", "190.00", "Black", "Crimson"),
        _p("Rose Embroidered Denim", "trousers", "155.00", "Midnight", "Black"),
        _p("Petal Skirt", "skirt", "125.00", "Rose"),
        _p("Nocturne Coat", "coat", "480.00", "Black", stock=3),
        _p("Rose Clutch", "bag", "145.00", "Crimson", stock=9),
        _p("Midnight Scarf", "scarf", "68.00", "Midnight", stock=25),
        _p("Thorn Cap", "cap", "36.00", "Black", stock=0),
        _p("Garden Blouse", "tee", "99.00", "Rose", sale="79.00"),
        _p("Bloom Turtleneck", "hoodie", "105.00", "Black"),
        _p("Black Rose Gown", "dress", "650.00", "Black", stock=1),
        _p("Black Rose Sample", "dress", "300.00", "Black", status="private"),
    ),
    "LOVE HURTS": (
        _p("Love Hurts Hoodie", "hoodie", "130.00", "Crimson", "Black"),
        _p("Broken Heart Tee", "tee", "46.00", "Crimson", "Ivory", sale="39.00"),
        _p("Red Thread Cardigan", "coat", "160.00", "Crimson", "Stone"),
        _p("Stitched Denim", "trousers", "150.00", "Midnight", "Black"),
        _p("Raw Edge Dress", "dress", "175.00", "Crimson", "Black"),
        _p("Scar Tee", "tee", "49.00", "Black"),
        _p("Tear Skirt", "skirt", "118.00", "Crimson"),
        _p("Heartbreak Bag", "bag", "185.00", "Crimson", stock=6),
        _p("Love Letter Scarf", "scarf", "72.00", "Rose", stock=18),
        _p("Hurts Cap", "cap", "36.00", "Crimson", stock=40),
        _p("Patchwork Coat", "coat", "390.00", "Stone", stock=2),
        _p("Ribbon Top", "tee", "64.00", "Rose", sale="52.00"),
        _p("Love Hurts Preview", "hoodie", "145.00", "Rose", status="draft"),
    ),
}


def sow(store: Store, today: datetime) -> None:
    parent = terms.insert(store, "product_cat", "Collections", description="All collections of the house.")
    brand = terms.insert(store, "product_brand", "Maison Skyy")
    axes = _attributes(store)
    place = 0
    for title, (code, about) in COLLECTIONS.items():
        collection = terms.insert(store, "product_cat", title, parent=parent["id"], description=about)
        for number, piece in enumerate(PIECES[title], 1):
            place += 1
            at = (today - timedelta(days=520 - 10 * place, hours=-9)).strftime(clock.FORMAT)
            _product(store, piece, f"MS-{code}-{number:02d}", at, axes, [collection["id"], brand["id"]])


def _attributes(store: Store) -> list[Json]:
    out: list[Json] = []
    for name, options in (("Size", _SIZES), ("Colour", tuple(pictures.COLOURS))):
        body: Json = {
            "id": store.new_id("attribute"), "name": name, "slug": f"pa_{text.slugify(name)}", "type": "select",
            "order_by": "menu_order", "has_archives": False,
        }  # fmt: skip
        store.put("attribute", body)
        for order, option in enumerate(options):
            terms.insert(store, "attribute_term", option, parent=body["id"], menu_order=order)
        out.append(body)
    return out


def _product(store: Store, piece: Piece, sku: str, at: str, axes: list[Json], term_ids: list[int]) -> None:
    variable = len(piece.colours) > 1
    tag = terms.ensure_term(store, "product_tag", piece.shape.capitalize())
    images = [_picture(store, piece, colour, at) for colour in piece.colours]
    body = products.blank(
        store, name=text.entities(piece.name), type="variable" if variable else "simple", status=piece.status, sku=sku,
        slug="" if piece.status == "draft" else text.slugify(piece.name), categories=[term_ids[0]],
        brands=[term_ids[1]], tags=[tag["id"]], images=images, weight="0.6", created=at, modified=at,
    )  # fmt: skip
    body["description"] = f"{body['name']} in {' and '.join(piece.colours).lower()}. Cut and sewn in small runs."
    body["short_description"] = f"{body['name']}, made to be kept."
    body["attributes"] = [
        _axis(axes[0], list(_SIZES), variable, 0),
        _axis(axes[1], list(piece.colours), variable, 1),
    ]
    if variable:
        _variations(store, body, piece, images)
        variations.derive_parent(store, body)
    else:
        body.update(regular_price=piece.price, sale_price=piece.sale)
        body.update(manage_stock=piece.stock is not None, stock_quantity=piece.stock)
        goods.derive_stock_status(body)
        goods.settle_price(body)
    store.put("product", body)


def _axis(attribute: Json, options: list[str], variable: bool, position: int) -> Json:
    return {
        "id": attribute["id"], "name": attribute["name"], "slug": attribute["slug"], "position": position,
        "visible": True, "variation": variable, "options": options,
    }  # fmt: skip


def _variations(store: Store, body: Json, piece: Piece, images: list[int]) -> None:
    bodies: list[Json] = []
    for colour, image in zip(piece.colours, images, strict=True):
        for size in _SIZES:
            order = len(bodies)
            child = variations.blank(
                store, body["id"], sku=f"{body['sku']}-{_SHORT[colour]}-{size}", image=image, menu_order=order,
                regular_price=piece.price, sale_price=piece.sale, manage_stock=True, created=body["created"],
                modified=body["modified"], stock_quantity=3 + (body["id"] * 7 + order * 5) % 17,
            )  # fmt: skip
            child["attributes"] = [
                {"id": a["id"], "name": a["name"], "slug": a["slug"], "option": option}
                for a, option in zip(body["attributes"], (size, colour), strict=True)
            ]
            goods.settle_price(child)
            bodies.append(child)
    store.put_many("variation", bodies)


def _picture(store: Store, piece: Piece, colour: str, at: str) -> int:
    name = text.slugify(f"{piece.name} {colour}")
    return media(
        store, f"{piece.name} in {colour.lower()}", name, pictures.draw(piece.shape, pictures.COLOURS[colour]), at
    )


def media(store: Store, title: str, name: str, content: bytes, at: str) -> int:
    """Save a seeded picture as a media item and return its id."""
    path = f"{at[:4]}/{at[5:7]}/{name}.png"
    store.add_file(path, "image/png", content)
    body: Json = {
        "id": store.new_id("attachment"), "parent": 0, "status": "inherit", "type": "attachment", "slug": name,
        "title": title, "alt_text": title, "caption": "", "description": "", "author": 1, "created": at, "modified": at,
        "file": path, "mime_type": "image/png", "width": pictures.WIDTH, "height": pictures.HEIGHT,
        "filesize": len(content), "comment_status": "open", "ping_status": "closed", "template": "",
    }  # fmt: skip
    store.put("attachment", body)
    return body["id"]
