"""``devskyy doctor``: looks at everything an operator sets up and says in words what is wrong and what to do.

The core looks at its own settings, folder, database and port. Packs add their checks to ``Checks``.
"""

from __future__ import annotations

import logging
import os
import shutil
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import anyio
from anyio import to_thread

from devskyy_mcp.auth.people import People
from devskyy_mcp.config import Settings, weakness
from devskyy_mcp.context import Services
from devskyy_mcp.db import Database
from devskyy_mcp.db.cache import Cache, RedisCache
from devskyy_mcp.errors import Refused
from devskyy_mcp.llm.gateway import Gateway
from devskyy_mcp.ops.extras import extras, has_egl
from devskyy_mcp.ops.health import LITTLE_SPACE

log = logging.getLogger(__name__)

Level = Literal["ok", "warning", "problem"]
SECONDS_PER_CHECK = 20.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Args:
        level: ``problem`` keeps something from working, ``warning`` may, ``ok`` doesn't.
        what: what is so, one sentence; no secret.
        do: what to do about it, one sentence; of what is ok, what more could be had, else empty.
    """

    level: Level
    what: str
    do: str = ""


Check = Callable[[], Awaitable[Sequence[Finding]]]


class Checks:
    """The doctor's checks by name; packs add theirs in ``provides``."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}

    def add(self, name: str, check: Check) -> None:
        self._checks[name] = check

    async def run(self, seconds: float = SECONDS_PER_CHECK) -> dict[str, list[Finding]]:
        """All findings by check, each check cut off after ``seconds``. A check that breaks is a finding itself."""
        return {name: await _run(name, check, seconds) for name, check in self._checks.items()}


async def _run(name: str, check: Check, seconds: float) -> list[Finding]:
    try:
        with anyio.fail_after(seconds):
            return list(await check())
    except Refused as refused:
        return [Finding("problem", refused.message, refused.hint)]
    except TimeoutError:
        return [Finding("problem", f"No answer within {seconds:g} s.", "Look whether the system behind it is up.")]
    except Exception as error:  # one broken check must not hide the others
        # Its text may hold anything; only the type is shown.
        log.debug("check %s broke: %s", name, type(error).__name__)
        return [Finding("problem", f"The check itself failed ({type(error).__name__}).", "Please report this.")]


async def examine(services: Services) -> dict[str, list[Finding]]:
    """The core's findings and then those of the packs, by name of the check."""
    settings = services.get(Settings)
    own = Checks()
    own.add("settings", lambda: to_thread.run_sync(_settings, settings))
    own.add("data folder", lambda: to_thread.run_sync(_data_folder, settings))
    own.add("database", lambda: _database(services.get(Database), settings))
    own.add("encryption", lambda: _encryption(services.get(Database), settings))
    own.add("cache", lambda: _cache(services.get(Cache)))
    own.add("sign-in", lambda: _sign_in(services))
    if settings.sign_in == "external":
        own.add("identity provider", lambda: _provider(services))
    own.add("language models", lambda: _models(services.get(Gateway)))
    own.add("extras", lambda: to_thread.run_sync(_extras))
    own.add("port", lambda: to_thread.run_sync(_port, settings))
    return {**await own.run(), **await services.get(Checks).run()}


async def _models(gateway: Gateway) -> list[Finding]:
    from devskyy_mcp.llm.checks import findings

    return [Finding(cast("Level", level), what, do) for level, what, do in await findings(gateway)]


def _settings(settings: Settings) -> list[Finding]:
    found: list[Finding] = []
    if settings.demo:
        given = [name for name, value in _shop_credentials(settings).items() if value]
        if given:
            found.append(
                Finding("warning", f"{' and '.join(given)} set, but WORDPRESS_URL is not.", "Set WORDPRESS_URL too.")
            )
        found.append(
            Finding("ok", "The demo shop is in use. Set WORDPRESS_URL and its credentials to use the brand's own.")
        )
    elif settings.confirm_rule == "risky":
        found.append(Finding("ok", "A person is asked before risky writes (CONFIRM_WRITES=risky)."))
    if not settings.loopback and not settings.public_url:
        found.append(
            Finding(
                "problem",
                f"DEVSKYY_HOST={settings.host} lets other machines in, and DEVSKYY_PUBLIC_URL is not set.",
                "Leave DEVSKYY_HOST at 127.0.0.1, or set DEVSKYY_PUBLIC_URL to the address that people use.",
            )
        )
    missing = [folder for folder in settings.upload_folders if not Path(folder).is_dir()]
    if missing:
        found.append(Finding("warning", f"No such folder: {', '.join(missing)}.", "Correct DEVSKYY_UPLOAD_FOLDERS."))
    return found or [Finding("ok", "Nothing contradicts itself.")]


def _shop_credentials(settings: Settings) -> dict[str, str]:
    return {
        "WORDPRESS_USERNAME": settings.wordpress_username,
        "WORDPRESS_APP_PASSWORD": settings.wordpress_app_password.get_secret_value(),
        "WOOCOMMERCE_KEY": settings.woocommerce_key.get_secret_value(),
        "WOOCOMMERCE_SECRET": settings.woocommerce_secret.get_secret_value(),
    }


