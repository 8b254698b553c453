"""Every status and error of the providers, told as what it is; what was surely refused is sent again, nothing else.

Scenarios of a provider share one server, since starting one takes longer than all of them.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from devskyy_mcp.assets.store import Assets
from devskyy_mcp.jobs import run
from devskyy_mcp.jobs.model import JobView
from devskyy_mcp.jobs.service import Jobs
from tests.fakes import fashn, google_media, openai_media

from .generating import ME, Atelier, atelier, hurry, words

__all__ = ["hurry"]
pytestmark = [pytest.mark.usefixtures("hurry"), pytest.mark.timeout(180)]


class Case(NamedTuple):
    """What goes wrong, and what comes of it: the job's state, the error's code, words of its message, and how often
    the provider was paid.
    """

    faults: list[str]
    state: str = "failed"
    code: str = ""
    message: str = ""
    paid: int = 0


@pytest.fixture
async def here(tmp_path: Path) -> AsyncGenerator[Atelier]:
    async with atelier(tmp_path) as made:
        yield made


def wrong(case: Case, view: JobView, paid: int) -> str:
    """What does not fit; empty when all does."""
    error = view.error or {}
    told = (view.state, error.get("code", ""), paid)
    fits = told == (case.state, case.code, case.paid) and case.message in error.get("message", "")
    return "" if fits else f"{case} came to {told}: {error or view.question}"


OPENAI = [
    Case(["invalid_api_key"], code="not_configured", message="does not accept the key in OPENAI_API_KEY"),
    Case(["unverified"], code="upstream_refused", message="must be verified"),
    Case(["model_not_found"], code="upstream_refused", message="does not exist"),
    Case(["moderation_blocked"], code="upstream_refused", message="content policy"),
    Case(["bad_size"], code="upstream_refused", message="Invalid size"),
    Case(["insufficient_quota"], code="upstream_refused", message="too few credits"),
    Case(["rate_limit_exceeded", "overloaded"], "succeeded", paid=1),
    Case(["rate_limit_exceeded"] * 9, code="rate_limited", message="too many requests"),
    Case(["server_error"], "needs_review"),
    Case(["lost"], "needs_review", paid=1),
    Case(["cut"], "needs_review", paid=1),
    Case(["page"], "needs_review", paid=1),
    Case(["nothing"], code="upstream_invalid", message="without a picture", paid=1),
    Case(["damaged"], code="upstream_invalid", message="without a picture", paid=1),
]


@pytest.mark.requirement("generators:errors")
async def test_openai(here: Atelier) -> None:
    found: list[str] = []
    for case in OPENAI:
        before = len(here.openai.asked)
        here.openai.runs = list(case.faults)
        view = await here.call("media_pictures_generate", prompt=words(), provider="openai")
        found.append(wrong(case, view, len(here.openai.asked) - before))
    assert [one for one in found if one] == [], "\n".join(found)


GOOGLE = [
    Case(["API_KEY_INVALID"], code="not_configured", message="does not accept the key in GOOGLE_API_KEY"),
    Case(["PERMISSION_DENIED"], code="not_configured"),
    Case(["INVALID_ARGUMENT"], code="upstream_refused", message="invalid argument"),
    Case(["FAILED_PRECONDITION"], code="upstream_refused", message="location"),
    Case(["NOT_FOUND"], code="not_found"),
    Case(["RESOURCE_EXHAUSTED", "UNAVAILABLE"], "succeeded", paid=1),
    Case(["INTERNAL"], code="upstream_refused", message="costs nothing"),
    Case(["DEADLINE_EXCEEDED"], code="upstream_refused", message="costs nothing"),
    Case(["lost"], "needs_review", paid=1),
]
GOOGLE_PICTURES = [
    Case(["blocked"], code="upstream_refused", message="content policy", paid=1),
    Case(["filtered"], code="upstream_refused", message="content policy", paid=1),
    Case(["words"], code="upstream_refused", message="without a picture (NO_IMAGE)", paid=1),
]
GOOGLE_FILMS = [
    Case(["failed"], code="upstream_refused", message="It went wrong", paid=1),
    Case(["cancelled"], code="upstream_refused", message="ended the task as cancelled", paid=1),
    Case(["incomplete"], code="upstream_refused", message="(incomplete)", paid=1),
    Case(["budget_exceeded"], code="upstream_refused", message="(budget_exceeded)", paid=1),
    Case(["refused"], code="upstream_refused", message="made no film. I would rather not.", paid=1),
    Case(["a_state_of_tomorrow"], code="upstream_invalid", message="does not document", paid=1),
]


@pytest.mark.requirement("generators:errors")
async def test_google_pictures(here: Atelier) -> None:
    found: list[str] = []
    for case in [*GOOGLE, *GOOGLE_PICTURES]:
        before = len(here.google.asked)
        here.google.runs = list(case.faults)
        view = await here.call("media_pictures_generate", prompt=words(), provider="google")
        found.append(wrong(case, view, len(here.google.asked) - before))
    assert [one for one in found if one] == [], "\n".join(found)


@pytest.mark.requirement("generators:errors")
async def test_google_films(here: Atelier) -> None:
    found: list[str] = []
    for case in [*GOOGLE, *GOOGLE_FILMS]:
        before = len(here.google.films)
        here.google.runs, here.google.ends = [], []
        (here.google.runs if case in GOOGLE else here.google.ends).extend(case.faults)
        view = await here.call("media_films_generate", prompt=words(), provider="google")
        found.append(wrong(case, view, len(here.google.films) - before))
    assert [one for one in found if one] == [], "\n".join(found)


@pytest.mark.requirement("generators:errors")
async def test_google_files(here: Atelier) -> None:
    here.google.files = ["gone", "page"]  # and whole at the third try
    view = await here.call("media_films_generate", prompt=words())
    assert view.state == "succeeded", view.error
    assert here.google.fetched == 3
    here.google.files = ["elsewhere"]  # of another host: fetched as any public file is, without the key
    view = await here.call("media_films_generate", prompt=words())
    assert view.state == "failed"
    assert here.google.fetched == 3


FASHN = [
    Case(["BadRequest"], code="upstream_refused", message="FASHN refuses it: BadRequest: no"),
    Case(["UnauthorizedAccess"], code="not_configured", message="does not accept the key in FASHN_API_KEY"),
    Case(["NotFound"], code="not_found"),
    Case(["OutOfCredits"], code="upstream_refused", message="too few credits"),
    Case(["RateLimitExceeded", "ConcurrencyLimitExceeded", "InternalServerError"], "succeeded", paid=1),
    Case(["ConcurrencyLimitExceeded"] * 9, code="rate_limited", message="too many runs at once"),
    Case(["rejected"], code="upstream_refused", message="The queue did not take it"),
    Case(["lost"], "needs_review", paid=1),
    Case(["page"], "needs_review"),
    Case(["empty"], "needs_review", paid=1),
]
SAYS = {
    "ImageLoadError": "can't read",
    "ContentModerationError": "content policy",
    "PoseError": "pose",
    "InputValidationError": "refuses what was asked",
}
ASKED_WRONG = {"ImageLoadError", "PoseError", "InputValidationError"}
FASHN_ENDS = [
    *(
        Case(
            [f"failed:{name}"],
            code="invalid_arguments" if name in ASKED_WRONG else "upstream_refused",
            message=SAYS.get(name, "FASHN"),
            paid=1,
        )
        for name in fashn.RUNTIME
    ),
    Case(["failed:SomethingNew"], code="upstream_refused", message="an error of its own", paid=1),
    Case(["canceled"], code="upstream_refused", message="cancelled", paid=1),
    Case(["time_out"], code="upstream_refused", message="took too long", paid=1),
    Case(["a_state_of_tomorrow"], code="upstream_invalid", message="does not document", paid=1),
]


@pytest.mark.requirement("generators:errors")
async def test_fashn(here: Atelier) -> None:
    found: list[str] = []
    picture = await here.asset()
    for case in [*FASHN, *FASHN_ENDS]:
        before = len(here.fashn.predictions)
        here.fashn.runs, here.fashn.ends = [], []
        (here.fashn.runs if case in FASHN else here.fashn.ends).extend(case.faults)
        view = await here.call("media_garments_render", action="edit", prompt=words(), asset=picture)
        found.append(wrong(case, view, len(here.fashn.predictions) - before))
        if case in FASHN_ENDS and "tomorrow" not in case.faults[0]:
            assert view.cost_usd == 0  # FASHN takes nothing for what failed
    assert [one for one in found if one] == [], "\n".join(found)


FILES = [
    Case(["cut", "slow", "gone"], "succeeded", paid=1),
    Case(["cut"] * 4, code="upstream_unreachable", message="could not be fetched", paid=1),
    Case(["slow"] * 4, code="upstream_timeout", message="could not be fetched", paid=1),
    Case(["page"] * 4, code="upstream_invalid", message="could not be fetched", paid=1),
    Case(["huge"] * 4, code="too_large", message="too large to be kept", paid=1),
]


@pytest.mark.requirement("generators:errors")
async def test_fashn_files(here: Atelier, monkeypatch: pytest.MonkeyPatch) -> None:
    def pause(_state: object) -> float:
        return 0.01

    monkeypatch.setattr(run, "_pause", pause)
    found: list[str] = []
    picture = await here.asset()
    for case in FILES:
        before = len(here.fashn.predictions)
        here.fashn.files = list(case.faults)
        view = await here.call("media_garments_render", action="packshot", prompt=words(), asset=picture)
        found.append(wrong(case, view, len(here.fashn.predictions) - before))
        here.fashn.files = []
    assert [one for one in found if one] == [], "\n".join(found)


PRIVATE = [
    "https://169.254.169.254/latest/meta-data",
    "https://10.0.0.7/a.png",
    "https://localhost/a.png",
    "file:///etc",
]


@pytest.mark.requirement("generators:errors")
async def test_results_at_private_addresses_are_not_fetched(here: Atelier) -> None:
    picture = await here.asset()
    for address in PRIVATE:
        here.fashn.outputs = address
        view = await here.call("media_garments_render", action="packshot", prompt=words(), asset=picture)
        assert view.error is not None
        assert view.error["code"] == "unsafe_address"
    assert not here.fashn.fetched
    here.fashn.outputs = "none"
    view = await here.call("media_garments_render", action="packshot", prompt=words(), asset=picture)
    assert view.error is not None
    assert "gives no file" in view.error["message"]


KEYLESS = [
    ("media_garments_render", {"action": "packshot", "asset": "ast_x"}, "FASHN_API_KEY"),
    ("media_pictures_generate", {"prompt": "a shirt"}, "OPENAI_API_KEY or GOOGLE_API_KEY"),
    ("media_films_generate", {"prompt": "a shirt"}, "GOOGLE_API_KEY"),
]


@pytest.mark.requirement("generators:keys")
async def test_without_a_key(tmp_path: Path) -> None:
    none: dict[str, Any] = {"fashn_api_key": None, "openai_api_key": "", "google_api_key": None}
    async with atelier(tmp_path, **none) as here:
        for tool, arguments, key in KEYLESS:
            error = (await here.call(tool, **arguments)).error
            assert error is not None
            assert error["code"] == "not_configured"
            assert key in error["hint"]
            assert "on this machine" in error["hint"]


@pytest.mark.requirement("generators:keys")
async def test_keys_are_told_nowhere(here: Atelier, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    for tool, arguments in (
        ("media_pictures_generate", {"prompt": words(), "provider": "openai"}),
        ("media_pictures_generate", {"prompt": words(), "provider": "google"}),
        ("media_films_generate", {"prompt": words(), "provider": "google"}),
        ("media_garments_render", {"action": "packshot", "asset": await here.asset()}),
    ):
        told.append(str(await here.call(tool, **arguments)))
    here.openai.runs = ["invalid_api_key"]
    told.append(str(await here.call("media_pictures_generate", prompt=words(), provider="openai")))
    told.append(caplog.text)
    told += [file.read_bytes().decode("latin-1") for file in tmp_path.rglob("*") if file.is_file()]
    for key in (fashn.KEY, openai_media.KEY, google_media.KEY):
        assert not [text for text in told if key in text]


@pytest.mark.requirement("generators:keys")
async def test_a_budget_is_kept_to(tmp_path: Path) -> None:
    async with atelier(tmp_path, budget_month_usd=0.05) as here:
        first = await here.call("media_pictures_generate", prompt=words(), provider="openai")
        assert first.state == "succeeded"
        second = await here.call("media_pictures_generate", prompt=words(), provider="openai")
        assert second.error is not None
        assert second.error["code"] == "over_budget"
        assert len(here.openai.asked) == 1
        dear = await here.call("media_films_generate", prompt=words())
        assert dear.error is not None
        assert dear.error["code"] == "over_budget"
        assert not here.google.films


async def test_a_folder_of_files_has_nothing_left_over(here: Atelier) -> None:
    await here.made("media_pictures_generate", prompt=words(), provider="openai")
    folder = here.app.services.get(Assets).folder
    assert {one.name for one in folder.iterdir() if not one.name.isalnum() or len(one.name) != 2} == {"receipts"}


@pytest.mark.requirement("generators:answer-kept")
async def test_a_person_gives_the_picture_of_a_lost_answer(here: Atelier) -> None:
    here.openai.runs = ["lost"]
    view = await here.call("media_pictures_generate", prompt=words(), provider="openai")
    assert view.state == "needs_review"
    saved = await here.asset(7)
    await here.app.services.get(Jobs).resolve(ME, view.job, "attach", saved)
    view = await here.run(view.job)
    assert view.state == "succeeded", view.error
    assert view.result is not None
    assert [one["asset"] for one in view.result["files"]] == [saved]
    assert len(here.openai.asked) == 1


@pytest.mark.requirement("generators:answer-kept")
async def test_a_person_names_the_run_of_a_lost_answer(here: Atelier) -> None:
    here.fashn.runs = ["lost"]
    view = await here.call("media_garments_render", action="packshot", asset=await here.asset())
    assert view.state == "needs_review"
    await here.app.services.get(Jobs).resolve(ME, view.job, "attach", "0-u1")
    view = await here.run(view.job)
    assert view.state == "succeeded", view.error
    assert len(here.fashn.predictions) == 1
