"""The JSON of glTF 2.0 (section 5, properties reference), typed and bounded; what we do not read is left out.

Extensions that are read: KHR_materials_variants, KHR_texture_transform, KHR_mesh_quantization, EXT_texture_webp,
EXT_meshopt_compression.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Index = Annotated[int, Field(ge=0)]
Unit = Annotated[float, Field(ge=0, le=1)]
Component = Literal[5120, 5121, 5122, 5123, 5125, 5126]
Kind = Literal["SCALAR", "VEC2", "VEC3", "VEC4", "MAT2", "MAT3", "MAT4"]
Floats2 = Annotated[list[float], Field(min_length=2, max_length=2)]
Floats3 = Annotated[list[float], Field(min_length=3, max_length=3)]
Floats4 = Annotated[list[float], Field(min_length=4, max_length=4)]
Units3 = Annotated[list[Unit], Field(min_length=3, max_length=3)]
Units4 = Annotated[list[Unit], Field(min_length=4, max_length=4)]


class Item(BaseModel):
    """What every property has."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)
    name: str = ""
    extensions: dict[str, Any] = {}
    extras: Any = None


class About(Item):
    """``asset``."""

    version: Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+$")]
    generator: str = ""
    copyright: str = ""
    minVersion: Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+$")] | None = None  # noqa: N815


class Scene(Item):
    nodes: Annotated[list[Index], Field(min_length=1)] | None = None


class Node(Item):
    children: Annotated[list[Index], Field(min_length=1)] | None = None
    mesh: Index | None = None
    skin: Index | None = None
    camera: Index | None = None
    matrix: Annotated[list[float], Field(min_length=16, max_length=16)] | None = None
    translation: Floats3 | None = None
    rotation: Annotated[list[Annotated[float, Field(ge=-1, le=1)]], Field(min_length=4, max_length=4)] | None = None
    scale: Floats3 | None = None
    weights: Annotated[list[float], Field(min_length=1)] | None = None


class Primitive(Item):
    attributes: Annotated[dict[str, Index], Field(min_length=1)]
    indices: Index | None = None
    material: Index | None = None
    mode: Annotated[int, Field(ge=0, le=6)] = 4
    targets: Annotated[list[dict[str, Index]], Field(min_length=1)] | None = None


class Mesh(Item):
    primitives: Annotated[list[Primitive], Field(min_length=1)]
    weights: Annotated[list[float], Field(min_length=1)] | None = None


class SparseIndices(Item):
    bufferView: Index  # noqa: N815  the names are the format's
    byteOffset: Index = 0  # noqa: N815
    componentType: Literal[5121, 5123, 5125]  # noqa: N815


class SparseValues(Item):
    bufferView: Index  # noqa: N815
    byteOffset: Index = 0  # noqa: N815


class Sparse(Item):
    count: Annotated[int, Field(ge=1)]
    indices: SparseIndices
    values: SparseValues


class Accessor(Item):
    bufferView: Index | None = None  # noqa: N815
    byteOffset: Index = 0  # noqa: N815
    componentType: Component  # noqa: N815
    count: Annotated[int, Field(ge=1)]
    type: Kind
    normalized: bool = False
    min: Annotated[list[float], Field(min_length=1, max_length=16)] | None = None
    max: Annotated[list[float], Field(min_length=1, max_length=16)] | None = None
    sparse: Sparse | None = None


class Buffer(Item):
    byteLength: Annotated[int, Field(ge=1)]  # noqa: N815
    uri: str | None = None


class View(Item):
    """``bufferView``."""

    buffer: Index
    byteOffset: Index = 0  # noqa: N815
    byteLength: Annotated[int, Field(ge=1)]  # noqa: N815
    byteStride: Annotated[int, Field(ge=4, le=252, multiple_of=4)] | None = None  # noqa: N815
    target: Literal[34962, 34963] | None = None


class Variants(Item):
    """``KHR_materials_variants`` of a file: its variants have names."""

    variants: list[Item]


class Mapping(Item):
    material: Index
    variants: list[Index]


class Mappings(Item):
    """``KHR_materials_variants`` of a primitive."""

    mappings: list[Mapping]


class Webp(Item):
    """``EXT_texture_webp`` of a texture."""

    source: Index


class Moved(Item):
    """``KHR_texture_transform`` of a texture info."""

    offset: Floats2 = [0, 0]
    rotation: float = 0
    scale: Floats2 = [1, 1]
    texCoord: Index | None = None  # noqa: N815


