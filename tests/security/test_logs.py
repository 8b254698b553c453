"""No secret and no personal datum gets into the log, whatever library writes it; the rest stays readable."""

from __future__ import annotations

import copy
import io
import json
import logging
import random
import re
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import anyio
import pytest

from devskyy_mcp.app import local_principal
from devskyy_mcp.config import Settings
from devskyy_mcp.guard import logs
from devskyy_mcp.guard.logs import JsonLines, Redacting, Words, call_of, learn_secrets, mark_key
from devskyy_mcp.guard.redact import Redactor, redactor
from tests.fakes.demo import demo

from .log_corpus import People, canaries, innocents

LINES, CANARIES = 10_000, 1_000
MARK = re.compile(r"\[(?:secret|email|phone|card|iban|name|address):[0-9a-f]{8}\]")
SEED = 20261128
THIRD_PARTIES = ["uvicorn.error", "sqlalchemy.engine", "httpx2", "mcp.server", "dbos", "asyncio", "devskyy_mcp.errors"]


@pytest.fixture
def redact() -> Redactor:
    return Redactor(lambda: b"k" * 32)


class Log:
    """A logger tree of its own with one handler, as ``set_up`` makes it."""

    def __init__(self, redact: Redactor, formatter: logging.Formatter) -> None:
        self.written = io.StringIO()
        self.handler = logging.StreamHandler(self.written)
        self.handler.addFilter(Redacting(redact))
        self.handler.setFormatter(formatter)

    @property
    def text(self) -> str:
        return self.written.getvalue()


