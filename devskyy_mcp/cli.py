"""The console script ``devskyy``. Nothing heavy is imported before it is known what is asked for."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import __version__
from .surfaces.terminal import complain, say, warn

if TYPE_CHECKING:
    from .app import App
    from .config import Settings

DEFAULT_ENV_FILE = ".env"
USAGE_ERROR = 2
INTERRUPTED = 130
SETTINGS_UNREADABLE = 78  # sysexits' EX_CONFIG


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0 when it worked, 1 when a check found something, 2 for a wrong command line, else the refusal's own status.
    """
    given = _parser().parse_args(arguments)
    try:
        return given.run(given)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output went away: `devskyy tools | head`
        sys.stderr.close()
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="devskyy", description="Run a WordPress + WooCommerce fashion brand from any AI host."
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument(
        "--env-file", default=DEFAULT_ENV_FILE, metavar="PATH", help="file with settings (default: .env)"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int], text: str, **options: Any) -> Any:
        added = commands.add_parser(name, help=text, description=text, **options)
        added.set_defaults(run=run)
        return added

    serve = command("serve", _serve, "Serve MCP, REST and the approval pages over HTTP.")
    serve.add_argument("--host", help="address to listen on (DEVSKYY_HOST)")
    serve.add_argument("--port", type=int, help="port to listen on, 0 for any free one (DEVSKYY_PORT)")
    command("worker", _worker, "Run jobs and nothing else, until told to stop.")
    stdio = command("stdio", _stdio, "Serve MCP to a host on this machine over standard input and output.")
    stdio.add_argument("--profile", choices=["default", "full"], default="default", help="which tools are listed")
    tools = command("tools", _in_app("tools"), "List the tools, or those that match some words.")
    tools.add_argument("search", nargs="*", metavar="WORD")
    tools.add_argument("--json", action="store_true", help="whole descriptions and schemas as JSON")
    call = command("call", _call, "Call a tool: devskyy call NAME --flag value …", add_help=False)
    call.add_argument("-h", "--help", action="store_true")
    call.add_argument("rest", nargs=argparse.REMAINDER, metavar="NAME …")
    changes = command("changes", _in_app("changes"), "List the latest changes, or show one whole.")
    changes.add_argument("change", nargs="?", metavar="ID")
    changes.add_argument("--state", help="only those in this state, e.g. proposed")
    changes.add_argument("--limit", type=int, default=20)
    changes.add_argument("--json", action="store_true")
    approve = command("approve", _in_app("approve"), "Look at a proposed change and agree to it, at a terminal.")
    approve.add_argument("change", metavar="ID")
    approve.add_argument("--decline", action="store_true", help="say no instead")
    answer = command("answer", _in_app("answer"), "Answer what a job asks a person, at a terminal.")
    answer.add_argument("job", metavar="ID")
    answer.add_argument("--decline", action="store_true", help="say no instead")
    resolve = command("resolve", _in_app("resolve"), "Say what became of a paid request that was lost, at a terminal.")
    resolve.add_argument("job", metavar="JOB")
    resolve.add_argument("action", choices=["attach", "resubmit", "abandon"])
    resolve.add_argument("--task", help="the provider's task id, for attach")
    command("stop-writes", _in_app("stop_writes"), "Stop all writes of every server on the database, at once.")
    command("resume-writes", _in_app("resume_writes"), "Let writes go on again, at a terminal.")
    audit = command("audit", _in_app("audit"), "Check the audit's hash chain.")
    audit.add_argument("action", choices=["verify"])
    audit.add_argument("--json", action="store_true")
    keys = command("keys", _keys, "Show, verify or rotate the keys that seal what the database holds.")
    keys.add_argument("action", choices=["show", "verify", "rotate"])
    keys.add_argument("--verify", action="store_true", help="open every sealed value, and fail where one can't be")
    keys.add_argument("--json", action="store_true")
    doctor = command("doctor", _in_app("doctor"), "Say in words what is wrong with this installation, and what to do.")
    doctor.add_argument("--json", action="store_true")
    _users_arguments(command("users", _users, "Say who may sign in, and make the first owner."))
    _clients_arguments(command("clients", _clients, "Show connected programs, and let programs act in their own name."))
    _keys_arguments(command("api-keys", _api_keys, "Make, list and revoke API keys for scripts."))
    _agents_arguments(command("agents", _agents, "List the agents, show, find or run one, or check agents' files."))
    plugin = command("plugin", _plugin, "Build the plugin that some tools need in WordPress, as a zip to upload there.")
    plugin.add_argument("action", choices=["build"])
    plugin.add_argument("--out", type=Path, metavar="FILE", help="file or folder; this folder if left out")
    command("migrate", _in_app("migrate"), "Create or bring up to date the database's tables.")
    command("local-key", _in_app("local_key"), "Show where the local key is, and at a terminal the key.")
    command("version", _version, "Print the version.")
    return parser


