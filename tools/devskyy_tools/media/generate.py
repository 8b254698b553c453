"""Pictures and films of words, by OpenAI, Google and FASHN."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from devskyy_mcp.assets.links import kept_file
from devskyy_mcp.assets.provenance import Provenance
from devskyy_mcp.assets.store import Assets
from devskyy_mcp.assets.taking import AssetId, FilePath, FileUrl, Source
from devskyy_mcp.capability import JobPolicy, Toolset
from devskyy_mcp.changes.model import Outcome
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.jobs.model import Job
from devskyy_tools.studio.providers.port import Provider, an_op
from devskyy_tools.studio.providers.work import carry_out, keep

from .garments import QUEUE
from .generated import Generated
from .generators import fashn, google, handling, openai
from .generators.receipts import SEPARATOR, source_type

generated_media = Toolset("generated_media", timeout=60, enabled="enable_3d_pipeline")

PICTURES = ("openai", "google")
FILMS = ("google", "fashn")
Quality = Literal["draft", "standard", "best"]


@generated_media.tool("generate", scopes="media:write", job=JobPolicy(queue=QUEUE, deadline=3600))
async def media_pictures_generate(
    ctx: Context,
    prompt: Annotated[str, Field(min_length=3, max_length=4000)],
    pictures: Annotated[
        list[Annotated[str, Field(max_length=80)]], Field(max_length=4, description="Assets to start from.")
    ] = [],  # noqa: B006 # read only
    provider: Literal["auto", "openai", "google"] = "auto",
    shape: Literal["square", "portrait", "landscape"] = "square",
    quality: Quality = "standard",
    count: Annotated[int, Field(ge=1, le=4)] = 1,
) -> Generated:
    """Have OpenAI or Google paint pictures of words, or change some, for money. A minute; needs one's key."""
    maker = await handling.chosen(ctx, provider, PICTURES)
    await _ready(maker)
    sent = await handling.prepared(ctx, [Source(asset=one) for one in pictures])
    each = count if maker.about.name == "openai" else 1  # in one request
    body = {
        "prompt": prompt.strip(),
        "shape": shape,
        "quality": quality,
        "count": each,
        "pictures": [one["asset"] for one in sent],
        "hashes": [one["sha256"] for one in sent],
        "name": handling.name_of(prompt),
        "tool": ctx.tool,
    }
    if maker.about.name == "openai":
        model, cost = openai.EDITOR if sent else openai.MODEL, openai.estimate(quality, shape, each, len(sent))
    else:
        model, cost = google.MODEL, google.estimate(quality, len(sent))
    outcomes: list[Outcome] = []
    note = None
    for number in range(1, count // each + 1):
        try:
            outcomes.append(await _paint(ctx, maker, number, body, cost))
        except Refused as refused:
            if not outcomes:
                raise
            note = f"{len(outcomes)} of {count} were made. {refused.message}"  # those are paid for
            break
    assets = [asset for outcome in outcomes for asset in str(outcome.object_id).split(SEPARATOR)]
    costs = [outcome.cost for outcome in outcomes]
    return Generated(
        files=await handling.shown(ctx, "shown", assets),
        provider=maker.about.name,
        model=model,
        cost_usd=None if None in costs else sum(cost or 0 for cost in costs) / 1_000_000,
        licence=maker.about.licence,
        note=note,
    )


async def _ready(maker: Provider) -> None:
    """Load the provider's own client now: a request must leave within seconds of its intent."""
    if isinstance(maker, openai.OpenAI | google.Google):
        await maker.ready()


async def _paint(ctx: Context, maker: Provider, number: int, body: dict[str, Any], cost: float) -> Outcome:
    op = handling.in_dollars(an_op(maker, "pictures", body, cost), maker.about.title)
    return await ctx.get(Job).paid(f"pictures {number}", op)


@generated_media.tool("generate", scopes="media:write", job=JobPolicy(queue=QUEUE, deadline=2 * 3600))
async def media_films_generate(
    ctx: Context,
    prompt: Annotated[str, Field(max_length=2000, description="What moves, and how.")] = "",
    asset: AssetId = None,
    url: FileUrl = None,
    path: FilePath = None,
    provider: Literal["auto", "google", "fashn"] = "auto",
    seconds: Annotated[int, Field(ge=3, le=10, description="FASHN: 5 or 10.")] = 5,
    shape: Literal["portrait", "landscape"] = "portrait",
    resolution: Literal["720p", "1080p"] = "720p",
) -> Generated:
    """Have Google or FASHN make a short film of a picture or of words, for money. Minutes; needs one's key."""
    picture = [Source(url, asset, path)] if asset or url or path else []
    if not picture and not prompt.strip():
        raise Refused(Code.INVALID_ARGUMENTS, "Give a prompt, a picture, or both.")
    maker = await handling.chosen(ctx, provider, FILMS if picture else FILMS[:1])
    await _ready(maker)
    sent = await handling.prepared(ctx, picture)
    first = sent[0]["asset"] if sent else None
    if maker.about.name == "google":
        action, model = google.FILM, google.FILM_MODEL
        ratio = "9:16" if shape == "portrait" else "16:9"
        wanted: dict[str, Any] = {"seconds": seconds, "ratio": ratio, "resolution": resolution}
        words = prompt.strip() or "Let what the picture shows move gently."
        body: dict[str, Any] = {"prompt": words, "picture": first, **wanted}
        op = an_op(maker, action, body, google.film_estimate(resolution, seconds))
        op = handling.in_dollars(op, maker.about.title)
    else:
        if seconds not in {5, 10} or first is None:
            raise Refused(Code.INVALID_ARGUMENTS, "FASHN makes films of a picture, of 5 or 10 seconds.")
        action = model = fashn.FILM
        wanted = {"duration": seconds, "resolution": resolution}
        inputs = {**wanted, "prompt": prompt.strip()} if prompt.strip() else wanted
        body = {"inputs": inputs, "pictures": {"image": first}}
        op = an_op(maker, action, body, fashn.film_credits(resolution, seconds))
    done = await carry_out(ctx, maker, "film", op)
    hashes = [one["sha256"] for one in sent]
    made = Provenance(
        ctx.tool, tuple(hashes), model=model, prompt=prompt.strip(), parameters={**source_type(hashes), **wanted}
    )
    kept = await keep(ctx, maker, "film", done, handling.name_of(prompt) if prompt.strip() else "film", made)
    assets = ctx.get(Assets)
    return Generated(
        files=[kept_file(await assets.get(one)) for one in kept.values()],
        provider=maker.about.name,
        model=model,
        cost_usd=None if done.credits is None else maker.about.prices.micro(done.credits) / 1_000_000,
        licence=maker.about.licence,
    )
