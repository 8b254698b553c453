"""Which model is asked, and that it is told why: needs, preference, tier, worth. The same facts, the same choice."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.llm import models
from devskyy_mcp.llm.asking import TIERS, Facts, Latency, Want
from devskyy_mcp.llm.choosing import Chosen, Size, choose, size_of
from devskyy_mcp.llm.models import Model
from devskyy_mcp.llm.port import NAMES, Image, LLMError, Message, Output, Request, Text, Tool, Usage
from devskyy_mcp.llm.prices import cost, estimated_tokens, listed, per_million
from devskyy_mcp.llm.pulse import Pulse
from tests.fakes.llm.scripted import hello

ALL = models.load(None)
SMALL = Size(1000, 1000, frozenset(), schema_with_tools=False, cached=False)
pytestmark = pytest.mark.requirement("llm:choice")


def chosen(want: Want, facts: Facts | None = None, size: Size = SMALL, **out: str) -> Chosen:
    found = choose(want, size, ALL, out, facts or Facts())
    assert found is not None
    return found


def test_the_list_has_each_tier_of_each_provider_and_prices_of_nearly_all() -> None:
    for name in NAMES:
        own = [model for model in ALL.values() if model.provider == name]
        assert {model.tier for model in own} == set(TIERS), name
    unknown = [name for name, one in ALL.items() if per_million(one.provider, one.id, one.override) is None]
    assert set(unknown) == {"openai/gpt-6.2-sol", "cohere/command-a-plus-05-2026"}


def test_models_are_those_that_the_official_clients_name() -> None:
    from typing import get_args

    from openai.types import ChatModel

    ours = {model.id for model in ALL.values() if model.provider == "openai"}
    assert ours <= set(get_args(ChatModel))


def test_the_cheapest_of_the_tier_where_nothing_else_is_known() -> None:
    for tier in TIERS:
        best = chosen(Want(tier=tier))
        assert best.model.tier == tier
        assert best.choice.because[0] == f"It is of the tier {tier}."
        same = [one for one in ALL.values() if one.tier == tier and one.name != best.model.name]
        usage = Usage(input=1000, output=500)
        price = cost(best.model.provider, best.model.id, best.model.override, usage)
        assert price is not None
        assert all((cost(one.provider, one.id, one.override, usage) or 9) >= price for one in same)


def test_every_other_model_is_passed_over_with_a_reason() -> None:
    best = chosen(Want(exclude=("groq",)), Facts(down={"openai": "it has no key (OPENAI_API_KEY)"}))
    whys = {one.model: one.why for one in best.choice.passed_over}
    assert set(whys) == set(ALL) - {best.model.name}
    assert all(whys.values())
    assert whys["groq/openai/gpt-oss-20b"] == "it is excluded"
    assert whys["openai/gpt-6-luna"] == "it has no key (OPENAI_API_KEY)"
    assert whys["anthropic/claude-opus-5-5"] == "its tier is best"
    assert whys["anthropic/claude-sonnet-5-5"].startswith("less worth: about $")


def test_the_caller_comes_first_then_the_tier() -> None:
    assert chosen(Want(prefer=("cohere", "openai"))).model.name == "cohere/command-a-03-2025"
    assert chosen(Want(prefer=("anthropic/claude-opus-5-5",))).model.name == "anthropic/claude-opus-5-5"
    assert chosen(Want(only=("anthropic/claude-opus-5-5",))).model.tier == "best"
    away = {one.name: "away" for one in ALL.values() if one.tier == "balanced"}
    dearer = chosen(Want(), Facts(down=away))
    assert dearer.model.tier == "best"
    assert "No model of the tier balanced" in dearer.choice.because[0]
    away |= {one.name: "away" for one in ALL.values() if one.tier == "best"}
    assert chosen(Want(), Facts(down=away)).model.tier == "fast"


def test_what_was_learned_and_how_quick_they_are_count() -> None:
    cheap = chosen(Want()).model.name
    good = "anthropic/claude-sonnet-5-5"
    assert cheap != good
    assert chosen(Want(), Facts(learned={good: 0.95})).model.name == good
    assert chosen(Want(), Facts(learned={good: 0.55})).model.name == cheap
    two = Want(only=("google/gemini-3.8-flash", "mistral/mistral-large-4"))
    times = {"mistral/mistral-large-4": Latency(9, 1, 40, 60), "google/gemini-3.8-flash": Latency(9, 1, 1, 2)}
    assert chosen(two, Facts()).model.name == "mistral/mistral-large-4"
    quick = chosen(two, Facts(latency=times))
    assert quick.model.name == "google/gemini-3.8-flash"
    assert "40.0 s" in {one.model: one.why for one in quick.choice.passed_over}["mistral/mistral-large-4"]


def test_under_a_limit_in_money_an_unknown_price_comes_last() -> None:
    only = Want(tier="best", only=("cohere",))
    assert chosen(only).model.name == "cohere/command-a-plus-05-2026"
    limited = chosen(replace(only, job_usd=0.5))
    assert limited.model.name == "cohere/command-a-03-2025"
    passed = {one.model: one.why for one in limited.choice.passed_over}
    assert "price is not known" in passed["cohere/command-a-plus-05-2026"]
    alone = replace(only, only=("cohere/command-a-plus-05-2026",), job_usd=0.5)
    assert chosen(alone).model.name == "cohere/command-a-plus-05-2026"


def test_the_same_facts_give_the_same_choice_in_any_order() -> None:
    rng = random.Random(7)  # no secret
    for _ in range(50):
        facts = Facts(
            down={name: "away" for name in ALL if rng.random() < 0.3},
            latency={name: Latency(5, 1, rng.random() * 9, 9) for name in ALL if rng.random() < 0.5},
            learned={name: rng.random() for name in ALL if rng.random() < 0.5},
        )
        want = Want(tier=rng.choice(TIERS), prefer=tuple(rng.sample(NAMES, 2)))
        first = choose(want, SMALL, ALL, {}, facts)
        again = choose(want, SMALL, ALL, {}, facts)
        assert first == again
        mixed = dict(rng.sample(sorted(facts.latency.items()), len(facts.latency)))
        assert choose(want, SMALL, ALL, {}, Facts(facts.down, mixed, facts.learned)) == first


def test_what_the_request_shows() -> None:
    schema = {"type": "object"}
    picture = Message("user", (Image(b"x", "image/png"), Text("What is it?", cache=True)))
    request = Request("", (picture,), tools=(Tool("a", "b", schema),), output=Output("o", schema), max_output=77)
    size = size_of(request, 5)
    assert size.needs == {"tools", "json_schema", "vision"}
    assert (size.schema_with_tools, size.cached, size.worst) == (True, True, Usage(cache_write_5m=5, output=77))
    assert size_of(hello(), 5).needs == frozenset()
    assert estimated_tokens(request) > 1600


def test_an_estimate_is_no_less_than_english_takes() -> None:
    words = "The silk dress is back in navy, from Friday on. " * 1000
    assert estimated_tokens(hello(words)) > len(words) / 4
    assert estimated_tokens(hello("丝绸连衣裙" * 1000)) >= 5000


def test_cached_tokens_are_part_of_the_whole() -> None:
    known = listed("anthropic", "claude-sonnet-5-5", Usage(input=800_000, cache_read=200_000))
    assert known is not None
    assert float(known) == pytest.approx(0.8 * 2 + 0.2 * 0.1)
    assert listed("groq", "no-such-model", Usage(input=1)) is None
    assert listed("mistral", "mistral-nemo:free", Usage(input=1)) is None, "no price is not free of charge"


# ---- the operator's file --------------------------------------------------------------------------------------------


def _file(folder: Path, text: str) -> Path:
    file = folder / "own.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_file_adds_overrides_and_takes_away(tmp_path: Path) -> None:
    text = """
