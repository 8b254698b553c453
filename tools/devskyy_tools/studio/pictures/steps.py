"""What can be done to a picture, step by step, as calls say it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

Ratio = Annotated[str, Field(pattern=r"^\d{1,3}:\d{1,3}$", description="Such as 1:1 or 4:5.")]
Percent = Annotated[float, Field(ge=0, le=100)]
HexColour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
Place = Literal["top_left", "top_right", "bottom_left", "bottom_right", "center"]
Amount = Annotated[float, Field(ge=-100, le=100)]


class _Step(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CutOut(_Step):
    do: Literal["cut_out"]


class Crop(_Step):
    do: Literal["crop"]
    subject: bool = False
    ratio: Ratio | None = None
    box: (
        Annotated[list[Percent], Field(min_length=4, max_length=4, description="Left, top, right, bottom, %.")] | None
    ) = None
    margin: Annotated[float, Field(ge=0, le=50)] = 6


class Canvas(_Step):
    do: Literal["canvas"]
    ratio: Ratio = "1:1"
    color: HexColour | Literal["transparent"] = "#ffffff"
    margin: Annotated[float, Field(ge=0, le=40)] = 6


class Shadow(_Step):
    do: Literal["shadow"]
    strength: Annotated[float, Field(ge=0, le=1)] = 0.5


class Adjust(_Step):
    do: Literal["adjust"]
    exposure: Annotated[float, Field(ge=-3, le=3, description="Stops.")] = 0
    white_balance: bool = False
    contrast: Amount = 0
    saturation: Amount = 0


class Upscale(_Step):
    do: Literal["upscale"]
    factor: Annotated[float, Field(gt=1, le=4)] = 2


class Watermark(_Step):
    do: Literal["watermark"]
    text: Annotated[str, Field(max_length=60)] | None = None
    asset: Annotated[str, Field(max_length=80)] | None = None
    place: Place = "bottom_right"
    opacity: Annotated[float, Field(ge=0.05, le=1)] = 0.5
    width: Annotated[float, Field(ge=3, le=100, description="% of the picture's.")] = 25


_TEXT, _YES = {"type": "string"}, {"type": "boolean"}
_SHOWN: dict[str, Any] = {
    "type": "object",
    "description": "crop: subject, ratio (4:5), box (left, top, right, bottom in %), margin in %. canvas: ratio, color "
    "(#rrggbb or transparent), margin. shadow: strength 0-1. adjust: exposure in stops, white_balance, contrast and "
    "saturation ±100. upscale: factor 1-4. watermark: text or asset, place, opacity 0-1, width in %.",
    "properties": {
        "do": {"enum": ["cut_out", "crop", "canvas", "shadow", "adjust", "upscale", "watermark"]},
        "subject": _YES,
        "ratio": _TEXT,
        "box": {"type": "array", "items": {"type": "number"}},
        "white_balance": _YES,
        "color": _TEXT,
        "text": _TEXT,
        "asset": _TEXT,
        "place": {"enum": list(get_args(Place))},
    },
    "additionalProperties": {"type": "number"},
    "required": ["do"],
}
"""The union in short: its seven schemas would cost models three times the tokens."""
Step = Annotated[
    CutOut | Crop | Canvas | Shadow | Adjust | Upscale | Watermark, Field(discriminator="do"), WithJsonSchema(_SHOWN)
]
