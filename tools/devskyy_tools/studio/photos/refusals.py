"""What speaks against a cut-out, in numbers and in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Reason = Literal["tiny", "nothing", "busy", "worn", "cut_off", "several", "fills", "unsure"]
SMALLEST = 200
"""Pixels of the shorter side."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What was measured.

    Args:
        noise: how far the border's colours are from a smooth surface, in CIE L*a*b*.
        coverage: share of the picture that the product takes.
        rim: share of the picture's outermost pixels that belong to it.
        second: size of the second largest region, as a share of the largest.
        unsure: how much of it the network takes for neither in nor out, as a share of it.
        agreement: intersection over union of what the network and the border's colour found.
        shorter: the picture's shorter side in pixels.
        worn: whether somebody wears it.
        method: see ``Cutout``.
    """

    noise: float
    coverage: float
    rim: float
    second: float
    unsure: float
    agreement: float
    shorter: int
    worn: bool
    method: str

    @property
    def confidence(self) -> float:
        """0 to 1: from how sharp the edges are, how quiet the background, and whether two ways agree."""
        if self.method == "transparency":
            return 1.0
        quiet = 1 / (1 + (self.noise / 12) ** 2)
        sharp = max(0.0, 1 - 1.5 * self.unsure)
        agreed = 0.7 + 0.3 * self.agreement if self.method == "network" else 0.8
        return round(quiet * sharp * agreed, 3)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a photo, and what to do about it."""

    reason: Reason
    message: str
    hint: str


def problems_of(signs: Signs) -> tuple[Problem, ...]:
    """What is wrong, the gravest first."""
    lay = "Lay the product flat on a plain surface, or hang it before a plain wall, and photograph it alone."
    checks: list[tuple[bool, Reason, str, str]] = [
        (
            signs.shorter < SMALLEST,
            "tiny",
            f"The picture is too small: its shorter side has {signs.shorter} pixels, and {SMALLEST} are needed.",
            "Send the photo at its full size; 1000 pixels and more are best.",
        ),
        (signs.noise > 9, "busy", "The background is not plain: its colours change along the picture's border.", lay),
        (
            signs.coverage < 0.03,
            "nothing",
            "No product stands out in the picture.",
            "Photograph it from nearer, on a plain surface of another colour.",
        ),
        (signs.worn, "worn", "Somebody seems to wear the product, or to be in the picture.", lay),
        (
            signs.rim > 0.015,
            "cut_off",
            "The product goes on beyond the picture's border.",
            "Leave a margin around the whole product.",
        ),
        (
            signs.second > 0.12,
            "several",
            "There are several things in the picture, and which one is meant is not known.",
            "Crop it to one product.",
        ),
        (
            signs.coverage > 0.88,
            "fills",
            "The product fills the picture, so that no background is left to tell it from.",
            "Leave a margin around the whole product.",
        ),
        (
            signs.confidence < 0.55,
            "unsure",
            "Where the product ends could not be told well enough.",
            "Use a background of another colour, and light from the front."
            + ("" if signs.method == "network" else " With the extra [cutout] a network decides, which sees more."),
        ),
    ]
    return tuple(Problem(reason, message, hint) for wrong, reason, message, hint in checks if wrong)
