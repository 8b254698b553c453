"""Every table, once, for SQLite and Postgres. Import it inside functions only: it loads SQLAlchemy.

Times are microseconds since 1970 UTC in columns named ``*_at``. A change here needs a migration beside it
(``migrations/README.md``); the tests compare the two.
"""

from .agents import brand_guides, run_events
from .changes import change_ops, change_sets, change_undoes, object_locks
from .columns import Json, metadata
from .durable import executors, job_events, job_steps, jobs
from .experiments import experiment_events, experiment_looks, experiment_units, experiments
from .guard import NO_HASH, audit, audit_checkpoints, audit_head, data_keys, kept_results, settings, taints
from .models import llm_calls
from .oauth import oauth_clients, oauth_codes, oauth_consents, oauth_grants, oauth_refresh_tokens, signing_keys
from .people import api_keys, login_tries, sessions, users, ws_tickets
from .round_table import round_table_entries, round_table_rounds, round_table_scores

__all__ = [
    "NO_HASH",
    "Json",
    "api_keys",
    "audit",
    "audit_checkpoints",
    "audit_head",
    "brand_guides",
    "change_ops",
    "change_sets",
    "change_undoes",
    "data_keys",
    "executors",
    "experiment_events",
    "experiment_looks",
    "experiment_units",
    "experiments",
    "job_events",
    "job_steps",
    "jobs",
    "kept_results",
    "llm_calls",
    "login_tries",
    "metadata",
    "oauth_clients",
    "oauth_codes",
    "oauth_consents",
    "oauth_grants",
    "oauth_refresh_tokens",
    "object_locks",
    "round_table_entries",
    "round_table_rounds",
    "round_table_scores",
    "run_events",
    "sessions",
    "settings",
    "signing_keys",
    "taints",
    "users",
    "ws_tickets",
]
