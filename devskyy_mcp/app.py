"""The composition root: settings and packs in, registry, services and road out."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import anyio

from .agents.catalogue import Agents, load_agents, own_folder
from .agents.finding import AgentIndex
from .agents.guide import SYSTEM as GUIDE
from .agents.guide import Guides
from .agents.offers import Offers
from .agents.runs.waiting import Waiting
from .agents.served import served
from .assets.cleaning import Cleaning
from .assets.kept import KeptResults
from .assets.links import Links
from .assets.own import OwnFiles
from .assets.references import References, in_changes, in_jobs
from .assets.store import Assets
from .auth.grants import Grants
from .auth.people import People
from .auth.provide import provide
from .auth.server.clients import Clients
from .auth.server.documents import Documents
from .auth.sessions import Sessions
from .auth.signing import SigningKeys
from .capability import Capability, Pack, Registry
from .changes.calls import SYSTEM, Calls
from .changes.model import Systems
from .changes.service import Changes
from .config import Settings
from .context import ALL_SCOPES, Principal, Services
from .db.budget import say_connections
from .db.cache import Cache, RedisCache, open_cache
from .db.database import Database
from .db.vault import Keyring
from .db.vault.keyring import FILE as KEY_FILE
from .db.wake import Wake
from .errors import Refused, unforeseen
from .guard.audit import AuditLog
from .guard.brake import Brake
from .guard.checkpoints import Checkpoints
from .guard.gates import Gates
from .guard.limits import AddressLimits, CallLimits
from .guard.taint import Taints
from .invoke import Road
from .jobs.events import Events
from .jobs.service import Jobs
from .llm.gateway import Gateway
from .llm.names import SYSTEM as MODELS
from .ops.doctor import Checks
from .ops.health import (
    HealthChecks,
    assets_check,
    cache_check,
    database_check,
    encryption_check,
    models_check,
    provider_check,
    sign_in_check,
    writes_check,
)

ENTRY_POINTS = "devskyy.packs"
AGAIN_AFTER = 5.0
"""Seconds until work beside calls starts again after something unforeseen."""


@dataclass
class App:
    """One running DevSkyy, whatever its surfaces."""

    settings: Settings
    registry: Registry
    services: Services
    changes: Changes
    road: Road

    @asynccontextmanager
    async def running(self, *, eager: bool) -> AsyncGenerator[App]:
        """Run what goes on beside calls (settling lost answers, jobs, writing audit) until the block ends.

        Args:
            eager: open the database at once and hear of other processes' changes; otherwise with the first call, and
                when somebody wants to hear, so that listing tools stays cheap.
        """
        failed: Exception | None = None
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._beside if eager else self._after_first_call)
                tasks.start_soon(_again_and_again, "news", self.changes.news.run)
                if eager:
                    tasks.start_soon(self._greet_cache)
                    tasks.start_soon(self._greet_database)
                    self.changes.news.wanted.set()
                try:
                    yield self
                except Exception as error:  # raised below, as it is: the group would wrap it
                    failed = error
                tasks.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await self.close(last_words=eager)
        if failed is not None:
            raise failed

    async def _after_first_call(self) -> None:
        await self.road.first_call.wait()
        await self._beside()

    async def _beside(self) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_again_and_again, "settling", self._settle)
            tasks.start_soon(_again_and_again, "checkpoints", self.services.get(Checkpoints).run)
            tasks.start_soon(_again_and_again, "marks", self.road.taints.run)
            tasks.start_soon(_again_and_again, "waiting runs", self.services.get(Waiting).run)
            if self.settings.worker == "on":
                tasks.start_soon(_again_and_again, "jobs", self._run_jobs)

    async def _run_jobs(self) -> None:
        from .jobs.worker import Worker

        await Worker(self.services).run()

    async def _greet_cache(self) -> None:
        """Load Redis' driver before the first call does, and have its log say at once when Redis is away."""
        with suppress(Refused):
            await self.services.get(Cache).check()

    async def _greet_database(self) -> None:
        """Say how many connections this process may open, and warn where the server has not so many."""
        with suppress(Refused):
            await say_connections(
                self.services.get(Database), self.settings.database_pool_size, works=self.settings.worker == "on"
            )

    async def _settle(self) -> None:
        from .changes.settle import Settler

        committer = self.changes.committer
        settler = Settler(
            committer.db,
            committer.audit,
            committer.systems,
            committer.active,
            self.settings.settle_after,
            committer.wake,
            self.changes.written,
        )
        await settler.run()

    async def close(self, *, last_words: bool = False) -> None:
        """Write what is buffered and close connections; safe to call twice.

        Args:
            last_words: sign where the audit stands, however little is new.
        """
        await self.services.get(AuditLog).close()
        if self.services.get(Database).is_open:
            with suppress(Refused):
                await self.services.get(Checkpoints).make(now=last_words)
        for service in list(self.services.all_made().values()):
            close = getattr(service, "aclose", None)
            if close is not None:
                await close()
        await self.services.get(Database).close()