def _users_arguments(users: argparse.ArgumentParser) -> None:
    from .auth.scopes import ROLES

    actions = users.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(name: str, text: str, *, login: bool = True) -> argparse.ArgumentParser:
        added = actions.add_parser(name, help=text, description=text)
        if login:
            added.add_argument("login", metavar="LOGIN")
        return added

    added = action("add", "Let somebody sign in; asks for a password.", login=False)
    added.add_argument("login", nargs="?", metavar="LOGIN", help="an e-mail address or another word; asked if left out")
    added.add_argument("--name", default="", help="what others see; the login's start if left out")
    added.add_argument("--role", choices=ROLES, required=True)
    changed = action("password", "Give somebody a new password; signs them out.")
    for one in (added, changed):
        one.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    action("list", "Show who may sign in.", login=False).add_argument("--json", action="store_true")
    action("name", "Give somebody another name for others to see.").add_argument("name", metavar="NAME")
    action("role", "Give somebody another role; signs them out.").add_argument("role", choices=ROLES)
    action("disable", "Keep somebody out, and end all that they have open.")
    action("enable", "Let somebody in again.")
    action("reset-mfa", "Forget somebody's second factor and recovery codes; signs them out.")
    action("sign-out", "End all sessions of somebody.")


def _agents_arguments(agents: argparse.ArgumentParser) -> None:
    actions = agents.add_subparsers(dest="action", required=True, metavar="ACTION")
    listed = actions.add_parser("list", help="Show all agents.")
    actions.add_parser("show", help="Print an agent's file.").add_argument("name", metavar="NAME")
    found = actions.add_parser("find", help="Find the agent for a request.")
    found.add_argument("request", nargs="+", metavar="WORD")
    found.add_argument("--limit", type=int, default=3)
    for one in (listed, found):
        one.add_argument("--json", action="store_true")
    started = actions.add_parser("run", help="Have an agent do a task here, with the models that this server asks.")
    started.add_argument("name", metavar="NAME")
    started.add_argument("request", nargs="*", metavar="WORD", help="what is wanted")
    started.add_argument(
        "--argument", action="append", default=[], metavar="NAME=VALUE", help="of its prompt; repeatable"
    )
    told = actions.add_parser("transcript", help="Read what happened in a run, step by step.")
    told.add_argument("run", metavar="JOB")
    checked = actions.add_parser("check", help="Check files, and say what is wrong with file and line.")
    checked.add_argument(
        "folders", nargs="*", type=Path, metavar="FOLDER", help="all that the server reads if left out"
    )


def _clients_arguments(clients: argparse.ArgumentParser) -> None:
    actions = clients.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, text in (
        ("list", "Show all programs that are known."),
        ("add", "Let a program act in its own name (OAuth client credentials)."),
        ("revoke", "Keep a program out for good, and end all that it has."),
    ):
        action = actions.add_parser(name, help=text, description=text)
        if name == "revoke":
            action.add_argument("client_id", metavar="CLIENT_ID")
        else:
            action.add_argument("--json", action="store_true")
        if name == "add":
            action.add_argument("name", metavar="NAME", help="what people see")
            action.add_argument("scopes", metavar="SCOPE", nargs="+", help="what it may do, e.g. orders:read")
            action.add_argument("--jwks", type=Path, metavar="FILE", help="its public keys, instead of a secret")


def _keys_arguments(keys: argparse.ArgumentParser) -> None:
    actions = keys.add_subparsers(dest="action", required=True, metavar="ACTION")
    created = actions.add_parser("create", help="Make a key that acts as somebody; it is shown once.")
    created.add_argument("login", metavar="LOGIN")
    created.add_argument("--name", required=True, help="what it is for")
    created.add_argument(
        "--scope", action="append", required=True, help="e.g. catalog:read; may be given several times"
    )
    created.add_argument("--days", type=int, default=90, help="until it ends, at most 365")
    listed = actions.add_parser("list", help="Show the keys, without their secrets.")
    listed.add_argument("login", nargs="?", metavar="LOGIN", help="whose; everybody's if left out")
    for one in (created, listed):
        one.add_argument("--json", action="store_true")
    actions.add_parser("revoke", help="End a key.").add_argument("id", metavar="ID", help="as list shows it")


