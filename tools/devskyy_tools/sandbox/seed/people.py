"""Who can sign in, with which passwords and keys, and the customers. All of it is public: this shop is a demo."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime, timedelta

from devskyy_tools.sandbox import clock
from devskyy_tools.sandbox.auth import hashed
from devskyy_tools.sandbox.envelope import Json
from devskyy_tools.sandbox.store import Store

DEMO_USER = "demo"
DEMO_APP_PASSWORD = "demo demo demo demo demo demo"  # noqa: S105 # the demo shop's, meant to be known
DEMO_PASSWORDS = {
    DEMO_USER: DEMO_APP_PASSWORD,
    "manager": "shop shop shop shop shop shop",
    "editor": "edit edit edit edit edit edit",
    "author": "auth auth auth auth auth auth",
    "subscriber": "subs subs subs subs subs subs",
}


def _word(prefix: str) -> str:
    return f"{prefix}_{hashlib.sha1(f'maison-skyy {prefix}'.encode(), usedforsecurity=False).hexdigest()}"


DEMO_KEY, DEMO_SECRET = _word("ck"), _word("cs")
DEMO_READ_KEY, DEMO_READ_SECRET = f"ck_{_word('read ck')[-40:]}", f"cs_{_word('read cs')[-40:]}"

_ROLES = {DEMO_USER: "administrator", "manager": "shop_manager", "editor": "editor", "author": "author"}
_CUSTOMERS = (
    ("Amina", "Okafor", "12 Rue Oberkampf", "Paris", "75011", "FR"),
    ("Léa", "Moreau", "4 Quai Saint-Antoine", "Lyon", "69002", "FR"),
    ("Jonas", "Weber", "Torstraße 81", "Berlin", "10119", "DE"),
    ("Sofia", "Rossi", "Via Tortona 27", "Milano", "20144", "IT"),
    ("Noor", "de Vries", "Haarlemmerdijk 60", "Amsterdam", "1013 JD", "NL"),
    ("Mateo", "García", "Calle del Barquillo 9", "Madrid", "28004", "ES"),
    ("Chloe", "Peeters", "Nationalestraat 33", "Antwerpen", "2000", "BE"),
    ("Tiago", "Almeida", "Rua da Rosa 114", "Lisboa", "1200-388", "PT"),
    ("Imani", "Baptiste", "8 Rue Paradis", "Marseille", "13001", "FR"),
    ("Ewa", "Nowak", "Mokotowska 49", "Warszawa", "00-542", "PL"),
)
ADDRESS = ("first_name", "last_name", "company", "address_1", "address_2", "city", "postcode", "country", "state")


def sow(store: Store, today: datetime, *, customers: bool) -> None:
    users = [_user(store, login, _ROLES.get(login, "subscriber"), today) for login in DEMO_PASSWORDS]
    if customers:
        users += [_customer(store, place, entry, today) for place, entry in enumerate(_CUSTOMERS)]
    store.put_many("user", users)
    admin = users[0]["id"]
    store.set_option(
        "keys",
        [
            {"key": DEMO_KEY, "secret": DEMO_SECRET, "permissions": "read_write", "user": admin},
            {"key": DEMO_READ_KEY, "secret": DEMO_READ_SECRET, "permissions": "read", "user": admin},
        ],
    )


def blank(store: Store, login: str, email: str, roles: list[str], created: str) -> Json:
    """Return a new user's document."""
    return {
        "id": store.new_id("user"), "login": login, "slug": login.lower(), "email": email, "name": login,
        "first_name": "", "last_name": "", "nickname": login, "description": "", "url": "", "locale": "en_US",
        "roles": roles, "created": created, "modified": created, "app_passwords": [], "meta": [],
        "billing": dict.fromkeys((*ADDRESS, "email", "phone"), ""), "shipping": dict.fromkeys((*ADDRESS, "phone"), ""),
    }  # fmt: skip


def app_password(name: str, password: str, created: str, seed: str) -> Json:
    return {
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, seed)), "app_id": "", "name": name, "created": created,
        "last_used": created, "last_ip": "127.0.0.1", "hash": hashed(password),
    }  # fmt: skip


def _user(store: Store, login: str, role: str, today: datetime) -> Json:
    created = (today - timedelta(days=400)).strftime(clock.FORMAT)
    body = blank(store, login, f"{login}@maison-skyy.example.com", [role], created)
    body["name"] = body["nickname"] = login.capitalize()
    body["app_passwords"] = [app_password("Demo", DEMO_PASSWORDS[login], created, f"sandbox:{login}")]
    return body


def _customer(store: Store, place: int, entry: tuple[str, ...], today: datetime) -> Json:
    first, last, street, city, postcode, country = entry
    login = f"{first}.{last}".lower().replace(" ", "").encode("ascii", "ignore").decode()
    body = blank(
        store,
        login,
        f"{login}@example.com",
        ["customer"],
        (today - timedelta(days=300 - 23 * place)).strftime(clock.FORMAT),
    )
    body.update(first_name=first, last_name=last, name=f"{first} {last}", nickname=first)
    address = {
        "first_name": first,
        "last_name": last,
        "address_1": street,
        "city": city,
        "postcode": postcode,
        "country": country,
    }
    body["billing"] |= {**address, "email": body["email"], "phone": f"+33 1 55 01 {place:02d} 0{place}"}
    body["shipping"] |= address
    return body