async def _again_and_again(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Work that goes on beside calls; what goes wrong with it is logged, and ends neither it nor the server."""
    while True:
        try:
            return await work()
        except Exception as error:
            unforeseen(name, error)
        await anyio.sleep(AGAIN_AFTER)


def installed_packs() -> list[Pack]:
    """The packs of this installation, by name, found by the entry point group ``devskyy.packs``."""
    from importlib.metadata import entry_points

    return [entry.load() for entry in sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name)]


def local_principal() -> Principal:
    """The operating system's user, who runs stdio and the command line."""
    import getpass

    uid = os.getuid() if hasattr(os, "getuid") else 0
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(uid)
    return Principal(f"os:{uid}:{name}", "os", ALL_SCOPES, name)


def database_of(settings: Settings, *, migrate: bool | None = None) -> Database:
    """The settings' database with its keys; not open yet."""
    return Database(
        settings.database,
        migrate=migrate,
        direct=settings.direct_database,
        pool_size=settings.database_pool_size,
        keys=Keyring(settings.master_key, settings.data_dir / KEY_FILE),
    )


def build(settings: Settings | None = None, packs: Iterable[Pack] | None = None, agents: Path | None = None) -> App:
    """Put a DevSkyy together.

    Args:
        settings: by default read from the environment.
        packs: by default all that are installed.
        agents: folder of agents' files; by default the project's own where all installed packs are there, else none.

    Raises:
        Refused: NOT_CONFIGURED when an agent's file is wrong.
    """
    settings = settings or Settings()
    services = Services()
    registry = Registry()
    services.put(Settings, settings)
    services.put(Registry, registry)
    services.put(Services, services)
    systems = Systems()
    systems.add(SYSTEM, lambda: Calls(services))
    services.put(Systems, systems)
    services.put(Gates, Gates())
    services.put(Checks, Checks())
    database = database_of(settings)
    cache = open_cache(settings.redis_url.get_secret_value() if settings.redis_url else None)
    services.put(Cache, cache)
    audit = AuditLog(database)
    services.put(Database, database)
    services.put(AuditLog, audit)
    services.share(Checkpoints, lambda _: Checkpoints(database, audit, settings.checkpoint_file))
    health = HealthChecks()
    health.add("database", database_check(database), every=1)
    health.add("encryption", encryption_check(database), every=5)
    health.add("cache", cache_check(cache), every=1)
    services.put(HealthChecks, health)
    jobs = Jobs(services)
    services.put(Jobs, jobs)
    changes = Changes(
        services,
        registry,
        lambda: settings.confirm_rule,
        lambda change: f"{settings.base_url}/approvals/{change}",
        jobs,
    )
    services.put(Changes, changes)
    services.put(Waiting, Waiting(services))
    changes.on_decided.append(services.get(Waiting).decided)
    brake = Brake(database, audit, lambda text: changes.journal.named(text), read_only=settings.read_only)
    services.put(Brake, brake)
    health.add("writes", writes_check(brake), every=1)
    limits = CallLimits(settings.calls_per_second, settings.calls_burst, cache)
    services.put(AddressLimits, AddressLimits(settings.address_per_second, settings.address_burst, cache))
    relay = cache if isinstance(cache, RedisCache) else None
    services.share(KeptResults, lambda _: KeptResults(database))
    references = References()
    references.add("changes", in_changes(database))
    references.add("jobs", in_jobs(database))
    services.put(References, references)
    services.share(Gateway, Gateway)
    health.add("language_models", models_check(services), every=5)
    systems.add(MODELS, lambda: services.get(Gateway).system)
    services.put(Links, Links(settings))
    services.share(Assets, lambda _: Assets(settings.data_dir / "assets"))
    services.share(OwnFiles, lambda _: OwnFiles())
    services.share(Cleaning, lambda found: Cleaning(found.get(Assets), references))
    health.add("assets", assets_check(settings.data_dir / "assets"))
    services.share(Wake, lambda _: Wake(database.dsn, database.direct, relay))
    services.share(Events, lambda found: Events(database, found.get(Wake)))
    services.share(People, lambda _: People(database, audit, cache))
    services.share(Sessions, lambda _: Sessions(database))
    services.share(Grants, lambda _: Grants(database, audit))
    services.share(SigningKeys, lambda _: SigningKeys(database))
    services.share(Documents, lambda _: Documents(cache))
    services.share(Clients, lambda found: Clients(found.get(Grants), found.get(Documents)))
    provide(services)
    if settings.sign_in != "none":
        changes.journal.named = lambda text: services.get(People).named(text)
        health.add("sign_in", sign_in_check(services.get(People), settings.sign_in), every=5)
    if settings.sign_in == "external":
        health.add("identity_provider", provider_check(services))
    taints = Taints(database, settings.taint_seconds)
    services.put(Taints, taints)
    road = Road(registry, services, changes, jobs, audit, limits, taints, settings.outside_texts)
    services.put(Road, road)
    services.share(Guides, lambda _: Guides(database, demo=settings.demo))
    systems.add(GUIDE, lambda: services.get(Guides))
    services.put(Offers, Offers())
    folder = own_folder() if packs is None and agents is None else agents
    known: dict[str, Capability] = {}
    for given in installed_packs() if packs is None else packs:
        known |= {tool.name: tool for toolset in given.toolsets for tool in toolset.tools}
        registry.off |= given.switched_off(settings)
        pack = given.under(settings)
        if pack is None:
            continue
        registry.add(pack)
        if pack.provides is not None:
            pack.provides(services)
    found = load_agents(registry, known, folder, settings.agents_dir, settings.cache_dir / "agents")
    services.put(Agents, found)
    services.share(AgentIndex, lambda _: AgentIndex(found, settings.cache_dir / "find/agents"))
    registry.add(served(found, services.get(Offers)))
    return App(settings, registry, services, changes, road)
