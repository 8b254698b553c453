"""What ``devskyy doctor`` says about the shop. It only reads: nothing in the shop is touched to find out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast
from urllib.parse import urlsplit

from devskyy_mcp.config import Settings
from devskyy_mcp.context import Services
from devskyy_mcp.errors import Refused
from devskyy_mcp.http import Answer, Upstream
from devskyy_mcp.ops.doctor import Finding

from .client import ShopClient, http_allowed
from .connection import ShopSettings
from .plugin import INSTALL
from .provide import shop_settings
from .refusals import plain_text

CLOCKS_APART = 10 * 60  # seconds; WooCommerce refuses signatures that are 15 minutes off
SHOP_ROLES = frozenset({"administrator", "shop_manager"})
SITE_ROLES = SHOP_ROLES | {"editor"}
"""Enough for posts, pages and media, where there is no WooCommerce."""
NEW_PASSWORD = (
    "Make a new one in WordPress under Users → Profile → Application Passwords and set WORDPRESS_APP_PASSWORD."  # noqa: S105 # a sentence
)
ROLE = "Give this user the role Shop manager in WordPress under Users."
EDITOR = "Give this user the role Editor in WordPress under Users."
PERMALINKS = "In WordPress under Settings → Permalinks choose anything but Plain, and save."
PLUGIN = "Switch WooCommerce on in WordPress under Plugins, or install it."
GLB = f"Install the DevSkyy plugin: {INSTALL}"
IN_THE_WAY = "A security plugin, a firewall or maintenance mode may be in the way; allow /wp-json/ there."
HEADER = (
    "If that changes nothing, the web server drops the Authorization header; on Apache add to .htaccess: "
    'SetEnvIf Authorization "(.*)" HTTP_AUTHORIZATION=$1'
)


async def check_shop(services: Services) -> list[Finding]:
    """The connection to the configured shop, from the address to the rights of the user."""
    settings = shop_settings(services.get(Settings))
    if settings is None:
        found = await services.get(ShopClient).page("/wc/v3/products", {"per_page": 1, "_fields": "id"})
        return [Finding("ok", f"The demo shop answers, with {found.total} products.")]
    http_allowed(settings.url, settings.environment)
    client = services.get(ShopClient)
    public = Upstream("The shop", settings.url)
    try:
        return await look(public, client.upstream, settings)
    finally:
        await public.aclose()


async def look(
    public: Upstream, signed: Upstream, settings: ShopSettings, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> list[Finding]:
    """All findings about a real shop.

    Args:
        public: the shop without credentials.
        signed: the shop with ours.
        settings: what was configured.
        now: the clock of this machine.

    Raises:
        Refused: when the shop can't be reached at all; its words are the finding.
    """
    answer = await public.send("GET", "/wp-json/", params={"_fields": "url,home,namespaces,authentication"})
    index = _object(answer)
    if index is None or "namespaces" not in index:
        return [await _no_index(public, answer, settings)]
    found = [*_address(index, settings), *_clock(answer, settings, now())]
    has_woo = "wc/v3" in index["namespaces"]
    if not has_woo:
        found.append(Finding("problem", "The shop's WordPress answers, but it has no WooCommerce.", PLUGIN))
    found += await _login(signed, index, settings)
    if has_woo and (settings.consumer_key or not _problem(found)):
        found += await _shop(signed, settings)
    if settings.username and not _problem(found):
        found += await _models(signed)
    return found


def _problem(found: list[Finding]) -> bool:
    return any(finding.level == "problem" for finding in found)


async def _no_index(public: Upstream, answer: Answer, settings: ShopSettings) -> Finding:
    """Why /wp-json/ does not say what this WordPress can do."""
    if answer.status in {401, 403}:
        return Finding("problem", f"The shop refuses its REST API to us (status {answer.status}).", IN_THE_WAY)
    try:
        plain = _object(await public.send("GET", "/", params={"rest_route": "/", "_fields": "url,namespaces"}))
    except Refused:
        plain = None
    own = str((plain or {}).get("url", ""))
    if own and urlsplit(own).path.strip("/") != urlsplit(settings.url).path.strip("/"):
        return Finding("problem", f"WordPress is not at {settings.url} but at {own}.", f"Set WORDPRESS_URL to {own}.")
    if plain and "namespaces" in plain:
        return Finding(
            "problem", "WordPress answers, but its permalinks are plain, so /wp-json/ is missing.", PERMALINKS
        )
    if answer.is_page and answer.status < 400:
        return Finding("problem", "The shop answers its REST API with a web page instead of JSON.", IN_THE_WAY)
    return Finding(
        "problem",
        f"There is no WordPress at this address (status {answer.status}).",
        "Set WORDPRESS_URL to the WordPress address, with its folder if it has one: https://example.com/shop.",
    )


def _address(index: Mapping[str, Any], settings: ShopSettings) -> list[Finding]:
    own, ours = urlsplit(str(index.get("url", ""))), urlsplit(settings.url)
    if own.netloc and (own.scheme, own.netloc) != (ours.scheme, ours.netloc):
        what = (
            f"WordPress calls itself {own.scheme}://{own.netloc}, and WORDPRESS_URL says {ours.scheme}://{ours.netloc}."
        )
        return [Finding("warning", what, "Use its own address, since pictures and links in answers have that one.")]
    return [Finding("ok", f"{ours.scheme}://{ours.netloc} answers, and it is a WordPress.")]


def _clock(answer: Answer, settings: ShopSettings, now: datetime) -> list[Finding]:
    """Signed requests over http carry the time."""
    signs = settings.consumer_key and settings.url.lower().startswith("http://")
    try:
        then = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return []
    apart = abs((now - then).total_seconds())
    if not signs or apart < CLOCKS_APART:
        return []
    what = f"The shop's clock and ours are {apart / 60:.0f} minutes apart; WooCommerce refuses signatures at 15."
    return [Finding("problem", what, "Set both clocks by a time server.")]


async def _login(signed: Upstream, index: Mapping[str, Any], settings: ShopSettings) -> list[Finding]:
    """Whether the application password works, and as whom."""
    if not settings.username:
        what = "Only WooCommerce can be used: posts, pages and media need a WordPress user."
        return [Finding("warning", what, "Set WORDPRESS_USERNAME and WORDPRESS_APP_PASSWORD too.")]
    if not index.get("authentication"):
        return [_passwords_off(settings)]
    answer = await signed.send("GET", "/wp-json/wp/v2/users/me", params={"context": "edit", "_fields": "roles"})
    body = _object(answer) or {}
    if answer.status < 400:
        roles = {str(role) for role in cast("list[Any]", body.get("roles") or [])}
        who = f"{settings.username} has the role {' and '.join(sorted(roles)) or 'none'}"
        has_woo = "wc/v3" in index["namespaces"]
        if roles & (SHOP_ROLES if has_woo else SITE_ROLES):
            return [Finding("ok", f"The application password works; {who}.")]
        return [Finding("problem", f"The application password works, but {who}.", ROLE if has_woo else EDITOR)]
    return [_login_refused(str(body.get("code", "")), answer, body, settings)]


def _login_refused(code: str, answer: Answer, body: Mapping[str, Any], settings: ShopSettings) -> Finding:
    if code == "incorrect_password":
        return Finding(
            "problem",
            "WORDPRESS_APP_PASSWORD is wrong; the password that one logs in with is not taken either.",
            NEW_PASSWORD,
        )
    if code in {"invalid_username", "invalid_email"}:
        return Finding("problem", f"The shop has no user {settings.username}.", "Correct WORDPRESS_USERNAME.")
    if code == "rest_not_logged_in":
        what = "The shop takes no notice of the application password: it is wrong, or it never arrives."
        return Finding("problem", what, f"{NEW_PASSWORD} {HEADER}")
    words = plain_text(body.get("message", "")) or f"status {answer.status}"
    return Finding("problem", f"The shop refuses the application password: {words}", NEW_PASSWORD)


def _passwords_off(settings: ShopSettings) -> Finding:
    if settings.url.lower().startswith("http://"):
        what = "Application passwords are off, since the shop is reached over http."
        local = "define('WP_ENVIRONMENT_TYPE', 'local');"
        return Finding("problem", what, f"Use its https address; on your own machine put {local} into wp-config.php.")
    what = "Application passwords are switched off in this WordPress."
    return Finding("problem", what, "A security plugin does that: allow them there.")


async def _shop(signed: Upstream, settings: ShopSettings) -> list[Finding]:
    """Whether WooCommerce lets us in."""
    answer = await signed.send("GET", "/wp-json/wc/v3/products", params={"per_page": 1, "_fields": "id"})
    if answer.status < 400:
        answer.json()  # a page instead of data is told by its own words
        return [Finding("ok", "WooCommerce lets us read the products.")]
    body = _object(answer) or {}
    words = plain_text(body.get("message", "")) or f"status {answer.status}"
    if settings.consumer_key:
        do = "Correct WOOCOMMERCE_KEY and WOOCOMMERCE_SECRET; the key needs the permission Read/Write."
        return [Finding("problem", f"WooCommerce refuses the key: {words}", do)]
    if answer.status == 403:
        return [Finding("problem", f"WooCommerce does not let {settings.username} in: {words}", ROLE)]
    do = "Where the application password isn't taken for WooCommerce, set WOOCOMMERCE_KEY and WOOCOMMERCE_SECRET."
    return [Finding("problem", f"WooCommerce does not let us in: {words}", do)]


async def _models(signed: Upstream) -> list[Finding]:
    """Whether the media library takes .glb files: WordPress only lists media of kinds that may be uploaded."""
    answer = await signed.send("GET", "/wp-json/wp/v2/media", params={"media_type": "model", "_fields": "id"})
    if answer.status == 400:
        return [Finding("warning", "The media library takes no .glb files, so 3D models can't be stored there.", GLB)]
    return [Finding("ok", "The media library takes 3D models.")] if answer.status < 400 else []


def _object(answer: Answer) -> dict[str, Any] | None:
    """The JSON object of an answer; None when it is something else."""
    try:
        body: Any = answer.json()
    except Refused:
        return None
    return cast("dict[str, Any]", body) if isinstance(body, dict) else None
