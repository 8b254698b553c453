from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from devskyy_mcp.config import Settings
from scripts.env_example import TARGET, env_example


@pytest.mark.requirement("settings:env_example")
def test_the_example_is_what_the_code_says() -> None:
    assert TARGET.read_text(encoding="utf-8") == env_example(), "run make env-example"


@pytest.mark.requirement("settings:env_example")
def test_the_example_itself_can_be_used_and_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEVSKYY_DATA_DIR")
    copied = Settings(_env_file=TARGET)  # pyright: ignore[reportCallIssue] # pydantic-settings' own argument
    assert copied.model_dump() == Settings().model_dump()


@pytest.mark.requirement("settings:env_example")
def test_every_setting_has_a_name_and_a_description() -> None:
    for name, field in Settings.model_fields.items():
        assert str(field.validation_alias).isupper(), name
        assert (field.description or "").endswith("."), name


def test_empty_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEVSKYY_PORT", "")
    assert Settings().port == 8000


def test_folders_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEVSKYY_UPLOAD_FOLDERS", "/a, /b b,,")
    assert Settings().upload_folders == ["/a", "/b b"]


@pytest.mark.requirement("settings:demo_or_own")
@pytest.mark.parametrize(
    ("given", "demo", "rule"),
    [
        ({}, True, "risky"),
        ({"wordpress_url": "https://shop.example.com"}, False, "always"),
        ({"wordpress_url": "https://shop.example.com", "confirm_writes": "risky"}, False, "risky"),
        ({"confirm_writes": "always"}, True, "always"),
    ],
)
def test_a_real_shop_asks_for_every_write_until_told_otherwise(given: dict[str, Any], demo: bool, rule: str) -> None:
    settings = Settings(**given)
    assert (settings.demo, settings.confirm_rule) == (demo, rule)


@pytest.mark.parametrize(
    ("given", "hosts"),
    [
        ({}, {"127.0.0.1:8000", "localhost:8000", "[::1]:8000"}),
        ({"port": 9000, "host": "localhost"}, {"127.0.0.1:9000", "localhost:9000", "[::1]:9000"}),
        ({"host": "10.0.0.5", "public_url": "https://mcp.example.com"}, {"10.0.0.5:8000", "mcp.example.com"}),
    ],
)
def test_only_exact_hosts_are_answered(given: dict[str, Any], hosts: set[str]) -> None:
    assert set(Settings(**given).allowed_hosts) == hosts


def test_secrets_are_not_in_the_repr() -> None:
    settings = Settings.model_validate(
        {"wordpress_app_password": "s3cret-a", "database_url": "postgres://u:s3cret-b@h/d"}
    )
    assert "s3cret" not in repr(settings) + str(settings)


@pytest.mark.parametrize("given", ["", "https://mcp.example.com", "http://127.0.0.1:8000/", "https://example.com/mcp"])
def test_a_whole_public_address_is_taken(given: str) -> None:
    assert Settings(public_url=given).public_url == given


@pytest.mark.parametrize(
    "given", ["foo", "//x", "https://", "ftp://x", "https://u:p@x", "https://x:99999", "https://x/?a=1", "https://x y"]
)
def test_what_is_no_public_address_is_refused_in_words(given: str) -> None:
    with pytest.raises(ValidationError, match=r"an address such as https://mcp\.example\.com"):
        Settings(public_url=given)


@pytest.mark.parametrize("given", [{"port": 70000}, {"environment": "prod"}, {"calls_per_second": 0}])
def test_wrong_settings_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Settings(**given)


STRONG = "8sT2mQv0Zk5Yp1Wc7Rj4Hb9Nf6Lx3Gd+aUeIoSyKzBw="


@pytest.mark.requirement("settings:secrets")
@pytest.mark.parametrize("name", ["encryption_master_key", "jwt_secret_key"])
@pytest.mark.parametrize(
    ("secret", "why"),
    [
        (None, "must be set"),
        ("", "shorter"),
        ("s3cr3t", "shorter than 32 bytes"),
        ("a" * 64, "repeats a few characters"),
        ("abcabcabc" * 8, "repeats a few characters"),
        ("change-me-to-something-very-long-please", "an example"),
        ("your-SECRET-key-goes-here-0a1b2c3d4e5f", "an example"),
        ("0123456789abcdef0123456789abcdef", "an example"),
    ],
)
def test_weak_secrets_are_refused_in_production_and_not_told(name: str, secret: str | None, why: str) -> None:
    given: dict[str, Any] = {"encryption_master_key": STRONG, "jwt_secret_key": STRONG, name: secret}
    with pytest.raises(ValidationError, match=why) as caught:
        Settings(environment="production", **given)
    told = str(caught.value.errors(include_input=False)[0]["msg"])
    assert "openssl rand -base64 32" in told
    assert not secret or secret not in told


@pytest.mark.requirement("settings:secrets")
def test_production_takes_strong_secrets_and_a_ring_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {"environment": "production", "jwt_secret_key": STRONG}
    ring = f"{STRONG},{STRONG[::-1]}"
    settings = Settings(**given, encryption_master_key=SecretStr(ring))
    assert settings.master_key == ring
    assert STRONG not in repr(settings)
    with pytest.raises(ValidationError, match="shorter"):
        Settings(**given, encryption_master_key=SecretStr(f"{STRONG},short"))
    monkeypatch.delenv("ENCRYPTION_MASTER_KEY")
    assert Settings(environment="development", jwt_secret_key=SecretStr("short")).master_key is None