@pytest.fixture
def log(redact: Redactor) -> Generator[Log]:
    made = Log(redact, JsonLines())
    root = logging.getLogger()
    loggers = [root, *map(logging.getLogger, [*THIRD_PARTIES, "uvicorn"])]  # servers of other tests have silenced some
    before = [(logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.setLevel("INFO")
        logger.propagate = True
    root.addHandler(made.handler)
    yield made
    root.removeHandler(made.handler)
    for logger, (level, propagate) in zip(loggers, before, strict=True):
        logger.setLevel(level)
        logger.propagate = propagate


@pytest.mark.requirement("logs:redacted")
def test_of_a_thousand_canaries_in_ten_thousand_lines_none_is_leaked(redact: Redactor, log: Log) -> None:
    dice = random.Random(SEED)
    people = People(dice, 200)
    for address in people.addresses:
        redact.learn_person({"billing": address})
    hidden = canaries(dice, people, CANARIES)
    lines: list[str] = [line for line, _ in hidden]
    lines += innocents(dice, LINES - len(lines))
    dice.shuffle(lines)
    for at, line in enumerate(lines):
        logger = logging.getLogger(THIRD_PARTIES[at % len(THIRD_PARTIES)])
        _write(logger, line, at % 3)
    written = [json.loads(line) for line in log.text.splitlines()]
    assert len(written) == LINES
    whole = "\n".join("\n".join(map(str, entry.values())) for entry in written)
    leaked = [(canary, line) for line, canary in hidden if canary in whole]
    assert not leaked, f"{len(leaked)} of {CANARIES}: {leaked[:10]}"


def _write(logger: logging.Logger, line: str, way: int) -> None:
    if way == 0:
        logger.warning("%s", line)
    elif way == 1:
        logger.error(line.replace("%", "%%"), *()) if "%" not in line else logger.error("%s", line)
    else:
        try:
            raise ValueError(line)
        except ValueError:
            logger.exception("it failed")


@pytest.mark.requirement("logs:readable")
def test_at_most_one_in_a_hundred_innocent_lines_is_marked(redact: Redactor) -> None:
    dice = random.Random(SEED)
    lines = list(innocents(dice, LINES))
    marked = [(line, redact(line)) for line in lines if redact(line) != line]
    assert len(marked) <= LINES / 100, f"{len(marked)} of {LINES}: {marked[:20]}"


@pytest.mark.requirement("logs:redacted")
def test_equal_values_have_equal_marks_and_no_way_back(redact: Redactor) -> None:
    first, again, other = (
        redact(f"mail to {one}") for one in ("ada@example.com", "Ada@Example.com", "eve@example.com")
    )
    assert first == again != other
    assert MARK.fullmatch(first.removeprefix("mail to "))
    assert redact("+33 1 55 01 00 00") == redact("+33155010000")
    assert Redactor(lambda: b"x" * 32)("mail to ada@example.com") != first


@pytest.mark.requirement("logs:redacted")
async def test_customers_are_known_once_the_shop_has_told_of_them(tmp_path: Path) -> None:
    async with demo(tmp_path) as box:
        await box.do("woo_orders_list", limit=100)
        order = await box.do("woo_orders_get", id=await box.some("woo_orders_list"))
    billing = order["billing"]
    for value in (f"{billing['first_name']} {billing['last_name']}", billing["address_1"], billing["phone"]):
        assert value not in redactor(f"could not send to {value}!")


@pytest.mark.requirement("logs:redacted")
def test_own_secrets_are_known_in_any_spelling(redact: Redactor) -> None:
    settings = Settings(
        _env_file=None,  # pyright: ignore[reportCallIssue] # pydantic-settings takes it
        wordpress_app_password="abcd efgh ijkl mnop qrst uvwx",
        database_url="postgresql://devskyy:correcthorse@db/devskyy",
    )
    learn_secrets(settings, redact)
    for secret in ("abcd efgh ijkl mnop qrst uvwx", "abcdefghijklmnopqrstuvwx", "correcthorse"):
        assert secret not in redact(f"login with {secret} failed")


def test_tracebacks_of_libraries_are_redacted(log: Log) -> None:
    try:
        try:
            raise ConnectionError("password=hunter2hunter for ada@example.com")
        except ConnectionError as error:
            raise RuntimeError("card 4111 1111 1111 1111") from error
    except RuntimeError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application", stack_info=True)
    [line] = log.text.splitlines()
    entry = json.loads(line)
    assert entry["event"] == "Exception in ASGI application"
    assert "RuntimeError" in entry["exception"]
    assert "test_logs.py" in entry["exception"]
    for value in ("hunter2", "ada@", "4111"):
        assert value not in line


@pytest.mark.requirement("logs:structured")
def test_a_line_says_when_where_and_for_whom(log: Log) -> None:
    told = call_of.set(("1a2b3c4d", "user:ada"))
    logging.getLogger("devskyy_mcp.errors").error("incident %s", "beef", extra={"incident": "beef"})
    call_of.reset(told)
    entry = json.loads(log.text)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", entry.pop("time"))
    assert entry == {
        "level": "error",
        "logger": "devskyy_mcp.errors",
        "event": "incident beef",
        "request": "1a2b3c4d",
        "principal": "user:ada",
        "incident": "beef",
    }


@pytest.mark.requirement("logs:structured")
async def test_calls_are_told_apart(tmp_path: Path, log: Log) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise KeyError("ada@example.com")

    async with demo(tmp_path) as box:
        for name in ("woo_orders_list", "wp_posts_list"):
            tool = box.app.registry.tools[name] = copy.copy(box.app.registry.tools[name])
            assert "limit" in tool.arguments.model_fields  # made of the handler once, at first use
            tool.handler = broken  # of the copy: the tool itself is the whole process's
            await box.refused(name)
    lines = [json.loads(line) for line in log.text.splitlines() if "incident" in line]
    assert len({line["request"] for line in lines}) == len(lines) == 2
    assert {line["principal"] for line in lines} == {local_principal().id}
    assert call_of.get() is None


def test_people_read_words(redact: Redactor) -> None:
    log = Log(redact, Words())
    record = logging.LogRecord("devskyy_mcp.db", logging.WARNING, "", 0, "away from %s", ("ada@example.com",), None)
    log.handler.handle(record)
    assert re.fullmatch(r"WARNING devskyy_mcp\.db: away from \[email:[0-9a-f]{8}\]\n", log.text)


@pytest.mark.parametrize("formatter", [JsonLines(), Words()])
def test_logging_never_raises(redact: Redactor, formatter: logging.Formatter) -> None:
    class Awkward:
        def __str__(self) -> str:
            raise RuntimeError("no")

    log = Log(redact, formatter)
    for message, arguments in (
        ("%s and %s", ("one",)),
        ("%s", (Awkward(),)),
        ("\ud800 %s", ("\udfff",)),
        ("%d", ("x",)),
    ):
        log.handler.handle(logging.LogRecord("x", logging.ERROR, "", 0, message, arguments, None))
    broken = Redactor(_no_key)
    other = Log(broken, formatter)
    other.handler.handle(logging.LogRecord("x", logging.ERROR, "", 0, "mail ada@example.com", (), None))
    assert len(log.text.splitlines()) == 4
    assert logs.UNREADABLE in other.text
    assert "ada@" not in other.text


def _no_key() -> bytes:
    raise OSError("no folder")


def test_an_ordinary_line_costs_little(redact: Redactor) -> None:
    for address in People(random.Random(SEED), 2_000).addresses:
        redact.learn_person(address)
    line = "GET /wp-json/wc/v3/products answered 200 in 0.123 s, 20 of 43 items, page 1 (cache miss)"
    assert redact(line) == line
    best = min(_timed(redact, line) for _ in range(5))
    assert best < 50e-6, f"{best * 1e6:.1f} µs"


def _timed(redact: Redactor, line: str) -> float:
    started = time.process_time()
    for _ in range(500):
        redact(line)
    return (time.process_time() - started) / 500


def test_the_dictionary_is_bounded(redact: Redactor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devskyy_mcp.guard.known.KEPT", 10)
    for number in range(30):
        redact.learn_secret(f"secretvalue{number}")
    assert redact("secretvalue0 secretvalue29").startswith("secretvalue0 [secret:")


@pytest.mark.requirement("logs:structured")
@pytest.mark.parametrize("form", ["json", "text"])
async def test_a_real_process_logs_so(tmp_path: Path, form: str) -> None:
    code = (
        "import logging; from devskyy_mcp.config import Settings; from devskyy_mcp.guard.logs import set_up; "
        "set_up(Settings(_env_file=None)); import dbos; "
        "dbos._logger.init_logger(); "
        "logging.getLogger('dbos').error('lost ada@example.com'); logging.getLogger('x').warning('password=hunter2x'); "
        "logging.getLogger('sqlalchemy.engine').info('SELECT'); logging.getLogger('aiosqlite').debug('INSERT')"
    )
    env = {"PATH": "/usr/bin:/bin", "DEVSKYY_DATA_DIR": str(tmp_path), "LOG_FORMAT": form, "LOG_LEVEL": "DEBUG"}
    done = await anyio.run_process([sys.executable, "-c", code], env=env)
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 2
    assert all(MARK.search(line) for line in lines)
    assert "ada@" not in done.stderr.decode()
    if form == "json":
        assert [json.loads(line)["logger"] for line in lines] == ["dbos", "x"]
    settings = Settings(data_dir=tmp_path)
    assert mark_key(settings) == mark_key(settings)
