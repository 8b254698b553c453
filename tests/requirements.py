"""What DevSkyy promises, one entry per promise.

``tests/unit/test_requirements.py`` keeps this list and the tests in step: each promise has a test that carries
``@pytest.mark.requirement(id)``, and no test claims a promise that is not made here. ``source`` says who asks for it:
``card A`` (the issue of this part, and its paragraph), ``design`` (and its section), or a specification.
"""

from __future__ import annotations

from typing import NamedTuple


class Requirement(NamedTuple):
    id: str
    source: str
    promise: str


REQUIREMENTS = [
    # audit
    Requirement(
        "audit:append_only", "card A, core", "The database itself refuses to change or delete a row of the audit."
    ),
    Requirement("audit:chain", "card A, core", "Each audit row's hash covers every field and the row before."),
    Requirement("audit:every-call", "card A, shown 3", "Each call leaves exactly one record of the call."),
    Requirement(
        "audit:group_commit", "card A, core", "Reads are audited in groups, on disk within 200 ms, for 5 µs each."
    ),
    Requirement(
        "audit:never_dropped", "card A, core", "When the audit can't be written calls are refused, none forgotten."
    ),
    Requirement(
        "audit:no-write-without", "design, the one road", "Nothing is sent when its intent can't be recorded first."
    ),
    Requirement("audit:tamper", "card A, shown 5", "`devskyy audit verify` finds any single edit at the exact row."),
    Requirement("audit:with_the_write", "card A, core", "A write's audit record commits with the write, in one chain."),
    # changes
    Requirement("changes:apply-once", "design, changes", "However often a proposal is applied, it is sent once."),
    Requirement("changes:confirm-always", "design, changes", "A newly connected real shop asks for every write."),
    Requirement(
        "changes:elicit", "design, changes", "A host that can ask a person does so, and the answer binds to that call."
    ),
    Requirement("changes:fence", "design, the one road", "A process that stood still past its lease does not send."),
    Requirement("changes:locks", "card A, shown 7", "Two writers on one object never mix their writes."),
    Requirement(
        "changes:lost-answer", "design, the one road", "A write whose answer was lost is looked up, not sent again."
    ),
    Requirement("changes:no-op", "design, changes", "What is so already is not written again."),
    Requirement("changes:outcomes", "design, changes", "Each operation's outcome is told, also what was not taken."),
    Requirement("changes:person", "design, changes", "What is risky waits for a person, who may agree or decline."),
    Requirement("changes:preview", "design, changes", "A preview sends nothing and can be applied by its id."),
    Requirement("changes:privacy", "design, changes", "Before-images expire."),
    Requirement("changes:private", "design, changes", "A change of another principal is not found."),
    Requirement("changes:repeat", "card A, shown 7", "The same create sent twice makes one object."),
    Requirement("changes:settle", "design, the one road", "Writes of a process that died are resolved by looking."),
    Requirement(
        "changes:stale", "design, changes", "A plan that no longer fits is refused with the plan as it is now."
    ),
    Requirement(
        "changes:undo", "design, changes", "Undo takes back what moved, and says what it leaves alone and why."
    ),
    Requirement("changes:write", "design, changes", "A write without risk is done at once and told."),
    # command line
    Requirement(
        "cli:approve",
        "design, changes",
        "`devskyy approve` shows the whole diff and takes the number of objects at a terminal.",
    ),
    Requirement(
        "cli:call", "card A, surfaces", "Any tool can be called at a command line with flags made from its schema."
    ),
    Requirement("cli:doctor", "card A, two commands", "`devskyy doctor` says in words what is wrong and what to do."),
    Requirement(
        "cli:errors",
        "card A, surfaces",
        "The command line refuses with the same codes, as words or JSON and an exit status.",
    ),
    Requirement(
        "cli:light", "design, layout", "The command line loads nothing heavy before it knows what is asked for."
    ),
    Requirement(
        "cli:office",
        "card A, surfaces",
        "Tools, changes, the audit and the local key can be looked at from a command line.",
    ),
    Requirement(
        "cli:serve", "card A, two commands", "Serving prints addresses and host configurations; a busy port is told."
    ),
    Requirement(
        "cli:words", "card A, surfaces", "Words become the JSON values that a tool's schema asks for, or stay text."
    ),
    # the demo shop and real shops
    Requirement("contract:auth", "card A, bed", "Demo shop and WordPress agree on who may come in."),
    Requirement("contract:content", "card A, bed", "Demo shop and WordPress agree on posts and pages."),
    Requirement("contract:lists", "card A, bed", "Demo shop and WordPress agree on lists, pages and totals."),
    Requirement("contract:media", "card A, bed", "Demo shop and WordPress agree on uploads and media."),
    Requirement("contract:orders", "card A, bed", "Demo shop and WooCommerce agree on orders, notes and refunds."),
    Requirement("contract:products", "card A, bed", "Demo shop and WooCommerce agree on products."),
    Requirement("contract:shop-auth", "card A, bed", "Demo shop and WooCommerce agree on keys and signatures."),
    Requirement("contract:shop-lists", "card A, bed", "Demo shop and WooCommerce agree on lists, pages and totals."),
    Requirement(
        "contract:shop-nouns", "card A, bed", "Demo shop and WooCommerce agree on customers, coupons and reviews."
    ),
    Requirement("contract:site", "card A, bed", "Demo shop and WordPress agree on the index, types and settings."),
    Requirement("contract:terms", "card A, bed", "Demo shop and WordPress agree on categories and tags."),
    Requirement("contract:variations", "card A, bed", "Demo shop and WooCommerce agree on variations."),
    # database
    Requirement(
        "db:dsn", "card A, core", "Database addresses as operators write them work, and are never repeated in an error."
    ),
    Requirement("db:failures", "card A, core", "A database that is away, locked, full or none is told in words."),
    Requirement("db:migrations", "card A, core", "One schema on SQLite and Postgres; migrations go up, down and up."),
    Requirement("db:sqlite", "card A, core", "Every SQLite connection is durable and checks its keys."),
    Requirement("db:start", "card A, core", "Processes that start on one empty database make one schema."),
    Requirement("db:transactions", "card A, core", "A transaction commits whole or not at all, whoever is cancelled."),
    # documents and the project itself
    Requirement(
        "docs:agree", "card A, shown 8", "Generated pages, settings, make targets and links agree with the code."
    ),
    Requirement(
        "errors:no-internals", "card A, core", "An unforeseen error says nothing of itself, only its incident number."
    ),
    Requirement("package:locks", "card A, two commands", "The lock files hold what pyproject.toml asks for, by hash."),
    Requirement("package:neighbours", "card A, shown 8", "The wheel works beside openai-agents, outside the checkout."),
    Requirement("package:no-stray-modules", "design, layout", "No .py lies in agents/ or directly in tools/."),
    Requirement(
        "package:setup",
        "card A, two commands",
        "`make` says clearly when Python is too old or can't make environments.",
    ),
    Requirement(
        "tools:snapshots", "card A, shown 8", "Every tool's description, schemas and policy equal its snapshot."
    ),
    # outbound calls
    Requirement(
        "http:bad-answers", "card A, shown 7", "HTML, half a JSON and gateways' errors are told as what they are."
    ),
    Requirement("http:breaker", "card A, speed", "A server that is down is left alone, then tried once."),
    Requirement("http:cancel", "card A, core", "A cancelled call gives its turn back."),
    Requirement("http:deadline", "card A, speed", "A server that never answers is given up within 10 s."),
    Requirement("http:in-flight", "card A, speed", "At most 4 calls are in flight per shop."),
    Requirement(
        "http:rate-limit", "card A, shown 7", "429 is waited for when there is time, and told with the wait else."
    ),
    Requirement("http:reached", "design, the one road", "Whether a failed write may have arrived is known."),
    Requirement("http:redirects", "design, layout", "A redirect is told and never followed."),
    Requirement("http:refused", "card A, speed", "A refused connection is told within 0.5 s."),
    Requirement("http:retries", "design, layout", "Only what is safe to repeat is repeated."),
    Requirement("http:secrets", "card A, core", "No secret reaches a message or a log."),
    Requirement("http:size", "design, layout", "A large answer is cut off, packed or not."),
    Requirement("ssrf:addresses", "card A, core", "Unsafe addresses are refused without a connection."),
    Requirement("ssrf:file", "card A, core", "Only files of a welcome kind and size are fetched."),
    Requirement("ssrf:public", "card A, core", "Public addresses are fetched, their certificates checked."),
    Requirement("ssrf:rebinding", "card A, core", "A name is resolved once and the connection goes there."),
    Requirement("ssrf:redirects", "card A, core", "Every redirect is checked like the first address."),
    # REST and the HTTP app
    Requirement("http:headers", "design, embedded defaults", "Every answer is hardened and open to no other site."),
    Requirement(
        "rest:bodies", "card A, shown 7", "JSON with two meanings, none, or too much of it is refused in words."
    ),
    Requirement("rest:cancel", "design, REST", "A read ends when its caller goes away; a write goes on."),
    Requirement("rest:errors", "design, REST", "Every refusal is a problem document with the one code."),
    Requirement("rest:idempotency", "design, REST", "The same Idempotency-Key is carried out once."),
    Requirement("rest:tools:call", "design, REST", "A tool is called with its arguments as the body."),
    Requirement("rest:tools:get", "design, REST", "A read is answered to GET with an ETag, a write never."),
    Requirement("rest:tools:list", "design, REST", "The list names each tool with its policy and links."),
    Requirement(
        "rest:writes", "design, REST", "A write over REST is staged, shown, applied and followed like any other."
    ),
    # settings
    Requirement(
        "settings:demo_or_own", "card A, two commands", "WORDPRESS_URL turns the demo shop into the brand's own."
    ),
    Requirement("settings:env_example", "card A, shown 8", "`.env.example` is what the settings say."),
]
