"""What may not get into a log, in 1,000 forms, and what must stay readable there."""

from __future__ import annotations

import base64
import json
import random
import string
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import phonenumbers

REGIONS = [
    *("FR", "DE", "US", "GB", "IT", "ES", "NL", "BE", "PT", "PL", "SE", "NO", "DK", "FI", "AT", "CH", "IE", "GR", "CZ"),
    *("HU", "RO", "TR", "IN", "JP", "KR", "CN", "BR", "MX", "CA", "AU", "NZ", "ZA", "NG", "KE", "EG", "MA", "AE", "IL"),
]
NATIONAL = ["FR", "DE", "US", "GB", "IT", "ES", "NL", "AU"]
FIRST = [
    "Amina",
    "Léa",
    "Jonas",
    "Sofia",
    "Noor",
    "Mateo",
    "Chloe",
    "Tiago",
    "Imani",
    "Ewa",
    "Łukasz",
    "Çağla",
    "Søren",
]
LAST = ["Okafor", "Moreau", "Weber", "Rossi", "de Vries", "García", "Peeters", "O'Brien", "Nowak", "Müller", "Nguyễn"]
STREETS = ["Rue Oberkampf", "Torstraße", "Via Tortona", "Calle del Barquillo", "Nationalestraat", "Mokotowska"]
LETTERS = string.ascii_letters + string.digits


class People:
    """Customers whom the shop's answers told of."""

    def __init__(self, dice: random.Random, number: int) -> None:
        self.addresses = [
            {
                "first_name": f"{dice.choice(FIRST)}{_lower(dice, 3)}",
                "last_name": f"{dice.choice(LAST)}{_lower(dice, 3)}",
                "address_1": f"{dice.randint(1, 200)} {dice.choice(STREETS)} {_lower(dice, 4)}",
                "country": "FR",
            }
            for _ in range(number)
        ]


def _lower(dice: random.Random, length: int) -> str:
    return "".join(dice.choices(string.ascii_lowercase, k=length))


def _word(dice: random.Random, length: int, letters: str = LETTERS) -> str:
    while True:
        found = "".join(dice.choices(letters, k=length))
        if letters != LETTERS or (
            any(map(str.islower, found)) and any(map(str.isupper, found)) and any(map(str.isdigit, found))
        ):
            return found


def _luhn(digits: str) -> str:
    total = sum(sum(divmod(2 * int(one), 10)) for one in digits[-1::-2]) + sum(int(one) for one in digits[-2::-2])
    return f"{digits}{-total % 10}"


def _card(dice: random.Random) -> str:
    start, length = dice.choice([("4", 16), ("51", 16), ("55", 16), ("37", 15), ("6011", 16), ("2221", 16)])
    number = _luhn(start + "".join(dice.choices(string.digits, k=length - 1 - len(start))))
    if length == 15:
        return dice.choice([number, f"{number[:4]} {number[4:10]} {number[10:]}"])
    groups = [number[at : at + 4] for at in range(0, 16, 4)]
    return dice.choice(["", " ", "-"]).join(groups)


def _iban(dice: random.Random) -> str:
    country, length = dice.choice([("DE", 22), ("FR", 27), ("NL", 18), ("ES", 24), ("GB", 22), ("PL", 28), ("NO", 15)])
    body = "".join(dice.choices(string.digits, k=length - 4))
    if country in {"NL", "GB"}:
        body = f"{''.join(dice.choices(string.ascii_uppercase, k=4))}{body[4:]}"
    check = 98 - int("".join(str(int(one, 36)) for one in f"{body}{country}00")) % 97
    whole = f"{country}{check:02d}{body}"
    return dice.choice([whole, " ".join(whole[at : at + 4] for at in range(0, length, 4))])


def _phone(dice: random.Random) -> str:
    kind = dice.choice([phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE])
    form = phonenumbers.PhoneNumberFormat
    if dice.random() < 0.3:
        number = phonenumbers.example_number_for_type(dice.choice(NATIONAL), kind)
        assert number is not None
        return phonenumbers.format_number(number, form.NATIONAL)
    number = phonenumbers.example_number_for_type(dice.choice(REGIONS), kind)
    assert number is not None
    written = phonenumbers.format_number(number, dice.choice([form.E164, form.INTERNATIONAL]))
    return written if dice.random() < 0.8 else f"00{written[1:]}"


