"""Settings, shipping, taxes, webhooks, ways to pay: what the shop would garble, and what follows from a change."""

from __future__ import annotations

import re
from typing import Any, cast

import anyio

from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.guard.redact import redactor

from . import collections as at
from . import money, typed
from .draft import Draft, plural
from .hidden import SECRETS

Json = dict[str, Any]
PRIVATE = frozenset({"address", "name", "notation"})
"""Rules of the guard that mean: leads into a network of one's own. WordPress does not deliver there."""
MALFORMED = frozenset({"characters", "scheme", "userinfo", "host"})
DNS_SECONDS = 2.0
_ACTION = re.compile(r"action\.(woocommerce|wc)_\w+")
_TOPICS = frozenset(
    f"{noun}.{event}"
    for noun in ("coupon", "customer", "order", "product")
    for event in ("created", "updated", "deleted", "restored")
)
_MATTERS = {
    "woocommerce_currency": "Prices keep their numbers, in another currency: 79.00 stays 79.00.",
    "woocommerce_price_num_decimals": "Prices are shown and rounded with another number of decimals.",
    "woocommerce_calc_taxes": "Taxes are added at the checkout, or no longer.",
    "woocommerce_prices_include_tax": "The prices that are entered mean something else: with, or without tax.",
    "woocommerce_default_country": "Taxes and shipping are worked out from another place.",
    "woocommerce_allowed_countries": "Other countries can buy.",
    "woocommerce_ship_to_countries": "Other countries are shipped to.",
    "woocommerce_custom_orders_table_enabled": "Orders are kept elsewhere in the database: back it up first.",
}
_COST = re.compile(r"\d+(\.\d+)?|[\d\s.+*/()-]*(\[(qty|cost|fee)[^\[\]]*\][\d\s.+*/()-]*)+")


def _described(**kinds: Any) -> Json:
    """Fields as the shop describes them: a type, or the options of a choice."""
    return {
        name: {"id": name, "type": kind} if isinstance(kind, str) else {"id": name, "type": "select", "options": kind}
        for name, kind in kinds.items()
    }


_TAXED = {"taxable": "Taxable", "none": "None"}
USUAL_METHODS: dict[str, Json] = {
    "flat_rate": _described(
        title="text", tax_status=_TAXED, cost="text", no_class_cost="text", type={"class": "", "order": ""}
    ),
    "local_pickup": _described(title="text", tax_status=_TAXED, cost="text"),
    "free_shipping": _described(
        title="text", min_amount="text", ignore_discounts="checkbox",
        requires={"": "No requirement", "coupon": "A coupon", "min_amount": "", "either": "", "both": ""},
    ),
}  # fmt: skip
"""What WooCommerce's own kinds of shipping can be set to: before one is made, the shop does not say."""
SYSTEM_DANGERS = {
    "delete_taxes": "ALL tax rates are deleted.",
    "delete_orphaned_variations": "Variations without a product are deleted.",
    "delete_custom_orders_table": "The tables that hold orders are deleted.",
    "hpos_legacy_cleanup": "Order data in the old tables is deleted.",
    "clear_sessions": "All customers lose their carts and are signed out of the checkout.",
    "install_pages": "Shop pages that are missing are made, and seen by visitors.",
    "reset_roles": "Roles of the shop get their usual rights back; changes of one's own are lost.",
    "db_update_routine": "The database is updated: have a backup.",
    "clear_expired_download_permissions": "Used-up rights to download are deleted.",
}


async def setting_foresee(draft: Draft) -> None:
    """A person agrees to each; keys are not shown."""
    draft.asks.append("Changes how the whole shop works.")
    if typed.is_secret(draft.present):
        _hide(draft, ["value"], draft.body.get("value"))
    if draft.target in _MATTERS:
        draft.warnings.append(_MATTERS[str(draft.target)])


