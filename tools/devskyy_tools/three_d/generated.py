"""3D models made and reworked by providers, for money."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import Field

from devskyy_mcp.assets.links import kept_file
from devskyy_mcp.assets.provenance import Provenance
from devskyy_mcp.assets.store import PICTURES, Asset, Assets
from devskyy_mcp.capability import JobPolicy, Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.jobs.model import Job
from devskyy_mcp.jobs.service import Jobs

from .models import GeneratedModel

if TYPE_CHECKING:
    from devskyy_tools.studio.providers.modelling import Modeller, Origin, Wish, Work

generated = Toolset("models", timeout=60)

QUEUE = "models_3d"
JOB = JobPolicy(queue=QUEUE, deadline=2 * 3600)
NAMES: tuple[Literal["tripo", "meshy"], ...] = ("tripo", "meshy")
LOCAL = "Without a key three_d_reliefs_create makes a relief of a photo on this machine, for nothing."
SHOWN = 180_000
"""Bytes of a picture that a result may show."""
GLB = {"model/gltf-binary": "glb"}

Prompt = Annotated[str, Field(max_length=600)]
AssetIdOnly = Annotated[str, Field(max_length=80)]
Triangles = Annotated[int, Field(ge=1000, le=300_000)]


@generated.tool("generate", scopes="media:write", job=JOB)
async def three_d_models_generate(
    ctx: Context,
    prompt: Prompt = "",
    pictures: Annotated[
        list[AssetIdOnly], Field(max_length=4, description="Assets: front; front, back; front, left, back, right.")
    ] = [],  # noqa: B006 # read only
    provider: Literal["auto", "tripo", "meshy"] = "auto",
    texture: bool = True,
    detailed: bool = False,
    triangles: Triangles | None = None,
    avoid: Annotated[str, Field(max_length=300, description="What it must not look like.")] = "",
) -> GeneratedModel:
    """Have Tripo or Meshy make a 3D model of words or of 1 to 4 photos, for money. Minutes; needs a provider's key."""
    from devskyy_tools.studio.providers.modelling import Wish

    if bool(prompt.strip()) is bool(pictures):
        raise Refused(Code.INVALID_ARGUMENTS, "Give either a prompt, or one to four pictures.")
    found = tuple([await _picture(ctx, one) for one in pictures])
    wish = Wish(prompt.strip(), found, texture, triangles, avoid.strip(), detailed)
    maker = await _chosen_once(ctx, provider, wish)
    work = await maker.generate(ctx, wish)
    made = Provenance(
        three_d_models_generate.__name__,
        sources=tuple(one.sha256 for one in found),
        model=work.version,
        prompt=wish.prompt,
        parameters={"texture": texture, "triangles": triangles, "detailed": detailed, "avoid": wish.avoid},
    )
    return await _kept(ctx, maker, work, made)


@generated.tool("generate", scopes="media:write", job=JOB)
async def three_d_models_rework(
    ctx: Context,
    action: Literal["texture", "convert", "remesh", "rig", "animate"],
    asset: Annotated[str | None, Field(max_length=80, description="A GLB.")] = None,
    job: Annotated[str | None, Field(max_length=80, description="Of the job that made it.")] = None,
    provider: Literal["auto", "tripo", "meshy"] = "auto",
    prompt: Annotated[str, Field(max_length=600, description="The new texture.")] = "",
    picture: Annotated[str | None, Field(max_length=80, description="Asset that the texture is to look like.")] = None,
    triangles: Triangles = 20_000,
    format: Literal["usdz", "fbx"] = "usdz",  # noqa: A002 # the word that people use
    animation: Annotated[
        str, Field(pattern="^([a-z:]{1,40}|[0-9]{1,4})$", description="walk, run, or the provider's own name.")
    ] = "walk",
) -> GeneratedModel:
    """Have a provider rework a 3D model for money: new texture, other format, fewer triangles, skeleton, animation."""
    from devskyy_tools.studio.providers.modelling import Rework, Wish

    if (asset is None) is (job is None):
        raise Refused(Code.INVALID_ARGUMENTS, "Give exactly one of asset and job.")
    source = await _model(ctx, asset or await _asset_of(ctx, str(job)))
    look = None if picture is None else await _picture(ctx, picture)
    maker = await _chosen_once(ctx, _maker_of(source, provider), Wish())
    origin = _origin(maker, source)
    work = await maker.rework(ctx, origin, Rework(action, prompt.strip(), look, triangles, format, animation))
    made = Provenance(
        three_d_models_rework.__name__,
        sources=(source.sha256, *([look.sha256] if look else [])),
        model=work.version,
        prompt=prompt.strip(),
        parameters={"rework": action, "format": format, "animation": animation, "triangles": triangles},
    )
    return await _kept(ctx, maker, work, made)