[anthropic.claude-haiku-5-5]
tier = "balanced"
[openai.gpt-6-luna]
off = true
[groq."my/model"]
tier = "fast"
can = ["tools"]
context = 8000
max_output = 1000
price = { input = 0.0, output = 0.0 }
"""
    found = models.load(_file(tmp_path, text))
    assert found["anthropic/claude-haiku-5-5"].tier == "balanced"
    assert found["anthropic/claude-haiku-5-5"].context == 1_000_000
    assert "openai/gpt-6-luna" not in found
    mine: Model = found["groq/my/model"]
    assert (mine.maker, cost("groq", mine.id, mine.override, Usage(input=5))) == ("groq", 0)
    assert found["groq/openai/gpt-oss-20b"].maker == "openai"


@pytest.mark.requirement("llm:bad-input")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[openai", "is no TOML"),
        ('[acme.x]\ntier = "fast"', "names the provider 'acme'"),
        ('openai = "x"', "each model is a table"),
        ('[openai."new"]\ntier = "fast"', "openai/new: can"),
        ('[openai.gpt-6-luna]\ntier = "cheap"', "openai/gpt-6-luna: tier"),
        ("[openai.gpt-6-luna]\nprices = 3", "openai/gpt-6-luna: prices"),
        ("[openai.gpt-6-luna]\nprice = { input = -1, output = 1 }", "openai/gpt-6-luna: price.input"),
    ],
)
def test_a_file_that_is_wrong_says_where(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(Refused) as raised:
        models.load(_file(tmp_path, text))
    assert raised.value.code is Code.NOT_CONFIGURED
    assert words in raised.value.message


@pytest.mark.requirement("llm:bad-input")
def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="can't be read"):
        models.load(tmp_path / "none.toml")


# ---- how providers are ----------------------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _end(pulse: Pulse, error: LLMError | None, model: str = "openai/a") -> None:
    pulse.leave(pulse.enter("openai", model), error)


def test_a_wrong_key_rests_its_provider_for_a_minute() -> None:
    clock = Clock()
    pulse = Pulse(clock)
    _end(pulse, LLMError("auth", "x"))
    assert pulse.down()["openai"][1] == "its key is not accepted"
    clock.now += 61
    assert pulse.down() == {}


def test_a_busy_model_rests_as_long_as_it_asks_and_its_provider_goes_on() -> None:
    clock = Clock()
    pulse = Pulse(clock)
    _end(pulse, LLMError("rate_limit", "x", retry_after=20))
    assert pulse.down() == {"openai/a": (20, "too many requests")}
    clock.now += 21
    assert pulse.down() == {}
    for _ in range(5):
        _end(pulse, LLMError("overloaded", "x", retry_after=0))
    assert set(pulse.down()) == {"openai/a"}, "busy five times in a row: the model's breaker is open"


def test_a_provider_that_answers_again_is_asked_again() -> None:
    clock = Clock()
    pulse = Pulse(clock)
    for _ in range(5):
        _end(pulse, LLMError("connection", "x"))
    assert set(pulse.down()) == {"openai", "openai/a"}
    clock.now += 6
    assert pulse.down() == {}
    _end(pulse, None)
    assert pulse.down() == {}
    for _ in range(20):
        _end(pulse, LLMError("cancelled", "x"))
    assert pulse.down() == {}, "what we gave up says nothing of it"