async def gateway(draft: Draft) -> None:
    """Each setting is one that the gateway has, of its type."""
    fields = cast("Json", draft.present.get("settings") or {})
    if "settings" in draft.body:
        draft.body["settings"] = typed.checked_all(fields, draft.body["settings"], draft.label)
    for name, kind in (("title", "safe_text"), ("description", "textarea")):
        if name in draft.body:
            draft.body[name] = typed.checked({"id": name, "type": kind}, draft.body[name], name)


async def gateway_foresee(draft: Draft) -> None:
    draft.asks.append("Changes how customers pay.")
    fields = cast("Json", draft.present.get("settings") or {})
    sent = cast("Json", draft.body.get("settings") or {})
    secret = [name for name in sent if isinstance(fields.get(name), dict) and typed.is_secret(fields[name])]
    _hide(draft, [f"settings.{name}" for name in secret], *(sent[name] for name in secret))
    if "enabled" in draft.body:
        draft.effects.append(f"{draft.label} {'is offered' if draft.body['enabled'] else 'is gone'} at the checkout.")
    if draft.body.get("enabled") and draft.present.get("needs_setup"):
        draft.warnings.append(f"{draft.label} is not set up yet: customers can't pay with it.")
    if "order" in draft.body and draft.present.get("order") == "":
        draft.undo = "the gateway had no place of its own, and can't have none again"


def _hide(draft: Draft, names: list[str], *values: Any) -> None:
    draft.note[SECRETS] = [*draft.note.get(SECRETS, []), *names]
    for value in values:
        if isinstance(value, str):
            redactor.learn_secret(value)


async def zone(draft: Draft) -> None:
    """Names are told apart; the rest of the world is no zone that can be changed."""
    _no_zone_0(draft, draft.target)
    name = draft.body.get("name")
    if name is not None:
        name = draft.body["name"] = typed.checked({"id": "name", "type": "text"}, name, "name")
        if not name:
            draft.refuse("a zone needs a name.")
        others = (await draft.shop.list(at.SHIPPING_ZONES)).items
        twin = next((one for one in others if one["name"] == name and one["id"] != draft.target), None)
        if twin is not None:
            draft.refuse(f"zone {twin['id']} has this name.", "Change that one, or choose another name.", Code.CONFLICT)


async def zone_delete(draft: Draft) -> None:
    _no_zone_0(draft, draft.target)
    methods = (await draft.shop.list(at.ZONE_METHODS, zone_id=draft.target)).items
    if methods:
        names = ", ".join(str(one["title"]) for one in methods[:5])
        draft.warnings.append(f"{draft.label}: {plural(len(methods), 'shipping method')} would go too: {names}.")
    draft.effects.append("Its customers get what the next zone that fits offers, or the rest of the world.")


def _no_zone_0(draft: Draft, zone_id: object) -> None:
    if zone_id == 0:
        draft.refuse(
            "zone 0 is the rest of the world: it can't be changed or deleted.",
            "Its methods can: woo_zone_methods_create with zone_id 0.",
        )


async def places(draft: Draft) -> None:
    """Countries, states and continents that there are: the shop stores any code, which then fits nobody."""
    _no_zone_0(draft, draft.parent.get("zone_id"))
    wanted = draft.lines("locations")
    codes = {str(one.get("code", "")) for one in wanted if one.get("type") != "postcode"}
    if not codes - {str(one["code"]) for one in cast("list[Json]", draft.was("locations") or [])}:
        return
    for one in wanted:
        kind, code = str(one.get("type")), str(one.get("code"))
        known = await _known_places(draft, kind, code)
        if kind != "postcode" and code not in known:
            hint = "A state is its country and its own code, such as US:CA; woo_reference_list has them."
            draft.refuse(f"the shop knows no {kind} {code!r}.", hint if kind == "state" else typed.nearest(code, known))