class Packed(Item):
    """``EXT_meshopt_compression`` of a view."""

    buffer: Index
    byteOffset: Index = 0  # noqa: N815
    byteLength: Annotated[int, Field(ge=1)]  # noqa: N815
    byteStride: Annotated[int, Field(ge=1, le=256)]  # noqa: N815
    count: Annotated[int, Field(ge=1)]
    mode: Literal["ATTRIBUTES", "TRIANGLES", "INDICES"]
    filter: Literal["NONE", "OCTAHEDRAL", "QUATERNION", "EXPONENTIAL"] = "NONE"


class Image(Item):
    uri: str | None = None
    mimeType: Literal["image/jpeg", "image/png", "image/webp", "image/ktx2", "image/avif"] | None = None  # noqa: N815
    bufferView: Index | None = None  # noqa: N815


class Sampler(Item):
    magFilter: Literal[9728, 9729] | None = None  # noqa: N815
    minFilter: Literal[9728, 9729, 9984, 9985, 9986, 9987] | None = None  # noqa: N815
    wrapS: Literal[33071, 33648, 10497] = 10497  # noqa: N815
    wrapT: Literal[33071, 33648, 10497] = 10497  # noqa: N815


class Textured(Item):
    """``texture``: a sampler with an image."""

    sampler: Index | None = None
    source: Index | None = None


class TextureInfo(Item):
    index: Index
    texCoord: Index = 0  # noqa: N815


class NormalInfo(TextureInfo):
    scale: float = 1


class OcclusionInfo(TextureInfo):
    strength: Unit = 1


class Metallic(Item):
    """``pbrMetallicRoughness``."""

    baseColorFactor: Units4 = [1, 1, 1, 1]  # noqa: N815
    baseColorTexture: TextureInfo | None = None  # noqa: N815
    metallicFactor: Unit = 1  # noqa: N815
    roughnessFactor: Unit = 1  # noqa: N815
    metallicRoughnessTexture: TextureInfo | None = None  # noqa: N815


class Material(Item):
    pbrMetallicRoughness: Metallic = Metallic()  # noqa: N815
    normalTexture: NormalInfo | None = None  # noqa: N815
    occlusionTexture: OcclusionInfo | None = None  # noqa: N815
    emissiveTexture: TextureInfo | None = None  # noqa: N815
    emissiveFactor: Units3 = [0, 0, 0]  # noqa: N815
    alphaMode: Literal["OPAQUE", "MASK", "BLEND"] = "OPAQUE"  # noqa: N815
    alphaCutoff: Annotated[float, Field(ge=0)] = 0.5  # noqa: N815
    doubleSided: bool = False  # noqa: N815


class Skin(Item):
    inverseBindMatrices: Index | None = None  # noqa: N815
    skeleton: Index | None = None
    joints: Annotated[list[Index], Field(min_length=1)]


class AnimationSampler(Item):
    input: Index
    output: Index
    interpolation: Literal["LINEAR", "STEP", "CUBICSPLINE"] = "LINEAR"


class Target(Item):
    node: Index | None = None
    path: Literal["translation", "rotation", "scale", "weights"]


class Channel(Item):
    sampler: Index
    target: Target


class Animation(Item):
    channels: Annotated[list[Channel], Field(min_length=1)]
    samplers: Annotated[list[AnimationSampler], Field(min_length=1)]


class Tree(Item):
    """The whole JSON chunk."""

    asset: About
    scene: Index | None = None
    scenes: Annotated[list[Scene], Field(min_length=1)] | None = None
    nodes: Annotated[list[Node], Field(min_length=1)] | None = None
    meshes: Annotated[list[Mesh], Field(min_length=1)] | None = None
    accessors: Annotated[list[Accessor], Field(min_length=1)] | None = None
    bufferViews: Annotated[list[View], Field(min_length=1)] | None = None  # noqa: N815
    buffers: Annotated[list[Buffer], Field(min_length=1)] | None = None
    images: Annotated[list[Image], Field(min_length=1)] | None = None
    samplers: Annotated[list[Sampler], Field(min_length=1)] | None = None
    textures: Annotated[list[Textured], Field(min_length=1)] | None = None
    materials: Annotated[list[Material], Field(min_length=1)] | None = None
    skins: Annotated[list[Skin], Field(min_length=1)] | None = None
    animations: Annotated[list[Animation], Field(min_length=1)] | None = None
    cameras: Annotated[list[dict[str, Any]], Field(min_length=1)] | None = None
    extensionsUsed: Annotated[list[str], Field(min_length=1)] | None = None  # noqa: N815
    extensionsRequired: Annotated[list[str], Field(min_length=1)] | None = None  # noqa: N815
