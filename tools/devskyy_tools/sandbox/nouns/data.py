"""wc/v3 data: currencies, countries with their states, continents."""

from __future__ import annotations

from devskyy_tools.sandbox.auth import require_shop
from devskyy_tools.sandbox.envelope import Call, Json, Reply, RestError, links
from devskyy_tools.sandbox.routing import Endpoint, Route
from devskyy_tools.sandbox.seed.settings import CONTINENTS, COUNTRIES, STATES, currencies, currency_of
from devskyy_tools.sandbox.site import CURRENCY

BASE = "/wc/v3/data"


def routes() -> list[Route]:
    get = "GET"
    return [
        Route(f"{BASE}/currencies", "currency", {get: Endpoint(all_currencies, {})}, nested=False),
        Route(f"{BASE}/currencies/current", "currency", {get: Endpoint(current_currency, {})}, nested=False),
        Route(f"{BASE}/currencies/{{code:s}}", "currency", {get: Endpoint(currency, {})}, nested=False),
        Route(f"{BASE}/countries", "", {get: Endpoint(countries, {})}, nested=False),
        Route(f"{BASE}/countries/{{code:s}}", "", {get: Endpoint(country, {})}, nested=False),
        Route(f"{BASE}/continents", "", {get: Endpoint(continents, {})}, nested=False),
        Route(f"{BASE}/continents/{{code:s}}", "", {get: Endpoint(continent, {})}, nested=False),
    ]


def _shown_currency(call: Call, code: str) -> Reply:
    name, symbol = currencies()[code]
    base = f"{BASE}/currencies"
    return Reply({"code": code, "name": name, "symbol": symbol}, links=links(call, f"{base}/{code}", base))


def all_currencies(call: Call) -> Reply:
    require_shop(call, "list")
    return Reply([_shown_currency(call, code).whole() for code in currencies()])


def currency(call: Call) -> Reply:
    require_shop(call, "read")
    code = str(call["code"]).upper()
    if code not in currencies():
        message = "There are no currencies matching these parameters."
        raise RestError("woocommerce_rest_data_invalid_currency", message, 404)
    return _shown_currency(call, code)


def current_currency(call: Call) -> Reply:
    require_shop(call, "read")
    return _shown_currency(call, CURRENCY)


def _states(code: str) -> list[Json]:
    return [{"code": key, "name": name} for key, name in STATES.get(code, {}).items()]


def _shown_country(call: Call, code: str) -> Reply:
    base = f"{BASE}/countries"
    data = {"code": code, "name": COUNTRIES[code], "states": _states(code)}
    return Reply(data, links=links(call, f"{base}/{code.lower()}", base))


def countries(call: Call) -> Reply:
    require_shop(call, "list")
    return Reply([_shown_country(call, code).whole() for code in COUNTRIES])


def country(call: Call) -> Reply:
    require_shop(call, "read")
    code = str(call["code"]).upper()
    if code not in COUNTRIES:
        raise _nowhere()
    return _shown_country(call, code)


def _nowhere() -> RestError:
    return RestError("woocommerce_rest_data_invalid_location", "There are no locations matching these parameters.", 404)


def _inside(code: str) -> Json:
    """A country as continents hold it: what the shop knows of its money has taken the place of its name."""
    money = currency_of(code)
    known: Json = {
        "currency_code": money, "currency_pos": "right_space", "decimal_sep": ",", "dimension_unit": "cm",
        "num_decimals": 2, "thousand_sep": " ", "weight_unit": "kg",
    }  # fmt: skip
    return {"code": code, "name": currencies()[money][0], **known, "states": _states(code)}


def _shown_continent(call: Call, code: str) -> Reply:
    name, members = CONTINENTS[code]
    base = f"{BASE}/continents"
    data: Json = {"code": code, "name": name, "countries": [_inside(member) for member in members]}
    return Reply(data, links=links(call, f"{base}/{code.lower()}", base))


def continents(call: Call) -> Reply:
    require_shop(call, "list")
    return Reply([_shown_continent(call, code).whole() for code in CONTINENTS])


def continent(call: Call) -> Reply:
    require_shop(call, "read")
    code = str(call["code"]).upper()
    if code not in CONTINENTS:
        raise _nowhere()
    return _shown_continent(call, code)