async def _known_places(draft: Draft, kind: str, code: str) -> list[str]:
    """The codes among which this one must be; each list is asked for once per draft."""
    country = code.partition(":")[0]
    if kind == "postcode" or (kind == "state" and not re.fullmatch("[A-Z]{2}", country)):
        return []
    path = {"country": "countries", "continent": "continents"}.get(kind, f"countries/{country}")
    cache = cast("dict[str, list[str]]", draft.note.setdefault("known", {}))
    if path not in cache:
        query = {} if kind == "state" else {"_fields": "code"}
        found = await draft.shop.client.get(f"/wc/v3/data/{path}", query, f"country {country}")
        rows = cast("list[Json]", found["states"] if kind == "state" else found)
        cache[path] = sorted(f"{country}:{one['code']}" if kind == "state" else one["code"] for one in rows)
    return cache[path]


async def places_foresee(draft: Draft) -> None:
    draft.note.pop("known", None)
    draft.effects.append("Customers of these places see other ways of shipping, or none.")
    draft.leaves.append("goods")


async def zone_method(draft: Draft) -> None:
    """A kind of shipping that there is; settings that it has, costs that are amounts or formulas."""
    fields = cast("Json", draft.present.get("settings") or {})
    if draft.kind == "create":
        kinds = {str(one["id"]): one for one in (await draft.shop.list(at.SHIPPING_METHODS)).items}
        kind = str(draft.body.get("method_id"))
        if kind not in kinds:
            draft.refuse(f"the shop has no kind of shipping {kind[:60]!r}.", typed.nearest(kind, kinds))
        fields = USUAL_METHODS.get(kind, {})
    sent = cast("Json", draft.body.get("settings") or {})
    if sent and fields:
        sent = draft.body["settings"] = typed.checked_all(fields, sent, draft.label)
    for name, value in sent.items():
        if ("cost" in name or name == "min_amount") and value and not _COST.fullmatch(str(value)):
            draft.refuse(f"{name} is no amount: the shop would take it for 0.", 'Such as "9.90", or "5 + 2 * [qty]".')


async def zone_method_foresee(draft: Draft) -> None:
    draft.effects.append("Customers of the zone see it at the checkout at once.")


async def tax(draft: Draft) -> None:
    """Rates that are numbers, places as the shop writes them, a class that there is."""
    body = draft.body
    if "rate" in body:
        rate = money.amount_or_none(body["rate"])
        if rate is None or not rate.is_finite() or not 0 <= rate <= 100:
            draft.refuse("a rate is a percentage between 0 and 100.", 'Such as "20" or "5.5".')
        body["rate"] = f"{rate:.4f}"
    for name in ("country", "state"):
        if name in body:
            body[name] = str(body[name]).upper().replace("*", "")
    for name in ("postcodes", "cities"):
        if name in body:
            body[name] = [str(one).strip().upper() for one in body[name] if str(one).strip()]
            if not body[name] and draft.was(name):
                draft.refuse(f"{name} can't be emptied through the shop's API.", "Make a new rate, delete this one.")
    if "class" in body:
        slugs = [one["slug"] for one in await draft.shop.taken.whole(at.TAX_CLASSES)]
        if body["class"] not in slugs:
            draft.refuse(
                f"there is no tax class {str(body['class'])[:60]!r}.", typed.nearest(str(body["class"]), slugs)
            )
    if draft.kind == "create":
        await _no_twin(draft)


async def _no_twin(draft: Draft) -> None:
    wanted = _holds_for(draft.body)
    rates = await draft.shop.taken.whole(at.TAXES, **{"class": wanted["class"]})
    held = next((f"tax rate {one['id']} holds" for one in rates if _holds_for(one) == wanted), "")
    for op in draft.shop.unit.ops:
        if op.kind == "create" and op.collection == at.TAXES.name and _holds_for(op.body) == wanted:
            held = "another new rate would hold"
    if held:
        draft.refuse(
            f"{held} for the same place, priority and class: only one of them would count.",
            "Change that one, or give another priority.",
            Code.CONFLICT,
        )


