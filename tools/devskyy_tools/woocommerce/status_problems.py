"""What is wrong with a shop, read out of its status report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

Json = dict[str, Any]
LONGEST = 40
_WANTED = {
    "fsockopen_or_curl_enabled": "PHP has neither fsockopen nor cURL: payments and updates can't reach out.",
    "domdocument_enabled": "PHP has no DOMDocument: mails are not styled.",
    "gzip_enabled": "PHP has no gzip.",
    "mbstring_enabled": "PHP has no mbstring: texts in other scripts break.",
    "log_directory_writable": "The folder of the logs can't be written to.",
    "wp_cron": "WordPress' own timer (WP-Cron) is off: without another one mails, webhooks and reports wait.",
}
MEMORY = 64 * 1024 * 1024


def problems(report: Mapping[str, Any]) -> list[str]:
    """One sentence for each; what a report does not say is no problem."""
    environment, security = (cast("Json", report.get(name) or {}) for name in ("environment", "security"))
    found = [text for name, text in _WANTED.items() if environment.get(name) is False]
    for name, does in (("remote_post_successful", "send to"), ("remote_get_successful", "fetch from")):
        if environment.get(name) is False:
            found.append(f"The shop can't {does} other servers.")
    if 0 < int(environment.get("wp_memory_limit") or 0) < MEMORY:
        found.append("WordPress has less than 64 MB of memory.")
    if environment.get("wp_debug_mode"):
        found.append("WP_DEBUG is on: errors may show to visitors.")
    if security.get("secure_connection") is False:
        found.append("The shop is not served over https.")
    if security.get("hide_errors") is False:
        found.append("PHP shows its errors to visitors.")
    return [*found, *_versions(report), *_theme(report), *_pages(report)]


def _versions(report: Mapping[str, Any]) -> list[str]:
    environment, database = (cast("Json", report.get(name) or {}) for name in ("environment", "database"))
    found: list[str] = []
    if (database.get("wc_database_version") or environment.get("version")) != environment.get("version"):
        found.append(
            f"WooCommerce is {environment.get('version')}, its database {database['wc_database_version']}: it is to be "
            "updated (db_update_routine)."
        )
    behind = [
        f"{one['name']} {one['version']} ({one['version_latest']})"
        for one in cast("list[Json]", report.get("active_plugins") or [])
        if one.get("version_latest") and one["version_latest"] != one.get("version")
    ]
    if behind:
        found.append(f"Plugins have newer versions: {', '.join(behind[:10])}.")
    return found


def _theme(report: Mapping[str, Any]) -> list[str]:
    theme = cast("Json", report.get("theme") or {})
    found: list[str] = []
    if theme.get("has_outdated_templates"):
        old = [str(one.get("file")) for one in cast("list[Any]", theme.get("overrides") or []) if _outdated(one)]
        found.append(f"The theme overrides outdated templates: {', '.join(old[:10]) or 'see detail theme'}.")
    return found


def _outdated(override: Any) -> bool:
    one = cast("Json", override) if isinstance(override, dict) else {}
    return one.get("version") != one.get("core_version")


def _pages(report: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    for page in cast("list[Json]", report.get("pages") or []):
        name = page.get("page_name")
        if not page.get("page_set"):
            found.append(f"The page {name} is not set.")
        elif not page.get("page_exists"):
            found.append(f"The page {name} does not exist any more.")
        elif not page.get("page_visible"):
            found.append(f"The page {name} is not public.")
        elif (page.get("shortcode_required") or page.get("block_required")) and not (
            page.get("shortcode_present") or page.get("block_present")
        ):
            found.append(f"The page {name} lacks its shortcode or block.")
    return found


def section_of(report: Mapping[str, Any], name: str) -> Any:
    """One section, its tables cut to what a person reads; paths on the server are left out."""
    return _cut(report.get(name))


def _cut(value: Any) -> Any:
    if isinstance(value, dict):
        items = cast("Json", value).items()
        return {
            key: _cut(one) for key, one in list(items)[:LONGEST] if key not in ("log_directory", "store_id", "_links")
        }
    if isinstance(value, list):
        return [_cut(one) for one in cast("list[Any]", value)[:LONGEST]]
    return value
