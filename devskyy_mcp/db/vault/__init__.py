"""Secrets at rest: what may be secret or personal is sealed on its way into the database, and opened on its way out.

A value is sealed by a data key (AES-256-GCM) and bound to its table, column and row. Data keys lie in the table
``data_keys``, each sealed by a key of the key ring, which is never in the database (ADR 0009).
"""

from .columns import SEALED, Sealed
from .keyring import Keyring
from .vault import Vault, vault_of

__all__ = ["SEALED", "Keyring", "Sealed", "Vault", "vault_of"]