def _email(dice: random.Random) -> str:
    local = dice.choice(
        [_lower(dice, 8), f"{_lower(dice, 4)}.{_lower(dice, 5)}", f"{_lower(dice, 4)}+{_lower(dice, 3)}", "jürgen"]
    )
    host = dice.choice(["example.com", "mail.example.co.uk", "bücher.example", "shop-1.example.io"])
    return f"{local}{dice.choice(['@', '@', '@', '%40'])}{host}"


def _jwt(dice: random.Random) -> str:
    parts = [json.dumps({"alg": "ES256"}), json.dumps({"sub": _lower(dice, 6), "n": dice.random()})]
    return ".".join([*(base64.urlsafe_b64encode(one.encode()).decode().rstrip("=") for one in parts), _word(dice, 43)])


def _app_password(dice: random.Random) -> str:
    return " ".join(_word(dice, 4, LETTERS) for _ in range(6))


SECRETS: list[Callable[[random.Random], str]] = [
    lambda dice: f"dsk_{_word(dice, 40)}",
    lambda dice: f"dsk_local_{_word(dice, 43)}",
    lambda dice: f"sk-proj-{_word(dice, 60)}",
    lambda dice: f"sk-ant-api03-{_word(dice, 60)}",
    lambda dice: f"AIza{_word(dice, 35)}",
    lambda dice: _word(dice, 32),  # Mistral
    lambda dice: _word(dice, 40),  # Cohere
    lambda dice: f"gsk_{_word(dice, 52)}",
    lambda dice: f"ck_{_word(dice, 40, '0123456789abcdef')}",
    lambda dice: f"cs_{_word(dice, 40, '0123456789abcdef')}",
    lambda dice: f"tsk_{_word(dice, 40)}",
    lambda dice: f"msy_{_word(dice, 40)}",
    _jwt,
    _app_password,
]
"""Recognised wherever they stand."""
HELD: list[str] = [
    "Authorization: Bearer {}", "{{'authorization': 'Bearer {}'}}", "password={}", "refresh_token={}&grant_type=x",
    "https://user:{}@shop.example.com/wp-json", "postgresql://devskyy:{}@db/devskyy", "redis://:{}@cache:6379/0",
    '{{"client_secret": "{}"}}', "api_key: {}", "Cookie: session={}", "code_verifier={}", "X-Api-Key: {}",
]  # fmt: skip
"""Where a secret of any form stands in what libraries write."""
SENTENCES = [
    "calling {} now", "{}", "order 61 for {} failed", "KeyError: '{}'", 'payload {{"value": "{}"}}', "({})", "<{}>",
    "value={} status=400", "could not reach {}: timed out", "a, {}, b", "Zoë wrote: {}.",
]  # fmt: skip


def canaries(dice: random.Random, people: People, number: int) -> list[tuple[str, str]]:
    """So many (line, what must not be in it)."""
    makers: list[Callable[[], tuple[str, str]]] = [
        lambda: _said(dice, dice.choice(SECRETS)(dice)),
        lambda: _held(dice),
        lambda: _said(dice, f"Basic {base64.b64encode(f'{_lower(dice, 5)}:{_word(dice, 12)}'.encode()).decode()}", 6),
        lambda: _said(dice, _email(dice)),
        lambda: _said(dice, _phone(dice)),
        lambda: _said(dice, _card(dice)),
        lambda: _said(dice, _iban(dice)),
        lambda: _person(dice, people),
    ]
    return [makers[at % len(makers)]() for at in range(number)]


def _said(dice: random.Random, value: str, skip: int = 0) -> tuple[str, str]:
    return dice.choice(SENTENCES).format(value), value[skip:]


def _held(dice: random.Random) -> tuple[str, str]:
    value = _word(dice, dice.randint(8, 20))
    return dice.choice(HELD).format(value), value


def _person(dice: random.Random, people: People) -> tuple[str, str]:
    one = dice.choice(people.addresses)
    whole = f"{one['first_name']} {one['last_name']}"
    value = dice.choice([whole, whole.upper(), one["address_1"], one["last_name"]])
    return _said(dice, value)


def innocents(dice: random.Random, number: int) -> Iterator[str]:
    """What shops' logs are full of: SKUs, prices, dates, times, order numbers, EANs, sizes, digests, ids."""
    for at in range(number):
        yield _INNOCENT[at % len(_INNOCENT)](dice)