def command_names() -> list[str]:
    """What can stand behind ``devskyy``."""
    groups = (action.choices for action in _parser()._actions)  # noqa: SLF001 # argparse has no other way to ask
    return [name for choices in groups if isinstance(choices, dict) for name in choices]


def _settings(given: argparse.Namespace) -> Settings | None:
    """The settings; None, with the reasons on standard error, when they can't be read."""
    from pydantic import ValidationError

    from .config import Settings

    if given.env_file != DEFAULT_ENV_FILE and not Path(given.env_file).is_file():
        # Going on would quietly serve the demo shop in the place of the brand's own.
        warn(f"There is no settings file {given.env_file}.\n  → Correct the path behind --env-file, or leave it out.")
        return None
    try:
        return Settings(_env_file=given.env_file)  # pyright: ignore[reportCallIssue] # pydantic-settings' own argument
    except ValidationError as error:
        for item in error.errors(include_url=False, include_input=False):  # values may be secrets
            name = ".".join(str(part) for part in item["loc"])
            known = Settings.model_fields.get(name)  # where a value is missing, pydantic names the field
            said = item["msg"].removeprefix("Value error, ")
            warn(f"{known.validation_alias if known else name}: {said}")
        warn(f"  → Correct it in the environment or in {given.env_file}.")
        return None


def _serve(given: argparse.Namespace) -> int:
    settings = _settings(given)
    if settings is None:
        return SETTINGS_UNREADABLE
    from .surfaces.serving import serve

    asked = {name: value for name in ("host", "port") if (value := getattr(given, name)) is not None}
    return serve(settings.model_copy(update=asked), given.env_file)


def _stdio(given: argparse.Namespace) -> int:
    gc.disable()  # what is loaded stays: looking through it for garbage takes a tenth of the start
    from .surfaces.mcp.stdio import serve_stdio

    async def serve(app: App) -> None:
        gc.freeze()
        gc.enable()
        await serve_stdio(app, given.profile)

    return _run(given, serve)


def _worker(given: argparse.Namespace) -> int:
    from .surfaces.working import work

    return _run(given, work, worker="on")


def _call(given: argparse.Namespace) -> int:
    from .surfaces.commands import CALL_USAGE, call

    if given.help or not given.rest:
        (say if given.help else warn)(CALL_USAGE)
        return 0 if given.help else USAGE_ERROR
    return _run(given, lambda app: call(app, given.rest[0], given.rest[1:]))


def _users(given: argparse.Namespace) -> int:
    from .surfaces.users import users

    return _run(given, lambda app: users(app, given))


def _api_keys(given: argparse.Namespace) -> int:
    from .surfaces.api_keys import api_keys

    return _run(given, lambda app: api_keys(app, given))


def _keys(given: argparse.Namespace) -> int:
    from .surfaces.keys import keys

    return _run(given, lambda app: keys(app, given))


def _agents(given: argparse.Namespace) -> int:
    from .surfaces import agents

    if given.action != "check":
        return _run(given, lambda app: agents.agents(app, given))
    settings = _settings(given)
    if settings is None:
        return SETTINGS_UNREADABLE
    from .errors import Refused

    try:
        return agents.check(settings, given.folders)
    except Refused as refused:
        return complain(refused)


def _clients(given: argparse.Namespace) -> int:
    from .surfaces.clients import clients

    return _run(given, lambda app: clients(app, given))


def _in_app(name: str) -> Callable[[argparse.Namespace], int]:
    """The command of that name in ``surfaces.office``, which is imported only when it is called."""

    def run(given: argparse.Namespace) -> int:
        from .surfaces import office

        return _run(given, lambda app: getattr(office, name)(app, given))

    return run


def _run(given: argparse.Namespace, work: Callable[[App], Coroutine[Any, Any, int | None]], **update: Any) -> int:
    """Put the app together, with some settings changed, and do the work in it; a refusal becomes words and an exit
    status.
    """
    settings = _settings(given)
    if settings is None:
        return SETTINGS_UNREADABLE
    import anyio

    from .app import build
    from .errors import Refused
    from .guard.logs import set_up

    set_up(settings)
    try:
        return anyio.run(work, build(settings.model_copy(update=update))) or 0
    except Refused as refused:
        return complain(refused)


def _plugin(given: argparse.Namespace) -> int:
    from .surfaces.plugin import build

    return build(given.out)


def _version(_given: argparse.Namespace) -> int:
    say(__version__)
    return 0