def _data_folder(settings: Settings) -> list[Finding]:
    folder = settings.data_dir
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = folder.stat().st_mode
    except OSError as error:
        return [Finding("problem", f"{folder} can't be made ({error.strerror}).", "Set DEVSKYY_DATA_DIR to a folder.")]
    if not os.access(folder, os.W_OK | os.X_OK):
        return [Finding("problem", f"{folder} can't be written to.", "Give this user the right to, or set another.")]
    found = [Finding("ok", f"{folder}")]
    free = shutil.disk_usage(folder).free
    if free < LITTLE_SPACE:
        found.append(
            Finding(
                "warning", f"Only {free // 2**20} MiB are free there.", "Make room: on a full disk nothing is sent."
            )
        )
    if os.name == "posix" and mode & 0o077:
        found.append(
            Finding("warning", "Other users of this machine can look into it.", f"Run: chmod 700 {folder}"),
        )
    return found


async def _database(database: Database, settings: Settings) -> list[Finding]:
    started = time.perf_counter()
    await database.open()
    async with database.begin():
        pass
    milliseconds = (time.perf_counter() - started) * 1000
    found = [Finding("ok", f"{database.dialect} answers and takes writes ({milliseconds:.0f} ms).")]
    if database.dsn.pooled and settings.database_direct_url is None:
        found.append(
            Finding(
                "warning",
                "DATABASE_URL leads through a pooler, which passes no notifications on.",
                "Set DATABASE_DIRECT_URL to the same database's address without the pooler.",
            )
        )
    return found


async def _encryption(database: Database, settings: Settings) -> list[Finding]:
    from devskyy_mcp.db.vault.rotation import look

    await database.open()
    ring, keys = database.vault.keyring, await look(database)
    found = [Finding("ok", f"Secrets and personal data are sealed (AES-256-GCM); keys from {ring.source}.")]
    if keys.missing:
        found.append(
            Finding(
                "problem",
                f"Some of it is sealed by {', '.join(keys.missing)}, which {ring.source} does not hold.",
                "Put that key back; without it this part can't be read.",
            )
        )
    elif list(keys.by_kid) != [keys.newest]:
        found.append(Finding("warning", "The newest key is not in use yet.", "Run: devskyy keys rotate --verify"))
    if not database.vault.strict:
        found.append(
            Finding(
                "warning",
                "Values from before there were keys are still used as they are.",
                "Run: devskyy keys rotate --verify, which seals them and ends that.",
            )
        )
    for name, secret in _own_secrets(settings).items():
        if secret and (why := weakness(secret)):
            found.append(Finding("warning", f"{name} {why}.", "Make one with `openssl rand -base64 32`."))
    return found


def _own_secrets(settings: Settings) -> dict[str, str | None]:
    keys, signs = settings.encryption_master_key, settings.jwt_secret_key
    return {
        "ENCRYPTION_MASTER_KEY": keys.get_secret_value().split(",")[0].strip() if keys else None,
        "JWT_SECRET_KEY": signs.get_secret_value() if signs else None,
    }


async def _cache(cache: Cache) -> list[Finding]:
    started = time.perf_counter()
    words = await cache.check()
    if not isinstance(cache, RedisCache):
        return [Finding("ok", f"{words.capitalize()}. Several servers share their limits when REDIS_URL is set.")]
    milliseconds = (time.perf_counter() - started) * 1000
    return [Finding("ok", f"Redis answers and takes writes ({milliseconds:.0f} ms).")]


async def _sign_in(services: Services) -> list[Finding]:
    mode = services.get(Settings).sign_in
    if mode == "none":
        return [Finding("ok", "No sign-in: this machine only, with the local key where a real shop is connected.")]
    owners, bare = await services.get(People).owners()
    found = [Finding("ok", f"Sign-in is {mode}; owners: {owners}.")]
    if not owners:
        what = "Nobody can sign in to the pages, so nobody can approve anything there."
        level = "problem" if mode == "embedded" else "warning"  # programs may come with the provider's tokens
        found.append(Finding(level, what, "Make the first owner: devskyy users add --role owner"))
    elif bare:
        found.append(
            Finding(
                "warning",
                f"Owners without a second factor: {bare}.",
                "Each sets one up on the account page; until then nothing that can't be taken back can be approved.",
            )
        )
    return found


async def _provider(services: Services) -> list[Finding]:
    from devskyy_mcp.auth.external import External

    words = await services.get(External).check()
    return [Finding("ok", f"The identity provider answers; {words}.")]


def _extras() -> list[Finding]:
    found: list[Finding] = []
    for extra in extras():
        if extra.missing:
            lacks = f"[{extra.name}] is not installed ({', '.join(extra.missing)}); with it {extra.adds}."
            found.append(Finding("ok", lacks, f"If wanted: {extra.command}"))
        else:
            found.append(Finding("ok", f"[{extra.name}] is installed: {extra.adds}."))
    if has_egl():
        return [*found, Finding("ok", "EGL is there: models are drawn by it where [three-d] is installed.")]
    what = "EGL is not there: models are drawn by the slower renderer that needs nothing."
    return [*found, Finding("ok", what, "If wanted, on Debian: apt-get install libegl1 libgl1-mesa-dri")]


def _port(settings: Settings) -> list[Finding]:
    where = f"{settings.host}:{settings.port}"
    try:
        socket.create_server((settings.host, settings.port)).close()
    except OSError as error:
        busy = f"{where} can't be listened on ({error.strerror})."
        return [Finding("warning", busy, "Fine if that is DevSkyy itself; otherwise set DEVSKYY_PORT to a free one.")]
    return [Finding("ok", f"{where} is free.")]