def _ean(dice: random.Random, length: int = 13) -> str:
    digits = dice.choice(["40", "50", "76", "87", "30", "84", "54"]) + "".join(
        dice.choices(string.digits, k=length - 3)
    )
    weights = [3 if (length - at) % 2 == 0 else 1 for at in range(length - 1)]
    return f"{digits}{-sum(int(one) * weight for one, weight in zip(digits, weights, strict=True)) % 10}"


def _moment(dice: random.Random) -> datetime:
    return datetime(2020, 1, 1, tzinfo=UTC).replace(tzinfo=None) + timedelta(seconds=dice.randint(0, 300_000_000))


def _price(dice: random.Random) -> float:
    return dice.randint(1, 99_999_999) / 100


_INNOCENT: list[Callable[[random.Random], str]] = [
    lambda dice: f"MS-LVH-{dice.randint(1, 99):02d}-BLK-{dice.choice('SML')}",
    lambda dice: f"SKU {dice.randint(100, 999)}-{dice.randint(1000, 9999)}-{dice.randint(10, 99)}",
    lambda dice: f"sku={dice.randint(10_000, 99_999_999)}",
    lambda dice: f"{dice.choice(string.ascii_uppercase)}{dice.randint(100_000, 9_999_999)}",
    lambda dice: f"{_price(dice):,.2f} EUR",
    lambda dice: f"{_price(dice):,.2f}".replace(",", ".").replace(".", ",", 1) + " €",
    lambda dice: f"{dice.randint(1, 9)} {dice.randint(100, 999)},00 €",
    lambda dice: f"{dice.randint(1, 99)}.{dice.randint(100, 999)}.{dice.randint(100, 999)}",
    lambda dice: f"total {_price(dice):.2f} tax {_price(dice):.2f}",
    lambda dice: _moment(dice).isoformat(),
    lambda dice: _moment(dice).isoformat(" "),
    lambda dice: _moment(dice).strftime("%d.%m.%Y %H:%M"),
    lambda dice: _moment(dice).strftime("%m/%d/%Y"),
    lambda dice: _moment(dice).strftime("%d-%m-%Y"),
    lambda dice: _moment(dice).strftime("%Y%m%d%H%M%S"),
    lambda dice: _moment(dice).strftime("%H:%M:%S,123"),
    lambda dice: str(int(_moment(dice).timestamp())),
    lambda dice: str(int(_moment(dice).timestamp() * 1_000_000)),
    lambda dice: f"{_moment(dice).timestamp():.3f}",
    lambda dice: f"order {dice.randint(1, 999_999)}",
    lambda dice: f"#{dice.randint(100_000, 99_999_999)}",
    lambda dice: f"WC-{dice.randint(2020, 2027)}-{dice.randint(0, 999_999):06d}",
    lambda dice: f"invoice {dice.randint(2020, 2027)}-{dice.randint(0, 999_999):06d}",
    lambda dice: f"EAN {_ean(dice)}",
    lambda dice: _ean(dice),
    lambda dice: f"EAN-8 {_ean(dice, 8)}",
    lambda dice: f"GTIN 1{_ean(dice)}",
    lambda dice: f"{dice.randint(20, 60)} x {dice.randint(20, 60)} x {dice.randint(5, 60)} cm",
    lambda dice: f"{_word(dice, 64, '0123456789abcdef')}",
    lambda dice: str(uuid.UUID(int=dice.getrandbits(128), version=4)),
    lambda dice: f"chg_{_word(dice, 12)}",
    lambda dice: f"job_{_word(dice, 20)}",
    lambda dice: f"192.168.{dice.randint(0, 255)}.{dice.randint(0, 255)}:{dice.randint(1024, 65535)}",
    lambda dice: f"took {dice.random() * 1000:.6f} ms, {dice.randint(1, 10_000_000)} bytes",
    lambda dice: f"ids {', '.join(str(dice.randint(1, 99_999)) for _ in range(6))}",
    lambda dice: f"ids {' '.join(str(dice.randint(100, 99_999)) for _ in range(6))}",
    lambda dice: f"10.5.{dice.randint(0, 30)}",
    lambda dice: 'File "/usr/lib/python3.11/site-packages/sqlalchemy/engine/base.py", line 1967, in _exec_single',
]
