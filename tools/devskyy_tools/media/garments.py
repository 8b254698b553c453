"""Pictures of garments on people, by FASHN."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from devskyy_mcp.assets.provenance import Provenance
from devskyy_mcp.assets.taking import AssetId, FilePath, FileUrl, Source
from devskyy_mcp.capability import JobPolicy, Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_tools.studio.providers.port import an_op
from devskyy_tools.studio.providers.work import carry_out, keep

from .generated import Generated
from .generators import fashn, handling
from .generators.receipts import source_type

QUEUE = "generators"
garments = Toolset("garments", timeout=60, enabled="enable_3d_pipeline")

Action = Literal["try_on", "product_to_model", "model_swap", "background_change", "reframe", "edit", "packshot"]
Ratio = Literal["1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"]
MODES = {"draft": "fast", "standard": "balanced", "best": "quality"}


class Way(NamedTuple):
    """How an action is asked for.

    Args:
        model: FASHN's model.
        picture: the input that the picture goes to.
        person: the input that the second picture goes to; empty where there is none.
        needs: which of ``person``, ``prompt`` and ``aspect`` can't be left out.
        takes: which of ``prompt``, ``aspect``, ``size`` and ``count`` it knows.
    """

    model: str
    picture: str
    person: str
    needs: frozenset[str]
    takes: frozenset[str]


_ALL = frozenset({"prompt", "aspect", "size", "count"})
WAYS: dict[str, Way] = {
    "try_on": Way("tryon-max", "product_image", "model_image", frozenset({"person"}), _ALL),
    "product_to_model": Way("product-to-model", "product_image", "model_image", frozenset(), _ALL - {"count"}),
    "model_swap": Way("model-swap", "model_image", "face_reference", frozenset(), _ALL),
    "background_change": Way("background-change", "image", "", frozenset({"prompt"}), _ALL - {"aspect"}),
    "reframe": Way("reframe", "image", "", frozenset({"aspect"}), frozenset({"aspect", "count"})),
    "edit": Way("edit", "image", "image_context", frozenset({"prompt"}), _ALL),
    "packshot": Way("packshot", "product_image", "image_context", frozenset(), _ALL),
}


@garments.tool("generate", scopes="media:write", job=JobPolicy(queue=QUEUE, deadline=3600))
async def media_garments_render(
    ctx: Context,
    action: Action,
    asset: AssetId = None,
    url: FileUrl = None,
    path: FilePath = None,
    person: Annotated[
        str | None, Field(max_length=80, description="Asset: who wears it; else a face or style.")
    ] = None,
    prompt: Annotated[str, Field(max_length=1000)] = "",
    aspect: Ratio | None = None,
    size: Literal["1k", "2k", "4k"] = "1k",
    quality: Literal["draft", "standard", "best"] = "standard",
    count: Annotated[int, Field(ge=1, le=4)] = 1,
) -> Generated:
    """Have FASHN put a garment on a person, swap the model or change the picture, for money. Needs its key."""
    way = WAYS[action]
    options = _options(action, way, person, prompt.strip(), aspect, count)
    provider = await handling.chosen(ctx, "fashn", ("fashn",))
    sources = [Source(url, asset, path), *([Source(asset=person)] if person else [])]
    sent = await handling.prepared(ctx, sources)
    mode = "balanced" if action == "try_on" and quality == "draft" else MODES[quality]
    inputs: dict[str, Any] = {"output_format": "png", "generation_mode": mode, **options}
    if "size" in way.takes:
        inputs["resolution"] = size
    pictures = {way.picture: sent[0]["asset"]}
    if person:
        pictures[way.person] = sent[1]["asset"]
    face = bool(person) and way.person == "face_reference"
    cost = fashn.picture_credits(mode, size if "size" in way.takes else "1k", count, face=face)
    done = await carry_out(
        ctx, provider, "render", an_op(provider, way.model, {"inputs": inputs, "pictures": pictures}, cost)
    )
    hashes = [one["sha256"] for one in sent]
    made = Provenance(
        ctx.tool, tuple(hashes), model=way.model, prompt=prompt.strip(), parameters={**source_type(hashes), **inputs}
    )
    kept = await keep(ctx, provider, "render", done, action.replace("_", "-"), made)
    return Generated(
        files=await handling.shown(ctx, "shown", list(kept.values())),
        provider=provider.about.name,
        model=way.model,
        cost_usd=None if done.credits is None else provider.about.prices.micro(done.credits) / 1_000_000,
        licence=provider.about.licence,
    )


def _options(
    action: Action, way: Way, person: str | None, prompt: str, aspect: str | None, count: int
) -> dict[str, Any]:
    """The inputs that the call gives.

    Raises:
        Refused: INVALID_ARGUMENTS for what the action needs or does not know.
    """
    given: dict[str, Any] = {"person": person, "prompt": prompt, "aspect": aspect}
    missing = sorted(name for name in way.needs if not given[name])
    if missing:
        raise Refused(Code.INVALID_ARGUMENTS, f"{action} needs {' and '.join(missing)}.")
    unknown = [name for name in ("prompt", "aspect") if given[name] and name not in way.takes]
    unknown += ["person"] if person and not way.person else []
    unknown += ["count"] if count > 1 and "count" not in way.takes else []
    if unknown:
        raise Refused(Code.INVALID_ARGUMENTS, f"{action} does not know {' and '.join(unknown)}.", "Leave it out.")
    inputs: dict[str, Any] = {"prompt": prompt, "aspect_ratio": aspect, "num_images": count if count > 1 else None}
    return {name: value for name, value in inputs.items() if value}
