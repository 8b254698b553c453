"""What publishing wants to know of a GLB, and what Google Merchant makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from devskyy_mcp.errors import Code, Refused

MB = 1_000_000
MOST_MB, BEST_MB = 15, 10
TOO_LARGE, BEST_SIDE = 4096, 2048
LONGEST_URL = 2000
COMPRESSED = "EXT_meshopt_compression"


@dataclass(frozen=True, slots=True)
class Facts:
    """``size`` is width, height and depth in metres; ``side`` the longest of any texture, pixels."""

    size: tuple[float, float, float]
    side: int
    required: tuple[str, ...]
    extras: dict[str, Any]


def facts_of(content: bytes) -> Facts:
    """Look into a GLB; runs in a process of its own.

    Raises:
        Refused: INVALID_ARGUMENTS for what is no sound GLB.
    """
    from devskyy_tools.studio.gltf.read import read_glb

    glb = read_glb(content)
    seen = glb.scene()
    if not seen.parts:
        raise Refused(Code.INVALID_ARGUMENTS, "The model has nothing that is seen.", "Give a GLB with triangles.")
    lows, highs = (
        [part.positions.min(axis=0) for part in seen.parts],
        [part.positions.max(axis=0) for part in seen.parts],
    )
    ends = [(min(float(one[axis]) for one in lows), max(float(one[axis]) for one in highs)) for axis in range(3)]
    width, height, depth = (round(high - low, 4) for low, high in ends)
    return Facts(
        (width, height, depth),
        max((max(image.size) for image in glb.images), default=0),
        tuple(glb.tree.get("extensionsRequired", ())),
        seen.extras,
    )


def is_relief(extras: dict[str, Any]) -> bool:
    """Whether the file says of itself that it is a relief."""
    return extras.get("method") == "relief" or extras.get("reconstruction") is False


def merchant(kind: str, url: str, size: int, facts: Facts | None) -> tuple[list[str], list[str]]:
    """Why Google Merchant would refuse it as ``virtual_model_link``, and what a careful person would want to know.

    Its rules: an address of at most 2000 characters that anybody can read, .glb or .gltf, at most 15 MB, textures below
    4K (support.google.com/merchants/answer/13674896).
    """
    parts = urlsplit(url)
    no: list[str] = []
    but = ["Only for shoes, apparel and home goods, in the United States; its review takes up to two weeks."]
    if kind == "relief":
        no.append("It is a relief of a photo: Google wants a model of the whole thing, so it is never proposed.")
    if parts.scheme not in ("http", "https") or _near(parts.hostname or ""):
        no.append("Google can't reach its address.")
    if len(url) > LONGEST_URL:
        no.append(f"Its address has more than {LONGEST_URL} characters.")
    if not parts.path.endswith((".glb", ".gltf")):
        no.append("Its address must end in .glb or .gltf.")
    if size > MOST_MB * MB:
        no.append(f"It has {size / MB:.1f} MB; the most is {MOST_MB}.")
    elif size > BEST_MB * MB:
        but.append(f"It has {size / MB:.1f} MB; Google recommends at most {BEST_MB}.")
    if facts is None:
        but.append("Its textures were not checked: this server does not have the file.")
        return no, but
    if facts.side >= TOO_LARGE:
        no.append(f"A texture has {facts.side} pixels a side; {TOO_LARGE} are too many.")
    elif facts.side > BEST_SIDE:
        but.append(f"A texture has {facts.side} pixels a side; Google recommends at most {BEST_SIDE}.")
    if facts.required:
        but.append(f"It needs {', '.join(facts.required)[:200]}; a plain file is safer.")
    return no, but


def _near(host: str) -> bool:
    """Whether nobody outside reaches the host."""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".local", ".localhost", ".test", ".internal"))
