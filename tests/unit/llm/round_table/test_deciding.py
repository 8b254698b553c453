"""How rounds are decided, on simulated judges; and what a judge may see."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from devskyy_mcp.llm import models
from devskyy_mcp.llm.models import Model
from devskyy_mcp.llm.round_table.brief import RUBRICS, Brief, freeze
from devskyy_mcp.llm.round_table.decide import Prior, Sheet, Standing, Vote, decided, needs_pairs, standings
from devskyy_mcp.llm.round_table.panel import JUDGES, Answered, eligible, normalised, own, read, seat, show

WEIGHTS = {"a": 0.3, "b": 0.3, "c": 0.2, "d": 0.2}
ANSWERS = range(6)
PRIORS = {answer: Prior() for answer in ANSWERS}
SEED = 20261129
ROUNDS = 3000


class Panel:
    """Six answers of true quality N(0, 1) and three judges with a taste of 0.8·N(0, 0.5) each, noise N(0, 0.9) in every
    judgement, ±0.18 by position, and a liking for their own provider's answer.
    """

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.quality = [chance.gauss(0, 1) for _ in ANSWERS]
        self.judges = chance.sample(ANSWERS, JUDGES)
        self.taste = {judge: [0.8 * chance.gauss(0, 0.5) for _ in ANSWERS] for judge in self.judges}
        self.bias = {judge: chance.choice((-0.18, 0.18)) for judge in self.judges}

    @property
    def best(self) -> int:
        return max(ANSWERS, key=self.quality.__getitem__)

    def seen(self, judge: int, answer: int, place: float) -> float:
        """What the judge holds of it at a place from -1, the last, to 1, the first."""
        own = 0.5 if judge == answer else 0.0
        return (
            self.quality[answer]
            + self.taste[judge][answer]
            + self.chance.gauss(0, 0.9)
            + self.bias[judge] * place
            + own
        )

    def sheet(self, judge: int) -> Sheet:
        order = [answer for answer in ANSWERS if answer != judge]
        self.chance.shuffle(order)
        seen = {answer: self.seen(judge, answer, 1 - place / 2) for place, answer in enumerate(order)}
        scores = {answer: {name: self.score(value) for name in WEIGHTS} for answer, value in seen.items()}
        return Sheet(f"judge-{judge}", scores, tuple(sorted(seen, key=lambda answer: -seen[answer])))

    def score(self, value: float) -> float:
        return float(min(5, max(1, round(3 + value + self.chance.gauss(0, 0.3)))))

    def vote(self, judge: int, one: int, other: int) -> Vote:
        said = [
            first if self.seen(judge, first, 1) > self.seen(judge, second, -1) else second
            for first, second in ((one, other), (other, one))
        ]
        return Vote(f"judge-{judge}", said[0], said[1])


def simulated() -> Iterator[tuple[bool, bool]]:
    """Whether the panel found the best answer, and whether its first judge alone did."""
    for number in range(ROUNDS):
        panel = Panel(random.Random(f"{SEED}-{number}"))
        sheets = [panel.sheet(judge) for judge in panel.judges]
        found = standings(sheets, WEIGHTS, {}, str(number))
        votes: list[Vote] = []
        if needs_pairs(found):
            pair = found[0].answer, found[1].answer
            votes = [panel.vote(judge, *pair) for judge in panel.judges if judge not in pair]
        winner = decided(found, JUDGES, votes, PRIORS).winner
        alone = sheets[0].scores
        first = max(alone, key=lambda one: sum(WEIGHTS[name] * score for name, score in alone[one].items()))
        yield winner == panel.best, first == panel.best


@pytest.mark.slow
@pytest.mark.requirement("round-table:best-pick")
def test_the_panel_finds_the_best_where_one_judge_does_not() -> None:
    found = list(simulated())
    panel, alone = (sum(one[side] for one in found) / ROUNDS for side in (0, 1))
    assert panel >= 0.60, alone
    assert alone <= 0.47, panel


KNOWN = list(models.load(None).values())


@pytest.mark.requirement("round-table:never-its-own")
def test_no_judge_scores_its_own_provider() -> None:
    chance = random.Random(SEED)
    seated = 0
    for number in range(10_000):
        drafters = chance.sample(KNOWN, chance.randint(1, 6))
        answers = [Answered(place, one.provider, one.maker, f"Text {place}") for place, one in enumerate(drafters, 1)]
        judges = seat(chance.sample(KNOWN, chance.randint(1, len(KNOWN))), answers)
        assert len({one.provider for one in judges}) == len({one.maker for one in judges}) == len(judges)
        for judge in judges[:JUDGES]:
            seated += 1
            seen = {answers[label - 1] for label in show(f"job_{number}", judge, answers).permutation}
            assert len(seen) >= 2
            assert not any(one.provider == judge.provider or one.maker == judge.maker for one in seen)
            assert seen == {one for one in answers if not own(judge, one)}
    assert seated > 10_000


def brief(**more: Any) -> Brief:
    given: dict[str, Any] = {
        "kind": "copy", "prompt": "A dress.", "checks": {}, "mode": "compete", "k": 3, "budget_usd": 1.0,
        "deadline_s": 60.0,
    }  # fmt: skip
    return freeze({**given, **more}, "copy")


def judge(provider: str) -> Model:
    return next(one for one in KNOWN if one.provider == provider)


THREE = [
    Answered(1, "openai", "openai", "As ChatGPT, I wrote:\n# Silk\n* **Soft** silk"),
    Answered(2, "google", "google", "Velvet for evenings"),
    Answered(3, "mistral", "mistral", "Linen for days"),
]


@pytest.mark.requirement("round-table:blind")
def test_judges_see_no_names_and_an_order_of_their_own() -> None:
    seen = show("job_1", judge("anthropic"), THREE)
    assert sorted(seen.permutation) == [1, 2, 3]
    assert show("job_1", judge("anthropic"), THREE) == seen
    assert show("job_1", judge("anthropic"), THREE, back=True).permutation == seen.permutation[::-1]
    orders = {tuple(show(f"job_{number}", judge("anthropic"), THREE).permutation) for number in range(100)}
    assert len(orders) == 6
    text = next(text for label, text in seen.texts.items() if seen.labels[label] == 1)
    assert "ChatGPT" not in text
    assert text.endswith("Silk\n- Soft silk")


@pytest.mark.requirement("round-table:blind")
@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("As ChatGPT, I wrote:\nSilk.", "Silk."),
        ("As an AI language model, I like silk.", "I like silk."),
        ("I am Claude, an AI assistant made by Anthropic. Silk.", "Silk."),
        ("I'm Gemini 2.5 Pro! Silk.", "Silk."),
        ("This is Mistral Large 4.\nSilk.", "Silk."),
        ("Silk.\n\n— Written by GPT-6.1-terra (OpenAI)", "Silk."),
        ("Silk.\n*By Claude Sonnet 4.5*", "Silk."),
        ("Silk.\nby Command R+", "Silk."),
        ("By Claude", ""),
        ("This is a language model for fashion.", None),
        ("By command of the queen, silk.", None),
        ("As AI changes the trade, silk stays.", None),
        ("This is AI-assisted tailoring. Silk.", None),
        ("By Claude Monet-inspired hues.", "By the author Monet-inspired hues."),
        ("As Gemini rises, silk shines. Velvet, too.", "As the author rises, silk shines. Velvet, too."),
    ],
)
def test_only_what_tells_whose_an_answer_is_is_taken_out(said: str, left: str | None) -> None:
    assert normalised(said) == (said if left is None else left)


@pytest.mark.requirement("round-table:evidence")
def test_scores_without_evidence_are_dropped() -> None:
    seen = show("job_1", judge("anthropic"), THREE)
    label = {number: label for label, number in seen.labels.items()}
    names = [one.name for one in RUBRICS["copy"]]

    def sheet(**evidence: str) -> str:
        import json

        rows = {
            label[number]: {name: {"score": 4, "evidence": evidence.get(name, "for")} for name in names}
            for number in (2, 3)
        }
        return json.dumps({"answers": rows, "ranking": [label[3], label[2]]})

    got = read(brief(), seen, f"```json\n{sheet(brief='for', truth='velvet  FOR', voice='days')}\n```")
    assert got is not None
    assert {(number, name) for number, name, _, _ in got.rows} == {(2, "truth"), (3, "voice")}
    assert got.dropped == 10
    for useless in ("", "I like all", "[]", '{"answers": 3}', sheet(), '{"answers": {"A": {"brief": {"score": 9}}}}'):
        assert read(brief(), seen, useless) is None


def test_the_same_scores_give_the_same_decision() -> None:
    panel = Panel(random.Random(1))
    sheets = [panel.sheet(one) for one in panel.judges]
    once, again = (standings(order, WEIGHTS, {}, "seed") for order in (sheets, sheets[::-1]))
    assert once == again


def near(*p_best: float) -> list[Standing]:
    return [Standing(answer, 1.0 - answer, p) for answer, p in enumerate(p_best, 1)]


@pytest.mark.requirement("round-table:ties")
def test_ties_are_broken_openly() -> None:
    priors = {1: Prior(0.4, 0.02, 3), 2: Prior(0.6, 0.05, 9)}
    assert decided(near(0.7, 0.3), 3, [], priors).how == "panel"
    votes = [Vote("a", 2, 2), Vote("b", 1, 2)]
    found = decided(near(0.55, 0.45), 3, votes, priors)
    assert (found.how, found.winner, [vote.flipped for vote in votes]) == ("pairs", 2, [False, True])
    tie = [Vote("a", 1, 2), Vote("b", None, None)]
    assert (decided(near(0.55, 0.45), 3, tie, priors).how, decided(near(0.55, 0.45), 3, tie, priors).winner) == (
        "tie-break",
        2,
    )
    cheaper = {1: Prior(0.5, 0.02, 3), 2: Prior(0.5, 0.05, 1)}
    assert decided(near(0.55, 0.45), 3, tie, cheaper).winner == 1
    faster = {1: Prior(0.5, 0.02, 3), 2: Prior(0.5, 0.02, 1)}
    assert decided(near(0.55, 0.45), 3, tie, faster).winner == 2
    nobody = decided([], 1, [], priors)
    assert (nobody.how, nobody.winner, nobody.p_best) == ("unjudged", 2, None)
    assert "Nobody" in nobody.why or "nobody" in nobody.why


def test_eligible_is_what_is_not_its_own() -> None:
    assert [one.number for one in eligible(judge("google"), THREE)] == [1, 3]


@pytest.mark.requirement("round-table:ties")
def test_answers_that_are_alike_share_their_chance() -> None:
    alike = {answer: dict.fromkeys(WEIGHTS, 3.0) for answer in (1, 2, 3)}
    found = standings([Sheet("a", alike), Sheet("b", alike)], WEIGHTS, {}, "seed")
    assert [round(one.p_best, 6) for one in found] == [0.333333] * 3
    assert needs_pairs(found)
