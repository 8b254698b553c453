"""What the tools for pictures and films answer with."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from devskyy_mcp.assets.links import KeptFile


class _Result(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SourceSet(_Result):
    """One ``<source>`` of a ``<picture>``."""

    type: str
    srcset: str
    sizes: str


class Sizes(_Result):
    """A picture in several sizes. ``sources`` stand in the order in which browsers should try them."""

    width: int = Field(description="Of the original, upright.")
    height: int
    thumbhash: str = Field(description="Base64; draws a blurred stand-in while the picture loads.")
    files: list[KeptFile]
    sources: list[SourceSet]


class EditedPicture(_Result):
    """A picture after its steps; what is shown is the file itself or, where that is too large, a small copy."""

    file: KeptFile
    preview: KeptFile | None = None
    did: list[str] = Field(description="What each step did, and what reading the file changed.")


class PaletteColor(_Result):
    name: str
    hex: str
    share: float = Field(description="Of the visible pixels, 0 to 1.")


class PictureFacts(_Result):
    """What a picture is and shows."""

    width: int
    height: int
    size: int = Field(description="Bytes.")
    content_type: str
    transparent: bool
    thumbhash: str
    palette: list[PaletteColor]
    background: str | None = Field(default=None, description="The colour of a plain border.")
    brightness: float = Field(description="0 black to 100 white.")
    sharpness: float = Field(description="Below 6 is out of focus.")
    exif: bool
    location: bool = Field(description="The file says where it was taken.")
    warnings: list[str]
    alt_text: str | None = None
    alt_text_from: str | None = None


class LookAlike(_Result):
    """A picture by its asset's id, or by its id in the media library."""

    asset: str | None = None
    media: int | None = None
    name: str


class DuplicateGroup(_Result):
    members: list[LookAlike]
    distance: int = Field(description="Bits of 64 that differ at most; 0 is the same picture, maybe in another size.")


class Duplicates(_Result):
    compared: int
    groups: list[DuplicateGroup]
    not_read: list[str] = Field(description="What could not be compared, and why.")


class Sheet(_Result):
    """A contact sheet; the numbers on it are the places in ``numbers``, from 1."""

    file: KeptFile
    numbers: list[str] = Field(description="The assets in the order of their numbers.")


class Film(_Result):
    file: KeptFile
    seconds: float
    frames: int
    poster: KeptFile
    captions: KeptFile | None = Field(default=None, description="WebVTT.")


class LookbookFile(_Result):
    """A PDF; its words are drawn and can't be selected."""

    file: KeptFile
    pages: int
    cover: KeptFile


class SignedFile(_Result):
    """The signed copy, and whether it says that a model made it, wholly or in part."""

    file: KeptFile
    made_by_ai: bool


class SignedWords(_Result):
    """What a file says of itself. Anybody can sign: ``valid`` means unchanged since, ``trusted`` by somebody known."""

    state: str = Field(description="none, valid, trusted, invalid.")
    issuer: str | None = Field(default=None, description="By the certificate.")
    made_by_ai: bool | None = None
    actions: list[str] | None = None
    problems: list[str] | None = None