def _holds_for(rate: Json) -> Json:
    """Place, priority and class; what is left out is as the shop takes it."""
    fields = {name: rate.get(name, usual) for name, usual in _EVERYWHERE.items()}
    return {
        name: sorted(map(str, cast("list[Any]", value))) if isinstance(value, list) else value
        for name, value in fields.items()
    }


_EVERYWHERE: Json = {"country": "", "state": "", "postcodes": [], "cities": [], "priority": 1, "class": "standard"}


async def tax_foresee(draft: Draft) -> None:
    draft.effects.append("What customers pay at the checkout changes.")
    for name in ("postcodes", "cities"):
        if draft.kind == "update" and draft.body.get(name) and not draft.was(name):
            draft.undo = f"{name} can't be emptied through the shop's API"


async def tax_class(draft: Draft) -> None:
    """A name of its own."""
    name = draft.body["name"] = typed.checked({"id": "name", "type": "text"}, draft.body.get("name"), "name")
    known = {str(one["name"]).lower(): one["slug"] for one in (await draft.shop.list(at.TAX_CLASSES)).items}
    if not name or name.lower() in known:
        draft.refuse("a tax class needs a name of its own.", f"There are: {', '.join(known)}.", Code.CONFLICT)


async def tax_class_delete(draft: Draft) -> None:
    if draft.target == "standard":
        draft.refuse("the standard class can't be deleted.")
    rates = await draft.shop.list(at.TAXES, **{"class": str(draft.target)}, per_page=100)
    if rates.total:
        draft.warnings.append(f"{draft.label}: {plural(rates.total, 'tax rate')} would go too.")


async def webhook(draft: Draft) -> None:
    """Topics that there are, addresses that the shop would deliver to."""
    topic = draft.body.get("topic")
    if topic is not None and topic not in _TOPICS and not _ACTION.fullmatch(str(topic)):
        hint = f"{typed.nearest(str(topic), sorted(_TOPICS))} Others are action.woocommerce_… with the name of a hook."
        draft.refuse(f"there is no topic {str(topic)[:60]!r}.", hint)
    url = draft.body.get("delivery_url")
    if url is not None and url != draft.was("delivery_url"):
        await _address(draft, str(url))


async def _address(draft: Draft, url: str) -> None:
    if url.lower().startswith("http://"):
        draft.warnings.append("The address is http: orders and customers' data travel in the clear. Use https.")
    from devskyy_mcp.guard.ssrf import check_url

    with anyio.move_on_after(DNS_SECONDS):
        try:
            await check_url(url, allow_http=True)
        except Refused as refused:
            rule = refused.details.get("rule")
            if rule in MALFORMED:
                draft.refuse("delivery_url is no address that can be delivered to.", refused.message)
            if rule in PRIVATE:
                draft.warnings.append(
                    "delivery_url leads into a private network: WordPress does not deliver there, and the shop "
                    "switches the webhook off after five failures. Use an address that the internet reaches."
                )
            elif rule == "port":
                draft.warnings.append("WordPress delivers to the ports 80, 443 and 8080 only.")
            else:
                draft.warnings.append("The host of delivery_url is not found; look whether it is spelled right.")


async def webhook_foresee(draft: Draft) -> None:
    """A person agrees to where data goes; the secret is never shown, and can't be read to be brought back."""
    if "secret" in draft.body:
        _hide(draft, ["secret"], draft.body["secret"])
        if draft.kind == "update":
            draft.undo = "the secret from before can't be read"
    topic = draft.will("topic")
    if draft.kind != "delete" and ({"delivery_url", "topic", "status"} & draft.body.keys()):
        draft.asks.append(f"Sends data out of the shop: {topic}, to {str(draft.will('delivery_url'))[:200]}.")
        draft.leaves.append("request")
    if draft.kind == "create":
        draft.effects.append("The shop pings the address at once, and delivers from now on.")


async def webhook_delete(draft: Draft) -> None:
    draft.effects.append(f"Nothing is delivered to {str(draft.was('delivery_url'))[:200]} any more.")
