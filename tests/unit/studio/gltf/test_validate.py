from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from devskyy_mcp.errors import Refused
from devskyy_tools.studio.gltf.read import read_glb
from devskyy_tools.studio.gltf.validate import errors, validate_glb
from tests.fakes import models3d, mutants
from tests.fakes.hostile import HOSTILE, alone
from tests.fakes.khronos import khronos

SOUND = (models3d.glb, models3d.textured, models3d.ball, models3d.variants, models3d.placed, models3d.skinned)


@pytest.mark.parametrize("make", SOUND, ids=lambda make: make.__name__)
def test_sound_models_have_no_errors(make: Callable[[], bytes]) -> None:
    assert errors(validate_glb(make())) == []


@pytest.mark.requirement("gltf:agrees")
def test_errors_are_those_of_the_khronos_validator() -> None:
    files = mutants.structured()
    files |= {f"bytes {seed}": mutants.random_bytes(seed) for seed in mutants.SEEDS}
    files |= {f"tree {seed}": mutants.random_tree(seed) for seed in mutants.SEEDS}
    files |= {make.__name__: make() for make in SOUND}
    theirs = khronos(list(files.values()))
    apart: list[str] = []
    same_codes = wrong = 0
    for (name, content), findings in zip(files.items(), theirs, strict=True):
        their_codes = {finding.code for finding in findings if finding.severity == "error"}
        our_codes = {issue.code for issue in errors(validate_glb(content))}
        if bool(their_codes) != bool(our_codes):
            apart.append(f"{name}: theirs {their_codes}, ours {our_codes}")
        elif their_codes:
            wrong += 1
            same_codes += bool(their_codes & our_codes)
    sys.stdout.write(
        f"{len(files)} files, {len(apart)} apart; of {wrong} wrong ones {same_codes} have a code in common\n"
    )
    assert len(files) >= 200
    assert len(apart) <= 0.02 * len(files), apart
    assert same_codes >= 0.85 * wrong


@pytest.mark.requirement("gltf:refuses")
def test_mutants_are_read_or_refused() -> None:
    outcomes: set[str] = set()
    files = list(mutants.structured().values())
    files += [make(seed) for seed in range(150) for make in (mutants.random_bytes, mutants.random_tree)]
    for content in files:
        try:
            read = read_glb(content)
            read.scene()
            _ = read.images
            outcomes.add("read")
        except Refused:
            outcomes.add("refused")
        validate_glb(content)
    assert outcomes == {"read", "refused"}


@pytest.mark.requirement("gltf:refuses")
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_models_cost_little(name: str) -> None:
    """CPU time is printed; memory, besides the file's own size, is held to its limit."""
    outcome = alone(HOSTILE[name]())
    sys.stdout.write(f"{name}: {outcome.ms} ms, {outcome.mb} MB: {outcome.why}\n")
    assert outcome.why
    assert outcome.mb < 200