def chosen(ctx: Context, name: str, wish: Wish) -> Modeller:
    """The provider of that name, or with ``auto`` the first that has a key and can do all of the wish.

    Raises:
        Refused: NOT_CONFIGURED without a key; INVALID_ARGUMENTS for what it can't do.
    """
    from devskyy_tools.studio.providers.makers import modeller

    makers = [modeller(ctx.services, one) for one in (NAMES if name == "auto" else (name,))]
    ready = [one for one in makers if one.provider.configured]
    if not ready:
        raise _no_key(makers)
    able = [one for one in ready if not one.lacks(wish)]
    if not able:
        words = "; ".join(f"{one.provider.about.title}: {one.lacks(wish)}" for one in ready)
        raise Refused(Code.INVALID_ARGUMENTS, f"Nobody here can do that. {words}.", "Ask for less.")
    return able[0]


async def _chosen_once(ctx: Context, name: str, wish: Wish) -> Modeller:
    """The same, and after a restart the same one again, whatever keys there are then: its tasks are paid for."""
    from devskyy_tools.studio.providers.makers import modeller

    async def choose() -> str:
        return chosen(ctx, name, wish).provider.about.name

    return modeller(ctx.services, await ctx.get(Job).step("provider", choose))


def _no_key(makers: list[Modeller]) -> Refused:
    if len(makers) == 1:
        return makers[0].provider.about.not_configured(LOCAL)
    keys = " or ".join(one.provider.about.key for one in makers)
    return Refused(
        Code.NOT_CONFIGURED,
        "This server has no key of a provider of 3D models. Nothing was sent.",
        f"Set {keys} and start the server again. {LOCAL}",
    )


def _maker_of(source: Asset, name: str) -> str:
    """With ``auto`` who made it, for whom it is no new file."""
    made_by = source.provenance.get("provider")
    return str(made_by) if name == "auto" and made_by in NAMES else name


def _origin(maker: Modeller, source: Asset) -> Origin:
    from devskyy_tools.studio.providers.modelling import Origin

    known = cast("dict[str, Any]", source.provenance.get("parameters") or {})
    if source.provenance.get("provider") == maker.provider.about.name and known.get("task"):
        return Origin(str(known["task"]), str(known.get("action") or ""))
    return Origin(asset=source)


async def _picture(ctx: Context, name: str) -> Asset:
    return await _asset(ctx, name, PICTURES, "a picture")


async def _model(ctx: Context, name: str) -> Asset:
    return await _asset(ctx, name, GLB, "a GLB")


async def _asset(ctx: Context, name: str, kinds: dict[str, str], what: str) -> Asset:
    found = await ctx.get(Assets).get(name)
    if found.content_type not in kinds:
        raise Refused(Code.INVALID_ARGUMENTS, f"The asset is {found.content_type}, not {what}.")
    return found


async def _asset_of(ctx: Context, job: str) -> str:
    view = await ctx.get(Jobs).get(ctx.principal, job)
    model: Any = (view.result or {}).get("model")
    asset = cast("dict[str, Any]", model).get("asset") if isinstance(model, dict) else None
    if not asset:
        raise Refused(Code.NOT_FOUND, f"{view.job} has made no model.", "jobs_get shows what it made.")
    return str(asset)


async def _kept(ctx: Context, maker: Modeller, work: Work, made: Provenance) -> GeneratedModel:
    """Copy what was made into the store, and say what it is."""
    from devskyy_tools.studio.providers.work import keep

    about, last = maker.provider.about, work.tasks[-1]
    cost = None if work.credits is None else about.prices.micro(work.credits) / 1_000_000
    kept = await keep(ctx, maker.provider, "result", last, made.prompt or "model", replace(made, cost_usd=cost))
    if work.role not in kept:
        raise Refused(Code.UPSTREAM_INVALID, f"{about.title} made no file of what was asked for.")
    files = {role: await ctx.get(Assets).get(asset) for role, asset in kept.items()}
    poster = files.get("poster")
    return GeneratedModel(
        model=kept_file(files[work.role]),
        poster=None if poster is None else kept_file(poster, shown=poster.size <= SHOWN),
        others=[kept_file(one) for role, one in files.items() if role not in {work.role, "poster"}],
        provider=about.name,
        version=work.version,
        task=last.id,
        credits=work.credits,
        cost_usd=cost,
        licence=about.licence,
    )
