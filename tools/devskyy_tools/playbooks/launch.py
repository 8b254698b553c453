"""From photos to a product: a job makes everything, and a change puts it into the shop as a draft.

Two tools, because two kinds of work meet: what is made here may take minutes, costs perhaps money and survives any
crash; what goes to the shop is previewed, applied and undone as one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from devskyy_mcp.assets.links import KeptFile
from devskyy_mcp.assets.store import PICTURES
from devskyy_mcp.assets.taking import Source
from devskyy_mcp.capability import JobPolicy, Toolset
from devskyy_mcp.context import Context
from devskyy_mcp.jobs.model import Job
from devskyy_tools.media.pictures import media_pictures_edit, media_pictures_resize
from devskyy_tools.studio.goods import Category
from devskyy_tools.studio.pictures.steps import CutOut
from devskyy_tools.three_d.checked import GateReport, three_d_models_check
from devskyy_tools.three_d.drawn import three_d_models_render
from devskyy_tools.three_d.generated import three_d_models_generate
from devskyy_tools.three_d.reliefs import three_d_reliefs_create
from devskyy_tools.three_d.usdz import three_d_usdz_create

from .launch_copy import Copy, Facts, drafted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

launching = Toolset("playbooks", timeout=60, enabled="enable_3d_pipeline")

PhotoId = Annotated[str, Field(max_length=80)]
Maker = Literal["relief", "tripo", "meshy", "none"]
Json = dict[str, Any]
WIDTH = 1600
"""Pixels of the pictures that go to the shop, which makes its own sizes of them."""
_STEPS = ("looking at the photos", "making the model", "drawing it", "checking it", "making pictures", "drafting texts")


class Launch(BaseModel):
    """All that a product's page needs. ``model``, ``usdz`` and ``poster`` are null where no model was asked for."""

    model_config = ConfigDict(extra="forbid")
    name: str
    made_by: Maker
    model: KeptFile | None = None
    usdz: KeptFile | None = None
    poster: KeptFile | None = None
    sheet: KeptFile | None = Field(default=None, description="The model from four sides: judge it by this.")
    gate: GateReport | None = None
    pictures: list[KeptFile] = Field(description="For the shop, the main one first.")
    responsive: list[KeptFile] = Field(description="The main one in every size, for other pages.")
    texts: Copy
    warnings: list[str]
    next: str


@launching.tool("generate", scopes="media:write", job=JobPolicy(deadline=6 * 3600))
async def play_product_launch(
    ctx: Context,
    name: Annotated[str, Field(min_length=1, max_length=200)],
    photos: Annotated[list[PhotoId], Field(min_length=1, max_length=8, description="Assets; the front first.")],
    back: Annotated[str | None, Field(max_length=80, description="Asset: its back.")] = None,
    height_cm: Annotated[float | None, Field(gt=0, le=500)] = None,
    category: Category | None = None,
    facts: Facts = Facts(),  # noqa: B008 # read only
    model: Annotated[Maker, Field(description="relief is free; tripo and meshy cost money.")] = "relief",
) -> Launch:
    """Launch a product from photos: 3D model, check, pictures and texts. play_launch_draft then puts it in the shop."""
    work = _Work(ctx, name, photos, back, height_cm, category, model)
    await work.at(0)
    await work.step("photos", work.look)
    made = await work.model()
    gate = None
    if made:
        await work.at(3)
        gate = GateReport(**await work.step("gate", work.check, made))
    await work.at(4)
    pictures: list[Json] = [
        await work.step(f"picture {number}", work.picture, one) for number, one in enumerate(work.all_photos)
    ]
    sizes: list[Json] = await work.step("sizes", work.sizes)
    await work.at(5)
    launch = Launch(
        name=name,
        made_by=model,
        **{part: made.get(part) for part in ("model", "usdz", "poster", "sheet")},
        gate=gate,
        pictures=[KeptFile(**one) for one in pictures],
        responsive=[KeptFile(**one) for one in sizes],
        texts=drafted(name, facts, work.views, height_cm),
        warnings=_warnings(made, gate),
        next=f"Look at the sheet; then play_launch_draft with launch={ctx.get(Job).id} previews the product.",
    )
    await ctx.progress(len(_STEPS), len(_STEPS), "all is made")
    return launch


