"""Who has an account on the site, and the passwords that programs sign in with."""

from __future__ import annotations

from .base import Collection, fields

USERS = Collection(
    "users", "wp", "users", "user", text_ids=fields("id"), html=fields("description"), derived=fields("password"),
    texts="outside", cannot_undo={"delete": "the account is gone for good"},
)  # fmt: skip
"""``me`` stands for the account that is signed in. A password is set by its owner alone."""
APP_PASSWORDS = Collection(
    "application_passwords", "wp", "users/{user_id}/application-passwords", "application password", id_field="uuid",
    text_ids=fields("id"), title="name", derived=fields("app_id"),
    cannot_undo={"delete": "the programs that sign in with it need another one"},
)  # fmt: skip
APP_PASSWORD_SETS = Collection(
    "application_password_sets", "wp", "users/{user_id}/application-passwords", "set of application passwords",
    single=True, holds="items", cannot_undo={"delete": "the programs that sign in with them need others"},
)  # fmt: skip