class _Work:
    """The steps of one launch; each is kept once it is done."""

    def __init__(
        self,
        ctx: Context,
        name: str,
        photos: list[str],
        back: str | None,
        height_cm: float | None,
        category: Category | None,
        maker: Maker,
    ) -> None:
        self.ctx = ctx
        self.name = name
        self.front = photos[0]
        self.back = back
        self.all_photos = [*photos, *([back] if back and back not in photos else [])]
        self.height_cm = height_cm
        self.category: Category | None = category
        self.maker: Maker = maker

    @property
    def views(self) -> list[str]:
        """What each picture shows."""
        shown = ["back" if one == self.back else "detail" for one in self.all_photos[1:]]
        return ["front", *shown]

    async def at(self, number: int) -> None:
        await self.ctx.progress(number, len(_STEPS), _STEPS[number])

    def within(self, number: int) -> Context:
        """For a tool that is one of the steps: how far it says to be is how far that step is."""

        async def sink(done: float, total: float | None, message: str | None) -> None:
            await self.ctx.progress(number + (min(done / total, 1) if total else 0), len(_STEPS), message)

        return replace(self.ctx, sink=sink)

    async def step(self, name: str, work: Callable[..., Awaitable[Any]], *given: Any) -> Any:
        return await self.ctx.get(Job).step(name, work, *given)

    async def look(self) -> None:
        """Refuse what is no picture before anything is made or paid for."""
        for one in self.all_photos:
            await Source(asset=one).take(self.ctx, PICTURES)

    async def model(self) -> Json:
        """The model's files by part; empty where none was asked for."""
        if self.maker == "none":
            return {}
        await self.at(1)
        if self.maker == "relief":
            found: Json = await self.step("relief", self._relief)
        else:
            found = await self._generated(self.maker)
        found["usdz"] = await self.step("usdz", self._usdz, found["model"]["asset"])
        await self.at(2)
        drawn = await three_d_models_render(self.within(2), asset=found["model"]["asset"], views=["poster", "sheet"])
        pictures = drawn.model_dump(mode="json")
        return found | {"poster": pictures["poster"], "sheet": pictures["sheet"]}

    async def _relief(self) -> Json:
        made = await three_d_reliefs_create(
            self.ctx, asset=self.front, back=self.back, height_cm=self.height_cm, category=self.category
        )
        return {"model": made.glb.model_dump(mode="json"), "warnings": [*made.warnings, made.note]}

    async def _generated(self, maker: Literal["tripo", "meshy"]) -> Json:
        photos = [self.front, *([self.back] if self.back else [])]
        made = await three_d_models_generate(self.within(1), pictures=photos, provider=maker)
        return {"model": made.model.model_dump(mode="json"), "warnings": []}

    async def _usdz(self, asset: str) -> Json:
        made = await three_d_usdz_create(self.ctx, asset=asset)
        return made.file.model_dump(mode="json")

    async def check(self, made: Json) -> Json:
        cutout = None
        if self.maker == "relief":
            cut = await media_pictures_edit(self.ctx, [CutOut(do="cut_out")], asset=self.front, format="png")
            cutout = cut.file.asset
        report = await three_d_models_check(
            self.ctx,
            asset=made["model"]["asset"],
            category=self.category,
            height=self.height_cm / 100 if self.height_cm else None,
            poster=made["poster"]["asset"],
            alt_text=self.name,
            usdz=made["usdz"]["asset"],
            cutout=cutout,
        )
        return report.model_dump(mode="json")

    async def picture(self, photo: str) -> Json:
        """A photo as the shop gets it: upright, sRGB, without location, at most so large."""
        made = await media_pictures_resize(self.ctx, asset=photo, widths=[WIDTH], formats=["webp"])
        return made.files[-1].model_dump(mode="json")

    async def sizes(self) -> list[Json]:
        made = await media_pictures_resize(self.ctx, asset=self.front)
        return [one.model_dump(mode="json") for one in made.files]


def _warnings(made: Json, gate: GateReport | None) -> list[str]:
    rows = [row for row in gate.checks if row.verdict != "pass"] if gate else []
    told = [f"{row.check}: {row.figure}. {row.hint}".strip() for row in rows]
    return [*(str(one) for one in made.get("warnings", [])), *told]
