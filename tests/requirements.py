"""What DevSkyy promises, one entry per promise.

``tests/unit/test_requirements.py`` keeps this list and the tests in step: each promise has a test that carries
``@pytest.mark.requirement(id)``, and no test claims a promise that is not made here. ``source`` says what asks for it:
``product`` (what its users were promised), ``design`` (docs/architecture.md and docs/adr/), or a specification.
"""

from __future__ import annotations

from typing import NamedTuple


class Requirement(NamedTuple):
    id: str
    source: str
    promise: str


REQUIREMENTS = [
    # every route of the shop
    Requirement("routes:all", "product, routes", "Each required route that a site lists is reached by a tool."),
    Requirement(
        "changes:round-trip",
        "product, routes",
        "A change that can be undone leaves all fields as they were, but those of the published list.",
    ),
    Requirement("results:as-declared", "product, results", "What real shops lead to is as the tool's schema says."),
    Requirement("reports:one-question", "product, reports", "What changed since a time is one list, file and undo."),
    Requirement(
        "roles:said-before", "product, roles", "What the shop's account may not do is said before it is asked."
    ),
    Requirement("roles:marked", "product, roles", "Finding a tool tells that the shop's account may not use it."),
    Requirement(
        "results:cap", "product, results", "A result has a size; beyond it, it is cut, says so, and is kept whole."
    ),
    Requirement("results:fields", "product, results", "Lists give the fields that are asked for."),
    # finding a tool
    Requirement("find:words", "product, finding", "By words alone, 7 of 10 colloquial requests have their tool in 5."),
    Requirement(
        "find:meaning", "product, finding", "With [find] 88 % have it in 5, 93 % in 10, within 25 ms, offline."
    ),
    Requirement("find:phrases", "product, finding", "Each tool has phrases that people say; hosts' lists hold none."),
    Requirement("find:kept", "design, finding", "Vectors are made once and kept; a spoilt file is made anew."),
    Requirement("find:checked", "design, finding", "Only the encoder's known file of weights is ever loaded."),
    Requirement("find:allowed", "product, finding", "A tool that the caller may not use is not found."),
    # stopping
    Requirement(
        "stop:everything", "product, stopping", "While writes are stopped none is sent, and running jobs wait."
    ),
    Requirement(
        "stop:page", "product, stopping", "Owners stop writes on a page, and let them go on with a fresh proof."
    ),
    Requirement("stop:command", "product, stopping", "A command stops writes; a person at a terminal lets them go on."),
    # content and people
    Requirement("content:round-trips", "product, shown 3", "Content, terms and accounts come back as they were."),
    Requirement("content:clean-html", "product", "What is published holds nothing that could run, whoever writes it."),
    Requirement("content:blocks", "product", "Block markup that the editor can't read is refused with a remedy."),
    Requirement("content:kinds", "product", "Types and taxonomies are those that the site itself lists."),
    Requirement("accounts:guarded", "product", "Accounts are a person's to decide; passwords are seen by nobody else."),
    # the gate, and what is logged
    Requirement("trust:labelled", "product, gate", "A result with texts of customers or the web says so everywhere."),
    Requirement("trust:hidden", "product, gate", "Such texts come without what people can't see, and else as written."),
    Requirement("trust:marked", "product, gate", "Who has read such texts is known to every process for its time."),
    Requirement("trust:fails-closed", "product, gate", "Where nobody can tell who has read, a person is asked."),
    Requirement("gate:person", "product, gate", "After such texts a person agrees to what leaves the shop."),
    Requirement("gate:privileged", "product, gate", "After such texts a privileged call waits for a person's yes."),
    Requirement("gate:obeying-host", "product, gate", "A host that obeys every text it reads sends nothing out."),
    Requirement("logs:redacted", "product, logs", "No secret and no personal datum gets into the log."),
    Requirement("logs:readable", "product, logs", "SKUs, prices, dates and order numbers stay readable in the log."),
    Requirement("logs:structured", "product, logs", "Log lines are objects with time, place, request and principal."),
    Requirement(
        "hostile:shop", "product, bad input", "A shop that lies breaks no tool and gets no request that is not its own."
    ),
    Requirement(
        "hostile:inputs",
        "security, shown 3",
        "20,000 hostile inputs lead to no 5xx but 503, no incident in the log, no hang and no growth.",
    ),
    Requirement("limits:layers", "security", "Principal, tool and address have limits, counted in one step and told."),
    Requirement("limits:heads", "security", "Addresses and headers that are too large or too many are answered 431."),
    Requirement("limits:sockets", "security", "WebSockets of one person, and messages on one, are bounded."),
    Requirement("limits:sessions", "security", "One person can't take all the MCP sessions there are."),
    Requirement(
        "limits:connections", "security T16", "Who holds connections takes none from others, nor all there are."
    ),
    Requirement("limits:readers", "security T16", "Who does not read the answer is cut off."),
    Requirement("limits:turns", "security T16", "Many calls of one principal at once keep no other waiting for all."),
    Requirement("limits:big-bodies", "security T16", "Large bodies of one principal are counted before they are read."),
    Requirement("logs:strangers", "security T16", "What strangers send that is refused writes no line each."),
    Requirement("limits:slow-senders", "security", "Who drips a head or a body is cut off."),
    Requirement("audit:listing", "product, jobs", "The audit is listed newest first, narrowed and in pages."),
    Requirement("changes:pages", "product, jobs", "Changes are listed newest first, each once over all pages."),
    Requirement("jobs:policies", "product, shown 3", "Rates, priorities, deadlines and attempts of jobs are kept to."),
    Requirement(
        "jobs:retention",
        "product, jobs",
        "What has ended goes after its time; what is unfinished stays.",
    ),
    # jobs, and what happens to them
    Requirement(
        "events:changes", "product, jobs", "A change that one process carries out is announced by every other."
    ),
    Requirement("events:once", "product, jobs", "A reader has each event once and in order, from any cursor on."),
    Requirement(
        "events:subscriptions", "product, jobs", "Who subscribed to a job on MCP hears of it, wherever it runs."
    ),
    Requirement(
        "events:wake", "product, jobs", "Readers are woken across processes, and nothing runs while none waits."
    ),
    Requirement("jobs:answering", "product, jobs", "A job goes on with an answer that its question allows, no other."),
    Requirement("lists:indexed", "product, shown 7", "No list is scanned or sorted, whatever it is narrowed to."),
    Requirement("jobs:consent", "product, jobs", "No tool answers a job's question that asks for a person's consent."),
    Requirement("jobs:bad-input", "product, shown 8", "Bad input to jobs is refused alike on every surface."),
    Requirement("jobs:listing", "product, jobs", "Jobs are listed newest first, each once over all pages."),
    Requirement(
        "jobs:not-found", "product, shown 8", "Another principal's job is not found, like one that is not there."
    ),
    Requirement(
        "jobs:resolving", "product, jobs", "A person says once what became of a paid call, and the job goes on."
    ),
    Requirement("jobs:budget", "product, paid calls", "What is over budget is refused before anything is sent."),
    Requirement("jobs:caps", "product, shown 3", "A provider never sees more jobs at once than its queue allows."),
    Requirement("jobs:kill", "product, shown 1", "Processes killed at random lose, double and leave lying no job."),
    Requirement("jobs:needs-review", "product, paid calls", "Where a provider can't be asked, a person decides."),
    Requirement(
        "jobs:parked", "product, jobs", "A deadline or a cancel ends what waits for a person; what was paid is told."
    ),
    Requirement("jobs:paid-once", "product, shown 2", "A paid call is sent once, wherever its process dies."),
    Requirement(
        "jobs:rescue", "product, rescue", "A dead worker's jobs go on elsewhere, even as the database restarts."
    ),
    Requirement("jobs:takeover", "product, engine", "One process is a file's worker; the next one takes over."),
    Requirement("jobs:zombie", "product, shown 3", "What a worker does that was thought dead changes nothing."),
    Requirement("jobs:stopping", "product, jobs", "A job is cancelled once; one that has ended stays as it is."),
    Requirement("jobs:waiting", "product, jobs", "Waiting ends with the job; the same call again gives the same job."),
    # assets
    Requirement("assets:upload", "product, tools", "A picture sent over REST is checked, kept once and can be used."),
    Requirement("assets:tables", "product, tools", "A CSV table is told by what it holds, kept, and no picture."),
    # audit
    Requirement(
        "audit:append_only", "product, core", "The database itself refuses to change or delete a row of the audit."
    ),
    Requirement("audit:chain", "product, core", "Each audit row's hash covers every field and the row before."),
    Requirement("audit:every-call", "product, shown 3", "Each call leaves exactly one record of the call."),
    Requirement(
        "audit:group_commit", "product, core", "Reads are audited in groups, on disk within 200 ms, for 5 µs each."
    ),
    Requirement(
        "audit:never_dropped", "product, core", "When the audit can't be written calls are refused, none forgotten."
    ),
    Requirement(
        "audit:no-write-without", "design, the one road", "Nothing is sent when its intent can't be recorded first."
    ),
    Requirement("audit:tamper", "product, shown 5", "`devskyy audit verify` finds any single edit at the exact row."),
    Requirement(
        "audit:with_the_write", "product, core", "A write's audit record commits with the write, in one chain."
    ),
    # bulk
    Requirement("bulk:away", "product, jobs", "A shop that is away is waited for; after long enough given up."),
    Requirement("bulk:cancel", "product, jobs", "A cancelled bulk ends its chunks; the rest is told as not sent."),
    Requirement("bulk:drift", "product, jobs", "What changed since the preview is skipped, told, and no more."),
    Requirement("bulk:filter", "product, jobs", "Products are found by a filter and set alike, summed up first."),
    Requirement("bulk:job", "product, jobs", "More than 100 changes are one job, one change set and one undo."),
    Requirement("bulk:killed", "product, shown 1", "A bulk that is killed anywhere goes on, and sends nothing twice."),
    Requirement("bulk:locks", "product, jobs", "Two bulk changes never write the same objects at once."),
    Requirement("bulk:moves", "product, shown 8", "A bare sign makes no price: a move is by:-5.00 or -15%."),
    Requirement("bulk:pages", "product, jobs", "A change of any size is shown 20 rows at a time, each once."),
    Requirement("bulk:requests", "product, shown 7", "100 products take at most 8 requests, preview included."),
    Requirement("bulk:resumes", "product, jobs", "A bulk goes on where it was, in whatever process."),
    Requirement("bulk:variations", "product, jobs", "Variations are changed with their products when asked."),
    Requirement("bulk:zombie", "product, jobs", "A run that was superseded changes nothing more."),
    # catalog
    Requirement(
        "catalog:import",
        "product, shown 7",
        "A CSV is checked whole before the first write, its bad rows told; what was exported changes nothing.",
    ),
    Requirement("play:reprice", "product, playbooks", "Prices move by rule, none below its floor, with one undo."),
    Requirement(
        "play:reconcile", "product, playbooks", "Stock follows a count less what was sold since, with one undo."
    ),
    Requirement("play:brief", "product, playbooks", "The morning brief is one call of at most 2,000 tokens."),
    Requirement(
        "catalog:export", "product, jobs", "The catalogue comes as CSV in WooCommerce's columns, restarts or not."
    ),
    # the catalogue
    Requirement("catalogue:bulk", "product, reach", "A bulk change is checked whole, and tells of each wrong item."),
    Requirement("catalogue:matrix", "product, reach", "40 sizes and colours are at most three calls and one undo."),
    Requirement("catalogue:attributes", "product, reach", "Shared attributes keep their slug, and go with a yes only."),
    Requirement("catalogue:variations-included", "product, reach", "Prices and stock reach variations, too."),
    Requirement("catalogue:copies", "product, reach", "Copies, and what goes with a product, are found and undone."),
    Requirement("catalogue:reviews", "product, reach", "Reviews are labelled as texts from outside."),
    Requirement("catalogue:round-trips", "product, bed", "Writes are shown, done and undone exactly, on every shop."),
    # changes
    Requirement("changes:apply-once", "design, changes", "However often a proposal is applied, it is sent once."),
    Requirement("changes:confirm-always", "design, changes", "A newly connected real shop asks for every write."),
    Requirement(
        "changes:elicit", "design, changes", "A host that can ask a person does so, and the answer binds to that call."
    ),
    Requirement("changes:fence", "design, the one road", "A process that stood still past its lease does not send."),
    Requirement("changes:locks", "product, shown 7", "Two writers on one object never mix their writes."),
    Requirement(
        "changes:lost-answer", "design, the one road", "A write whose answer was lost is looked up, not sent again."
    ),
    Requirement("changes:no-op", "design, changes", "What is so already is not written again."),
    Requirement("changes:outcomes", "design, changes", "Each operation's outcome is told, also what was not taken."),
    Requirement("changes:outcome-words", "design, changes", "The words of an outcome say what was done, and no more."),
    Requirement("changes:person", "design, changes", "What is risky waits for a person, who may agree or decline."),
    Requirement("changes:preview", "design, changes", "A preview sends nothing and can be applied by its id."),
    Requirement("changes:privacy", "design, changes", "Before-images expire."),
    Requirement("changes:private", "design, changes", "A change of another principal is not found."),
    Requirement(
        "changes:question-lines", "design, changes", "Texts of the shop can't pass for other lines of a question."
    ),
    Requirement("changes:repeat", "product, shown 7", "The same create sent twice makes one object."),
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
        "`devskyy approve` shows the whole diff, of a big one totals and first rows, and takes the number of objects.",
    ),
    Requirement(
        "cli:call", "product, surfaces", "Any tool can be called at a command line with flags made from its schema."
    ),
    Requirement(
        "cli:clients", "product, sign-in", "`devskyy clients` lets programs act in their own name, and ends it."
    ),
    Requirement("cli:users", "product, people", "`devskyy users` makes the first owner and changes accounts."),
    Requirement("cli:doctor", "product, two commands", "`devskyy doctor` says in words what is wrong and what to do."),
    Requirement(
        "cli:errors",
        "product, surfaces",
        "The command line refuses with the same codes, as words or JSON and an exit status.",
    ),
    Requirement(
        "cli:light", "design, layout", "The command line loads nothing heavy before it knows what is asked for."
    ),
    Requirement(
        "cli:office",
        "product, surfaces",
        "Tools, changes, the audit and the local key can be looked at from a command line.",
    ),
    Requirement(
        "cli:serve", "product, two commands", "Serving prints addresses and host configurations; a busy port is told."
    ),
    Requirement(
        "cli:words", "product, surfaces", "Words become the JSON values that a tool's schema asks for, or stay text."
    ),
    # the demo shop and real shops
    Requirement("contract:auth", "product, bed", "Demo shop and WordPress agree on who may come in."),
    Requirement("contract:content", "product, bed", "Demo shop and WordPress agree on posts and pages."),
    Requirement("contract:lists", "product, bed", "Demo shop and WordPress agree on lists, pages and totals."),
    Requirement("contract:media", "product, bed", "Demo shop and WordPress agree on uploads and media."),
    Requirement("contract:orders", "product, bed", "Demo shop and WooCommerce agree on orders, notes and refunds."),
    Requirement("contract:products", "product, bed", "Demo shop and WooCommerce agree on products."),
    Requirement("contract:shop-auth", "product, bed", "Demo shop and WooCommerce agree on keys and signatures."),
    Requirement("contract:shop-lists", "product, bed", "Demo shop and WooCommerce agree on lists, pages and totals."),
    Requirement(
        "contract:shop-nouns", "product, bed", "Demo shop and WooCommerce agree on customers, coupons and reviews."
    ),
    Requirement(
        "contract:site-editing", "product, bed", "Demo shop and WordPress agree on all that a site is made of."
    ),
    Requirement(
        "site:round-trips", "product, routes", "Each write to the site is shown, done and undone on every shop."
    ),
    Requirement("site:plugins", "product, routes", "Code is switched by a person, and back where the site breaks."),
    Requirement("site:rules", "product, routes", "What the site would garble or drop is refused, with what to do."),
    Requirement("site:health", "product, routes", "The site's own tests are run, and it is said what to do."),
    Requirement("contract:site", "product, bed", "Demo shop and WordPress agree on the index, types and settings."),
    Requirement(
        "contract:store",
        "product, bed",
        "Demo shop and WooCommerce agree on settings, shipping, taxes, webhooks, gateways, status.",
    ),
    Requirement(
        "contract:catalogue", "product, bed", "Demo shop and WooCommerce agree on attributes, terms and copies."
    ),
    Requirement("contract:terms", "product, bed", "Demo shop and WordPress agree on categories and tags."),
    Requirement("contract:variations", "product, bed", "Demo shop and WooCommerce agree on variations."),
    # database
    Requirement(
        "db:dsn",
        "product, core",
        "Database addresses as operators write them work, and are never repeated in an error.",
    ),
    Requirement(
        "db:outage-logged-once",
        "operators",
        "A database that goes away is logged once, and once more when it is back, with how long it was away.",
    ),
    Requirement("db:failures", "product, core", "A database that is away, locked, full or none is told in words."),
    Requirement("db:migrations", "product, core", "One schema on SQLite and Postgres; migrations go up, down and up."),
    Requirement("db:prepared", "product, core", "Prepared statements mean the same on both databases."),
    Requirement("db:sqlite", "product, core", "Every SQLite connection is durable and checks its keys."),
    Requirement("db:start", "product, core", "Processes that start on one empty database make one schema."),
    Requirement("db:transactions", "product, core", "A transaction commits whole or not at all, whoever is cancelled."),
    # documents and the project itself
    Requirement(
        "docs:agree", "product, shown 8", "Generated pages, settings, make targets and links agree with the code."
    ),
    Requirement(
        "errors:no-internals", "product, core", "An unforeseen error says nothing of itself, only its incident number."
    ),
    Requirement("package:locks", "product, two commands", "The lock files hold what pyproject.toml asks for, by hash."),
    Requirement(
        "package:neighbours", "product, shown 8", "The wheel works beside openai-agents, outside the checkout."
    ),
    Requirement("package:no-stray-modules", "design, layout", "No .py lies in agents/ or directly in tools/."),
    Requirement(
        "package:setup",
        "product, two commands",
        "`make` says clearly when Python is too old or can't make environments.",
    ),
    Requirement(
        "tools:snapshots", "product, shown 8", "Every tool's description, schemas and policy equal its snapshot."
    ),
    # outbound calls
    Requirement(
        "http:bad-answers", "product, shown 7", "HTML, half a JSON and gateways' errors are told as what they are."
    ),
    Requirement("http:breaker", "product, speed", "A server that is down is left alone, then tried once."),
    Requirement("http:cancel", "product, core", "A cancelled call gives its turn back."),
    Requirement("http:deadline", "product, speed", "A server that never answers is given up within 10 s."),
    Requirement("http:in-flight", "product, speed", "At most 4 calls are in flight per shop."),
    Requirement(
        "http:rate-limit", "product, shown 7", "429 is waited for when there is time, and told with the wait else."
    ),
    Requirement("http:reached", "design, the one road", "Whether a failed write may have arrived is known."),
    Requirement("http:redirects", "design, layout", "A redirect is told and never followed."),
    Requirement("http:refused", "product, speed", "A refused connection is told within 0.5 s."),
    Requirement("http:retries", "design, layout", "Only what is safe to repeat is repeated."),
    Requirement("http:secrets", "product, core", "No secret reaches a message or a log."),
    Requirement("http:size", "design, layout", "A large answer is cut off, packed or not."),
    Requirement("ssrf:addresses", "product, core", "Unsafe addresses are refused without a connection."),
    Requirement("ssrf:file", "product, core", "Only files of a welcome kind and size are fetched."),
    Requirement("ssrf:public", "product, core", "Public addresses are fetched, their certificates checked."),
    Requirement("ssrf:rebinding", "product, core", "A name is resolved once and the connection goes there."),
    Requirement("ssrf:redirects", "product, core", "Every redirect is checked like the first address."),
    # REST and the HTTP app
    Requirement("http:headers", "design, embedded defaults", "Every answer is hardened and open to no other site."),
    Requirement(
        "rest:bodies", "product, shown 7", "JSON with two meanings, none, or too much of it is refused in words."
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
    # secrets at rest
    Requirement("vault:bound", "sign-in, secrets at rest", "A sealed value that was moved or altered is not used."),
    Requirement("vault:dump", "sign-in, secrets at rest", "Nobody's data is readable in a dump of the database."),
    Requirement(
        "vault:keyring", "sign-in, secrets at rest", "Encryption is always on: without a key one is made, or needed."
    ),
    Requirement("vault:lost", "sign-in, secrets at rest", "Without its key a database is refused in words."),
    Requirement(
        "vault:rotate", "sign-in, secrets at rest", "Keys are rotated while servers write; what was plain is sealed."
    ),
    Requirement("vault:sealed", "sign-in, secrets at rest", "What is sealed comes back as it was, and tells nothing."),
    Requirement("vault:strict", "sign-in, secrets at rest", "Where all is sealed, what is not is refused and told."),
    Requirement("vault:shared", "sign-in, secrets at rest", "Servers of one database open each other's values."),
    Requirement(
        "audit:checkpoints", "sign-in, secrets at rest", "Signed checkpoints tell of an audit that was written anew."
    ),
    Requirement(
        "audit:retention", "sign-in, secrets at rest", "Old rows go up to a checkpoint, and the rest stays proven."
    ),
    Requirement(
        "cli:keys", "sign-in, secrets at rest", "`devskyy keys` shows, rotates and verifies, and tells no key."
    ),
    Requirement(
        "settings:secrets", "sign-in, secrets at rest", "Missing, short or example secrets are refused in production."
    ),
    # sandbox
    Requirement(
        "sandbox:addresses", "product, the demo shop", "Addresses come from the stored URL, as WordPress's do."
    ),
    Requirement("sandbox:atomic", "product, the demo shop", "Parallel creates and paid orders never mix."),
    Requirement("sandbox:brand", "product, the demo shop", "The seed is a whole small brand, the same in every shop."),
    Requirement("sandbox:cheap", "product, speed", "Importing the demo shop loads no database or picture library."),
    Requirement("sandbox:faults", "product, the demo shop", "Each fault shows the client what a bad shop would."),
    Requirement("sandbox:log", "product, the demo shop", "Every request is in the log with its status."),
    Requirement(
        "sandbox:served", "product, the demo shop", "Behind a socket a drop closes it; a lost answer is silence."
    ),
    Requirement("sandbox:survives", "product, the demo shop", "A shop with a file is the same after a restart."),
    # settings
    Requirement(
        "settings:demo_or_own", "product, two commands", "WORDPRESS_URL turns the demo shop into the brand's own."
    ),
    Requirement("settings:env_example", "product, shown 8", "`.env.example` is what the settings say."),
    # approval page
    Requirement(
        "approvals:agree", "product, core", "Agreeing on the page carries the change out once and shows the outcome."
    ),
    Requirement(
        "approvals:csrf", "design, embedded defaults", "No other page can agree or decline in a person's name."
    ),
    Requirement("approvals:decline", "design, changes", "Declining on the page sends nothing."),
    Requirement("approvals:large", "design, changes", "A large change asks for the number of its objects."),
    Requirement(
        "approvals:page", "design, changes", "The page shows who asked, the whole diff, effects and reasons, escaped."
    ),
    Requirement("approvals:list", "design, changes", "One page lists what waits for a person, opened with the key."),
    Requirement("approvals:secret", "design, changes", "Nothing that approves appears in an answer or a log."),
    Requirement(
        "approvals:stale", "design, changes", "Agreeing to a plan that no longer fits shows the plan as it is now."
    ),
    Requirement("contract:shapes", "product, bed", "The demo shop's objects have the keys and types of the real ones."),
    Requirement(
        "db:cancelling",
        "product, core",
        "Cancelling at any moment leaves no open transaction and lets the process end.",
    ),
    Requirement(
        "docs:readme-conversation", "product, README", "The conversation in the README is what the tools really answer."
    ),
    Requirement(
        "docs:readme-hosts",
        "product, README",
        "The host configurations in the README are those that the server prints.",
    ),
    Requirement(
        "docs:readme-tool", "product, README", "The example of adding a tool in the README works as it stands."
    ),
    # durability
    Requirement("durability:apply-once", "product, shown 5", "Many who apply one proposal at once cause one write."),
    Requirement("durability:bulk", "product, shown 5", "A bulk change killed half-way is resolved object by object."),
    Requirement(
        "durability:kill",
        "product, shown 5",
        "kill -9 at each arrow of the road: no unrecorded write, no second one, each row resolved.",
    ),
    Requirement("durability:lost", "product, shown 5", "Answers that are lost between many writes are each looked up."),
    Requirement("durability:retry", "product, shown 5", "A caller's repetition after a failure never writes twice."),
    Requirement(
        "durability:stopped",
        "product, shown 5",
        "A process that is stopped and goes on later writes nothing of what was settled meanwhile.",
    ),
    Requirement("durability:writers", "product, shown 7", "Many writers of one object lose no update unseen."),
    # the door
    Requirement(
        "auth:api-keys", "product, sign-in", "An API key acts as its person, within its scopes, until it ends."
    ),
    Requirement("auth:audience", "RFC 8707", "A token is good for its resource and what lies below, and nowhere else."),
    Requirement(
        "auth:challenge", "RFC 6750, RFC 9728", "A 401 says where a token is to be had, and nothing can end its header."
    ),
    Requirement(
        "auth:cors", "product, sign-in", "Pages of the origins in the settings may call with cookies; no others."
    ),
    Requirement(
        "auth:csrf", "product, sign-in", "A session writes only with its own token, from a page of this server's."
    ),
    Requirement(
        "auth:external", "product, sign-in", "Access tokens of an identity provider are taken, within a person's role."
    ),
    Requirement(
        "auth:external-misconfigured",
        "operators",
        "What is wrong with the identity provider, and which setting, stands in the log once, in /health and doctor.",
    ),
    Requirement(
        "auth:fail-modes",
        "product, sign-in",
        "While the database is away, who was known reads; writes get a 503 at once.",
    ),
    Requirement("auth:headers", "product, sign-in", "Every answer carries the security headers."),
    Requirement("auth:jobs", "product, sign-in", "What runs later runs only for who may still do it."),
    Requirement("auth:lists", "product, sign-in", "Lists show what the caller may use, and nothing else."),
    Requirement(
        "auth:matrix", "product, sign-in", "Every tool, for every role, on every surface answers as the policy has it."
    ),
    Requirement("auth:mcp-sessions", "MCP", "A session belongs to who opened it; for others there is none."),
    Requirement(
        "auth:modes", "product, sign-in", "Nobody listens elsewhere without sign-in and an address of its own."
    ),
    Requirement("auth:no-passthrough", "MCP", "A caller's token or key is never passed on to the shop."),
    Requirement("auth:one-way", "RFC 6750", "A request with a session and a token is refused."),
    Requirement("auth:proxies", "product, sign-in", "Only proxies in the settings are believed on who calls."),
    Requirement(
        "auth:revocation", "product, sign-in", "What is revoked ends at once in this process, in others in 5 seconds."
    ),
    Requirement("auth:sites", "product, sign-in", "Other hosts and origins get nothing, whatever they show."),
    Requirement("auth:sockets", "product, sign-in", "A socket ends with what opened it, and loses what that loses."),
    Requirement("auth:step-up", "MCP", "A call that lacks scopes is told all that it needs, before it is dispatched."),
    Requirement("auth:tickets", "product, sign-in", "A ticket is good once over all servers, for its page, for 30 s."),
    Requirement("auth:tokens", "RFC 9068", "Of forged, altered, foreign and worn tokens none is let in."),
    # loopback
    Requirement(
        "loopback:address", "design, embedded defaults", "Without sign-in the server only listens on this machine."
    ),
    Requirement(
        "loopback:bodies",
        "design, embedded defaults",
        "Only JSON bodies are taken, so that a web page's form does nothing.",
    ),
    Requirement(
        "loopback:host", "design, embedded defaults", "Only exact Host values are answered, against DNS rebinding."
    ),
    Requirement("loopback:key", "design, embedded defaults", "With a real shop HTTP asks for the local key."),
    Requirement(
        "loopback:origin",
        "design, embedded defaults",
        "A web page that calls 127.0.0.1 is refused before anything runs.",
    ),
    # MCP
    Requirement("mcp:annotations", "design, declaration", "Hints follow from each tool's policy."),
    Requirement(
        "mcp:both-eras", "design, MCP", "The 2026-07-28 wire and the handshake versions are served from one endpoint."
    ),
    Requirement("mcp:cancellation", "MCP, cancellation", "A cancelled call ends its handler."),
    Requirement(
        "mcp:cold-start",
        "product, speed",
        "Starting stdio costs at most 1.5 times the SDK's import and loads nothing slow.",
    ),
    Requirement("mcp:completion", "MCP, completion", "Arguments of prompts and variables of templates are completed."),
    Requirement(
        "mcp:conformance",
        "product, shown 2",
        "The official suite passes on both wires with an empty list of expected failures.",
    ),
    Requirement(
        "mcp:conformance-catalogue", "product, shown 2", "The scenarios without fixtures pass on the real catalogue."
    ),
    Requirement("mcp:elicitation", "design, changes", "A host that can ask a person does so on both eras."),
    Requirement("mcp:fails-closed", "design, embedded defaults", "A request without a principal is refused."),
    Requirement("mcp:hook", "product, shown 2", "The hook for fixtures is refused to every other pack."),
    Requirement("mcp:hostile-input", "product, shown 7", "A megabyte of text and 10,000 ids are refused in words."),
    Requirement("mcp:inspector", "product, shown 2", "The Inspector works over 2 transports and 3 eras."),
    Requirement(
        "mcp:inspector-strict", "product, shown 2", "The Inspector's strict check passes on the real catalogue."
    ),
    Requirement("mcp:instructions", "design, MCP", "The instructions explain finding, previewing and undoing in 2 KB."),
    Requirement("mcp:lists", "design, MCP", "Lists are in a fixed order and carry cache hints."),
    Requirement("mcp:loopback", "design, embedded defaults", "MCP over HTTP keeps to exact hosts and origins."),
    Requirement("mcp:no-leaks", "product, core", "Nothing internal leaves by a result."),
    Requirement(
        "mcp:profiles",
        "design, MCP",
        "The profile is chosen by address, header or flag; what isn't listed isn't called directly.",
    ),
    Requirement("mcp:progress", "MCP, progress", "A call that tells its progress is heard."),
    Requirement("mcp:prompts", "design, MCP", "Prompts are listed and rendered."),
    Requirement(
        "mcp:refusals", "product, surfaces", "A refusal is a result with isError that carries code, hint and retryable."
    ),
    Requirement("mcp:resources", "product, surfaces", "Resources and templates are listed and read."),
    Requirement(
        "mcp:run-time-tools", "product, shown 4", "A tool added at run time is there at once, and hosts are told."
    ),
    Requirement("mcp:scopes", "design, MCP", "Lists are cut by the principal's scopes."),
    Requirement("mcp:sdk-contract", "design, MCP", "What is used of the SDK's provisional interface is as expected."),
    Requirement(
        "mcp:sealed-state", "design, changes", "The state of a question holds only the change's id and is sealed."
    ),
    Requirement("mcp:sessions", "design, MCP", "Older hosts have sessions, modern requests none."),
    Requirement("mcp:stdio", "product, surfaces", "stdio carries JSON-RPC alone and ends cleanly."),
    Requirement("mcp:subscriptions", "product, surfaces", "Who subscribed to a change hears of it on both eras."),
    Requirement(
        "mcp:tasks", "MCP, tasks extension", "A job is a task, from its call to its result, for who takes them."
    ),
    Requirement("mcp:tasks-cancel", "MCP, tasks extension", "Cancelling a task is acknowledged, ended or not."),
    Requirement("mcp:tasks-changes", "MCP, tasks extension", "A change that a job carries out is a task too."),
    Requirement("mcp:tasks-errors", "MCP, tasks extension", "A refusal completes a task, only a crash fails it."),
    Requirement("mcp:tasks-headers", "MCP, tasks extension", "Over HTTP the Mcp-Name header must be the task's id."),
    Requirement("mcp:tasks-input", "MCP, tasks extension", "A task asks its person and goes on with the answers."),
    Requirement("mcp:tasks-news", "MCP, tasks extension", "Who listens to a task hears each time that it moves."),
    Requirement("mcp:tasks-own", "MCP, tasks extension", "Somebody else's task is not found, like one that never was."),
    Requirement("mcp:tasks-review", "MCP, tasks extension", "A person says in the task what became of a paid request."),
    Requirement(
        "mcp:tasks-without", "product, jobs", "A host without tasks waits for a job, with progress, for 45 seconds."
    ),
    Requirement("mcp:unknown-tool", "MCP, tools", "An unknown tool is a protocol error that names the nearest."),
    Requirement("mcp:waits-for-person", "design, changes", "A host that can't ask is told where a person can agree."),
    # health, more of REST, WebSocket
    Requirement("ops:health", "product, surfaces", "/health has the design's shape and says only what is so."),
    Requirement("rest:openapi", "product, surfaces", "The OpenAPI 3.1 document is valid and has every tool."),
    Requirement("rest:prompts", "product, surfaces", "Prompts are served over REST."),
    Requirement("rest:resources", "product, surfaces", "Resources are served over REST."),
    Requirement("ws:calls", "product, surfaces", "Tools are called over a WebSocket with the same results and errors."),
    Requirement("ws:cancel", "design, REST", "A call over a WebSocket can be cancelled, and ends with its socket."),
    Requirement("ws:events", "design, REST", "Changes are announced over the WebSocket."),
    Requirement("ws:hostile", "design, REST", "A hostile message is answered in words and ends nothing else."),
    Requirement("ws:limits", "design, REST", "Messages and calls at once are bounded."),
    Requirement(
        "ws:login", "design, embedded defaults", "With a real shop a WebSocket needs the key or a ticket, good once."
    ),
    Requirement("ws:origin", "design, embedded defaults", "A web page's WebSocket is refused."),
    Requirement("ws:progress", "design, REST", "Progress is told over the WebSocket."),
    # shop library
    Requirement("shop:asks", "design, changes", "A price move over 30 % and what leaves the shop ask a person."),
    Requirement("shop:batch-outcomes", "design, changes", "Each item of a batch has its own outcome."),
    Requirement(
        "shop:bin", "product, changes", "What lies in the bin is neither edited nor deleted twice by accident."
    ),
    Requirement("shop:compare", "design, changes", "What the shop made of a value is compared as the shop means it."),
    Requirement(
        "shop:content-rules",
        "product, changes",
        "What WordPress does silently wrong with posts and pages is refused or repaired.",
    ),
    Requirement(
        "shop:coupon-rules",
        "product, changes",
        "What WooCommerce does silently wrong with coupons is refused or repaired.",
    ),
    Requirement(
        "shop:credentials",
        "product, shown 7",
        "Credentials never travel in the clear; wrong ones are told by their setting.",
    ),
    Requirement(
        "shop:customer-rules",
        "product, changes",
        "What WooCommerce does silently wrong with customers is refused or repaired.",
    ),
    Requirement("shop:dependent-ops", "design, changes", "An operation may use the id of what an earlier one creates."),
    Requirement("shop:deterministic", "product, shown 5", "Staging twice gives one hash and sends only GETs."),
    Requirement("shop:errors", "product, shown 7", "The shop's irregular errors become plain words with one code."),
    Requirement("shop:inverse", "design, changes", "The inverse writes back what moved, leaf by leaf."),
    Requirement(
        "shop:list-parameters",
        "product, changes",
        "A list's unknown parameters are refused, since the shop ignores them.",
    ),
    Requirement("shop:lists", "product, shown 7", "A page past the end is empty and has the total."),
    Requirement("shop:locks", "product, core", "Each object that is written is locked."),
    Requirement(
        "shop:lost-answers", "design, the one road", "A write whose answer was lost is found by its key or stamp."
    ),
    Requirement("shop:money", "product, shown 7", "Amounts that are none are refused with the right form."),
    Requirement("shop:more-fields", "design, declaration", "Fields in `more` are checked against the shop's schema."),
    Requirement("shop:no-op", "design, changes", "What is so already is not staged."),
    Requirement("shop:not-taken", "design, changes", "What the shop did not take is an outcome of its own."),
    Requirement(
        "shop:order-effects", "design, changes", "E-mails and stock moves of an order's change are told before."
    ),
    Requirement(
        "shop:trade",
        "every route",
        "Mails, receipts, refunds, notes, totals and downloads are within reach; what leaves the shop asks a person.",
    ),
    Requirement(
        "shop:order-rules",
        "product, changes",
        "What WooCommerce does silently wrong with orders is refused or repaired.",
    ),
    Requirement("shop:overlay", "design, changes", "Reads in a handler see what it has staged."),
    Requirement(
        "shop:product-rules",
        "product, changes",
        "What WooCommerce does silently wrong with products is refused or repaired.",
    ),
    Requirement(
        "shop:refund-rules", "product, changes", "A refund is at most what is left, and says where money moves."
    ),
    Requirement("shop:requests", "product, speed", "Reads and writes take no more requests than promised."),
    Requirement(
        "shop:settings-rules",
        "product, routes",
        "Settings are checked against their own type and options before they go.",
    ),
    Requirement("shop:settings-secrets", "product, routes", "Keys of gateways and webhooks are shown nowhere."),
    Requirement(
        "shop:store-rules", "product, routes", "Zones, taxes and webhooks that the shop would garble are refused."
    ),
    Requirement("shop:store-undo", "product, routes", "Writes to the shop as a whole preview, apply and undo exactly."),
    Requirement("shop:undo-drift", "design, changes", "An undo leaves alone what was changed since."),
    Requirement("shop:undo-exact", "design, changes", "An undo leaves the object as it was."),
    Requirement("shop:uploads", "product, tools", "Media are uploaded checked, by URL, asset or allowed folder."),
    Requirement("http:stop", "design, REST", "A server that is told to stop ends in order, whoever is connected."),
    Requirement("plugin:php", "issue D, plugin", "The plugin is PHP 7.4 that does nothing when called itself."),
    Requirement("plugin:zip", "issue D, plugin", "`devskyy plugin build` writes the same zip each time."),
    Requirement(
        "plugin:uploads", "issue D, shown 6", "GLB and USDZ are taken by their bytes; renamed files are refused."
    ),
    Requirement("plugin:seo", "issue D, shown 6", "SEO fields come back as sent, wherever the site keeps them."),
    Requirement(
        "plugin:redirects", "issue D, shown 6", "Redirects are followed; none leads in a circle or to a stranger."
    ),
    Requirement("plugin:privacy", "issue D, plugin", "Personal data are exported and erased by WordPress' own ways."),
    Requirement("plugin:contract", "issue D, plugin", "The demo shop answers the plugin's routes as a real WordPress."),
    Requirement("plugin:tools", "issue D, plugin", "Tools over the plugin refuse first, and say where it lacks."),
    Requirement("plugin:uninstall", "issue D, plugin", "Deleting the plugin takes away what it kept, and no more."),
    Requirement(
        "bed:wordpress", "product, bed", "A real WordPress is brought up in seconds and taken down without a trace."
    ),
    Requirement(
        "changes:deterministic", "product, shown 5", "Every write tool staged twice gives one hash and sends only GETs."
    ),
    Requirement(
        "example:first-hour", "product, shown 6", "The first hour on the demo shop ends with every object as it began."
    ),
    Requirement(
        "example:first-hour-wordpress",
        "product, shown 6",
        "The first hour on a real WordPress ends with every object as it began.",
    ),
    Requirement(
        "surface:bad-input", "product, shown 7", "Each kind of bad input has its own message that says what to do."
    ),
    # several processes as one
    Requirement(
        "cluster:one",
        "product, shown 4",
        "Behind nginx a killed server costs no GET, no event and no ticket; older sessions stay with theirs.",
    ),
    Requirement("cluster:worker", "product, engine", "A worker that is stopped gives its jobs back within 10 seconds."),
    Requirement("cluster:connections", "product, cluster", "Each process says how many connections it may open."),
    Requirement("cluster:rescue", "product, rescue", "A killed worker's jobs run elsewhere within 25 seconds."),
    Requirement(
        "cluster:caps", "product, shown 3", "With 3 workers and a cap of 5 the provider sees at most 5 at once."
    ),
    Requirement("cluster:redis-gone", "product, shown 4", "Redis killed: no job is lost and requests are answered."),
    Requirement(
        "cluster:matrix",
        "product, shown 5",
        "SQLite, Postgres and PgBouncer, each with and without Redis, keep the same contract.",
    ),
    # cache
    Requirement(
        "cache:port", "product, cache port", "In process and Redis keep values, limits, messages and locks alike."
    ),
    Requirement(
        "cache:address", "product, cache port", "A wrong REDIS_URL or login is told in words, without the password."
    ),
    Requirement(
        "fail:answers",
        "product, sign-in",
        "With Postgres, Redis or the identity provider refused or frozen every call has its documented answer within a "
        "second, and all is well within 5 seconds of their return.",
    ),
    Requirement(
        "fail:frozen-client",
        "product, WebSocket",
        "A socket that is not read costs no memory beyond its queue and is closed with 1013.",
    ),
    Requirement(
        "fail:unread",
        "product, security",
        "A stream or an answer over HTTP that is not read holds up nobody else, costs no memory and is ended.",
    ),
    Requirement(
        "cache:redis-gone",
        "product, cache port",
        "While Redis is away calls go on, limits are per process and /health says so; it is back within 5 seconds.",
    ),
    Requirement("cache:limits", "product, cache port", "Servers with the same Redis share one limit per principal."),
    Requirement("cache:light", "design, slow imports", "Redis' driver is not loaded where REDIS_URL is unset."),
    Requirement(
        "cache:relay", "product, events", "Behind a pooler Redis carries wake-ups, or the direct address does."
    ),
    # the authorization server
    Requirement(
        "oauth:claude-code", "product, shown 1", "Processes that share a refresh token are not put out by each other."
    ),
    Requirement("oauth:claude-document", "product, shown 1", "claude.ai connects with its metadata document."),
    Requirement("oauth:claude-registered", "product, shown 1", "claude.ai connects by registering with a secret."),
    Requirement(
        "oauth:client-credentials", "RFC 6749 4.4", "A confidential client acts in its own name, until revoked."
    ),
    Requirement("oauth:conformance", "product, shown 1", "The official authorization scenarios pass."),
    Requirement("oauth:connect", "product, shown 1", "A person gives a connected program more without its asking."),
    Requirement("oauth:cursor", "product, shown 1", "Cursor registers addresses of three kinds and connects by each."),
    Requirement(
        "oauth:document-fetched",
        "draft-ietf-oauth-client-id-metadata-document",
        "A metadata document is fetched over TLS through the guard, once for as long as its server says within bounds.",
    ),
    Requirement(
        "oauth:document-keys",
        "RFC 7523, RFC 7517",
        "A program with a metadata document proves itself by the keys that the document holds or leads to.",
    ),
    Requirement(
        "oauth:documents", "product, shown 1", "A metadata document that is not what it must be lets nobody in."
    ),
    Requirement(
        "oauth:flow", "OAuth 2.1 4.1", "A host gets tokens that work where they were asked for, and carry no more."
    ),
    Requirement(
        "oauth:grace", "design, ADR 8", "A refresh token is taken again for 60 seconds, ten times, then it ends all."
    ),
    Requirement(
        "oauth:hostile", "product, shown 3", "Hostile requests to the endpoints of sign-in get ordinary refusals."
    ),
    Requirement("oauth:introspection", "RFC 7662", "Confidential clients look tokens up; nobody else does."),
    Requirement("oauth:private-key", "RFC 7523", "A client with a key of its own signs each assertion once."),
    Requirement("oauth:races", "product, shown 4", "Of many that present one code at once, one gets it."),
    Requirement("oauth:redirects", "product, shown 4", "Codes go to no address outside the policy."),
    Requirement("oauth:registration", "RFC 7591", "Registration takes the allowed addresses and caps no scopes."),
    Requirement("oauth:replay", "RFC 6749 4.1.2", "A code presented twice ends what it gave, at once."),
    Requirement("oauth:revocation", "RFC 7009", "A revoked token ends its whole grant, at once."),
    Requirement("oauth:sdk", "product, shown 1", "The SDK's client registers, connects, steps up and refreshes."),
    Requirement("oauth:vscode", "product, shown 1", "VS Code connects from a port that it never registered."),
    # people
    Requirement(
        "people:approving", "product, people", "Who approves must have the role; the journal has ids and shows names."
    ),
    Requirement("people:at-rest", "product, secrets", "The database names nobody and holds nothing that lets in."),
    Requirement("people:bad-input", "product, people", "Odd logins and forms get the ordinary answers."),
    Requirement(
        "people:browser", "product, shown 5", "The pages work by keyboard, from 320 px on, and axe finds nothing wrong."
    ),
    Requirement("people:csrf", "product, browser rules", "A form is sent by the session that it was shown to, or not."),
    Requirement(
        "people:enumeration", "product, people", "Unknown, disabled and wrong get one answer, at one price in time."
    ),
    Requirement("people:fixation", "product, browser rules", "A session's id changes whenever it comes to mean more."),
    Requirement("people:headers", "product, browser rules", "Pages are not framed, cached or scripted."),
    Requirement("people:last-owner", "product, people", "The last owner can't be disabled or made something else."),
    Requirement("people:pages", "product, people", "People sign in and out and look after their accounts on pages."),
    Requirement("people:recovery-once", "product, people", "A recovery code is taken once."),
    Requirement("people:redirects", "product, browser rules", "Signing in leads to pages of this server and no other."),
    Requirement(
        "people:sessions-end", "product, people", "Another password, role, factor or state ends a person's sessions."
    ),
    Requirement("people:step-up", "product, people", "What is grave asks for a proof of the last 15 minutes."),
    Requirement("people:throttle", "product, people", "Failed tries are answered ever later, however many at once."),
    Requirement("people:totp-once", "product, people", "A code of the app is taken once, whoever sends it first."),
    # surfaces
    Requirement(
        "surfaces:equal", "product, surfaces", "Every tool gives the same result or the same refusal on every surface."
    ),
    Requirement(
        "surfaces:one-declaration", "product, surfaces", "One declaration of at most 20 lines is on every surface."
    ),
    # products in 3D
    Requirement(
        "plugin:models",
        "issue E, plugin",
        "A product's model is kept, shown, told to search engines; reliefs say so.",
    ),
    Requirement(
        "plugin:viewer",
        "issue E, shown 7",
        "A product page turns its model under a strict policy, with no other host.",
    ),
    Requirement(
        "plugin:variants", "issue E, plugin", "Each exposure of a variant counts once, however many come at one time."
    ),
    Requirement(
        "three_d:publish", "issue E, publishing", "A model goes onto a product, and off it again without a trace."
    ),
    Requirement(
        "three_d:merchant",
        "issue E, publishing",
        "Google Merchant is told of models it takes, and never of a relief.",
    ),
    # photos and reliefs
    Requirement(
        "pictures:bad-input", "product, issue E 9", "A picture that is broken or too large is refused in words."
    ),
    Requirement("pictures:private", "product, media", "Place and camera in a picture's EXIF are never carried on."),
    # kept files, and models in the chat
    Requirement(
        "assets:served", "product, issue E", "A kept file is read by who may, or anybody once it is published."
    ),
    Requirement("assets:clean", "product, issue E", "Nothing that is used is deleted, whoever does what meanwhile."),
    Requirement("assets:provenance", "product, issue E", "A file tells what it was made of, by what, at what cost."),
    Requirement(
        "chat:files", "product, issue E", "Pictures are shown within 700 kB, other files linked for the person."
    ),
    Requirement(
        "chat:viewer", "product, issue E 7", "A page turns models with textures, offline, under the Apps policy."
    ),
    Requirement("chat:viewer-built", "product, issue E", "The page is what its sources give, and has at most 700 kB."),
    Requirement("3d:switched-off", "product, issue E", "ENABLE_3D_PIPELINE=false takes the area away as a whole."),
    Requirement(
        "doctor:extras", "product, issue E", "The doctor tells which extras are there and what each would add."
    ),
    # 3D models: drawn, converted, checked
    Requirement(
        "three-d:gate",
        "product, publish gate",
        "Twelve checks with numbers say whether a model is fit to be published.",
    ),
    Requirement(
        "three-d:renderers-agree", "product, shown 2", "With EGL and without it a model looks the same (SSIM 0.9)."
    ),
    Requirement(
        "three-d:turntable", "product, shown 2", "36 frames of 512 px are at most 250 kB of MP4 and 400 kB of WebP."
    ),
    Requirement("three-d:usdz", "USDZ 1.3", "USDZ of ours is stored, aligned, and the same model to Pixar's library."),
    Requirement(
        "three-d:variants", "KHR_materials_variants", "Colours and cloths of a product share one geometry in one file."
    ),
    # 3D models: read, checked, made small
    Requirement(
        "gltf:agrees", "product, shown 4", "A model is valid or not as the Khronos validator says, with its codes."
    ),
    Requirement(
        "gltf:refuses", "product, shown 4", "Models made to harm are refused at once, in little memory, and in words."
    ),
    Requirement("optimise:kept", "product, 3D", "Models made small are kept with what they were made of, and how."),
    Requirement(
        "optimise:opens", "product, shown 3", "What was made small opens in three.js and in model-viewer, offline."
    ),
    Requirement(
        "optimise:small", "product, shown 3", "At the same triangles at most 1.25 times the bytes of glTF Transform."
    ),
    Requirement("optimise:sound", "product, shown 3", "Small models are valid, look the same, and stay as they are."),
    Requirement("optimise:triangles", "product, 3D", "Fewer triangles keep shape, seams and texture coordinates."),
    # pictures and films
    Requirement("media:bad-input", "product, issue E 9", "Work on pictures refuses what is no picture, in words."),
    Requirement("media:colour", "product, media", "Pictures of wide colour spaces look the same in sRGB."),
    Requirement(
        "media:credentials", "product, media", "Content credentials say how a file was made, and are read back offline."
    ),
    Requirement("media:describe", "product, media", "Colours, light, place data and an alt text of facts are told."),
    Requirement(
        "media:duplicates", "product, media", "Copies in any size or format are found, other products are not."
    ),
    Requirement("media:edit", "product, media", "Each step of editing does what it says, and says what it did."),
    Requirement("media:films", "product, media", "Films of pictures and turntables play in every browser."),
    Requirement("media:lookbooks", "product, media", "A lookbook is a PDF with a cover and a page for each few looks."),
    Requirement("media:private", "product, media", "No file that is made tells place or camera, in any format."),
    Requirement("media:sheets", "product, media", "A contact sheet of 24 pictures has at most 180 kB."),
    Requirement("media:sizes", "product, media", "Every size is upright, never enlarged, and the same each time."),
    # generated pictures and films
    Requirement(
        "generators:made",
        "product, media",
        "FASHN, OpenAI and Google make pictures and films, kept with how they came.",
    ),
    Requirement(
        "generators:errors",
        "product, media",
        "Each answer of theirs is told as what it is; only refusals are sent again.",
    ),
    Requirement(
        "generators:answer-kept",
        "product, media",
        "Pictures that come in the paid answer are kept, or a person is asked.",
    ),
    Requirement("generators:paid-once", "product, media", "Killed at any step, a generator is paid and kept once."),
    Requirement(
        "generators:keys", "product, media", "Without a key a tool names it and the local way; keys are not told."
    ),
    Requirement(
        "generators:own-clients", "product, media", "FASHN's own client gets on with the server that stands for it."
    ),
    # providers of 3D models
    Requirement(
        "providers:errors", "product, issue E 5", "Each status and code of Tripo and Meshy has words and a way on."
    ),
    Requirement("providers:no-key", "product, issue E", "Without a key a tool says which, and what works without."),
    Requirement("providers:official-client", "product, issue E 5", "Tripo's own client speaks to the same stand-in."),
    Requirement(
        "providers:paid-once", "product, issue E 5", "Killed at any line or unanswered, a task is paid for once."
    ),
    Requirement(
        "providers:results", "product, issue E 5", "What a provider made is checked, kept at once, and says its origin."
    ),
    # photos and reliefs
    Requirement("cutout:right", "product, issue E 1", "A product on plain ground is told from it: overlap ≥ 0.97."),
    Requirement("cutout:refusals", "product, issue E 1", "What keeps a photo from being cut out is said."),
    Requirement(
        "relief:good",
        "product, issue E 1",
        "9 of 10 photos give a sound relief: ≤ 300 kB, ≤ 50,000 triangles, height ± 1 %, outline ≥ 0.97.",
    ),
    Requirement("relief:refused", "product, issue E 1", "Photos that can't become a relief are refused, and why."),
    Requirement("relief:honest", "product, issue E", "A relief says in its file that it is no reconstruction."),
    # launches
    Requirement(
        "play:launch",
        "product, issue E 8",
        "Photos become a draft product with a turning model, and one undo takes all back.",
    ),
    # language models
    Requirement(
        "llm:answers", "product, issue F 1", "Whatever a provider answers is a whole answer or an error of one kind."
    ),
    Requirement("llm:whole", "product, issue F 1", "An answer that was cut anywhere is never taken for whole."),
    Requirement("llm:given-up", "product, issue F", "An answer that is given up closes its connection."),
    Requirement("llm:no-retries", "product, issue F", "The providers' clients try nothing again by themselves."),
    Requirement("llm:replay", "product, issue F 1", "A turn goes back to its provider as it came, signatures and all."),
    Requirement("llm:lazy", "product, issue F 2", "No provider's library is loaded before its first call, none twice."),
    Requirement("llm:logs", "product, issue F", "What is asked of models, and what they say, is in no log."),
    Requirement("llm:no-key", "product, issue F 9", "A provider without a key says so before anything is sent."),
    # asking language models
    Requirement(
        "llm:kept", "product, issue F", "A job that starts again gets the answers it had; none is paid for twice."
    ),
    Requirement(
        "llm:lost",
        "product, issue F 3",
        "A call that was under way when its process died is found lost at once, told, and booked at its worst case.",
    ),
    Requirement(
        "llm:retries",
        "product, issue F",
        "A call is tried again, or another model is, only while nobody has seen a part of its answer; each is booked.",
    ),
    Requirement("llm:hedge", "product, issue F", "A model that says nothing for long is asked beside the next best."),
    Requirement("llm:cancelled", "product, issue F", "A cancelled question gives its call up at once, and books it."),
    Requirement(
        "llm:budgets",
        "product, issue F",
        "Nothing is sent that may go beyond what a question, run, agent, person or month may cost.",
    ),
    Requirement(
        "llm:choice", "product, issue F", "Why a model was chosen and each other passed over is told, and comes again."
    ),
    Requirement(
        "llm:bad-input",
        "product, issue F 9",
        "No key, a wrong key, an unknown model, 2 MB, a wrong file of models: said, with what to do.",
    ),
    Requirement(
        "llm:reports", "product, issue F", "What models cost, by model, agent, person and day; which there are."
    ),
    Requirement(
        "llm:health", "product, issue F", "/health and the doctor say which providers answer and take their key."
    ),
    Requirement(
        "llm:telemetry", "product, issue F", "A call is a span and metrics in OpenTelemetry's names, wordless."
    ),
    Requirement(
        "llm:schemas",
        "product, issue F 1",
        "Every tool fits every provider's dialect of JSON Schema; what a strict model gives is what was meant.",
    ),
    # A/B tests
    Requirement("experiments:from-first-to-last", "product, issue F", "A test goes from registration to a decision."),
    Requirement(
        "experiments:statsmodels", "product, issue F 4", "z, p, intervals, chi-square and Holm: 1e-9 of others'."
    ),
    Requirement("experiments:bounds", "product, issue F", "O'Brien-Fleming bounds are the published ones."),
    Requirement("experiments:false-positives", "product, issue F 4", "10,000 A/A runs, 20 looks: at most .06 find."),
    Requirement("experiments:power", "product, issue F", "The planned size has the planned power."),
    Requirement("experiments:assignment", "product, issue F 4", "A million units: uniform, uncorrelated, one hash."),
    Requirement("experiments:layers", "product, issue F", "Tests of a layer exclude each other."),
    Requirement("experiments:immutable", "product, issue F", "What was registered can't be changed, by nobody."),
    Requirement("experiments:once", "product, issue F", "A unit counts once, told by however many at once."),
    Requirement("experiments:srm", "product, issue F", "A split that is none hides the result."),
    Requirement("experiments:guardrails", "product, issue F", "It is said which guardrails hold."),
    Requirement("experiments:cuped", "product, issue F", "Values from before narrow the interval."),
    Requirement("experiments:holm", "product, issue F", "Several variants share one error."),
    Requirement("experiments:refusals", "product, issue F 9", "What is no test is refused, with what is wrong."),
    Requirement("experiments:shop-money", "product, issue F", "Revenue is what stands of orders, less refunds."),
    Requirement("experiments:consent", "product, issue F", "Who did not agree gets no cookie and is not counted."),
    Requirement("experiments:shop-cached", "product, issue F", "A cached page shows each visitor their own variant."),
    Requirement("experiments:shop-layers", "product, issue F", "Two tests on a page never meet the same visitor."),
    Requirement(
        "experiments:content", "product, issue F", "Texts of variants are kept with a test that is not on the shop."
    ),
    Requirement("experiments:flag", "product, issue F", "Switched off there are no such tools."),
    Requirement("experiments:on-the-shop", "product, issue F", "A test on the shop is a person's to start."),
    Requirement("experiments:shop-alike", "product, issue F", "PHP, Python and the browser assign alike."),
    Requirement("experiments:shop-counts", "product, issue F", "Carts and orders count once, of who was shown it."),
    # insights
    Requirement("insights:contract", "product, insights", "Insights count the same on the demo shop and real ones."),
    Requirement(
        "insights:customers", "product, insights", "Segments, cohorts and churn are those of SQL, and name nobody."
    ),
    Requirement(
        "insights:exact", "product, insights", "Sales and what moved them are exact: SQL counts the same to the cent."
    ),
    Requirement(
        "insights:forecast",
        "product, insights",
        "Forecasts are chosen by a back-test and say their errors, or what lacks.",
    ),
    Requirement("insights:funnel", "product, insights", "Leaky steps of an export are ranked by the money lost."),
    Requirement(
        "insights:limits", "product, insights", "What was too much to be read is said, and never counted as zero."
    ),
    Requirement("insights:margins", "product, insights", "Margins where costs are known, and 'unknown' where not."),
    Requirement(
        "insights:refunds", "product, insights", "What comes back by product, size and cause, as SQL counts it."
    ),
    Requirement(
        "insights:refusals", "product, insights", "Wrong periods and exports are told what is wrong with them."
    ),
    Requirement(
        "insights:stock",
        "product, insights",
        "Stock value, dead stock and reorder points follow from stock and orders.",
    ),
    Requirement(
        "insights:tickets",
        "product, insights",
        "Tickets are redacted and grouped by topic and urgency; nothing is kept.",
    ),
    Requirement(
        "links:checked", "product, insights", "Broken links and detours are found; no link that acts or leads inside."
    ),
    Requirement(
        "shipments:kept",
        "product, insights",
        "Shipments stand where tracking plugins read them, and can be taken back.",
    ),
    # agents
    Requirement("agents:strict", "product, issue F 9", "A wrong file of an agent stops the start, with its line."),
    Requirement("agents:checked-once", "product, issue F", "The same files are checked once, whatever starts."),
    Requirement("agents:switched-off", "product, issue F", "Tools that are switched off hide an agent, and stop none."),
    Requirement("agents:brand", "product, issue F 6", "A brand adds its own agents and its own phrases."),
    Requirement("agents:prompts", "product, issue F 8", "60 prompts on stdio, HTTP of both eras, REST and CLI."),
    Requirement("agents:completion", "product, issue F", "Arguments are completed, within the caller's scopes."),
    Requirement("agents:resources", "product, issue F", "The index and each agent's file are resources."),
    Requirement("agents:skills", "SEP-2640", "Each agent is a skill; its digest and front matter are true."),
    Requirement("agents:rest", "product, issue F", "REST lists, shows, finds and briefs; the brief is the prompt."),
    Requirement("agents:cli", "product, issue F", "The command line and stdio have the same agents."),
    Requirement("agents:bad-input", "product, issue F 9", "Bad input to an agent says what is right."),
    Requirement("agents:guide", "product, issue F", "The brand guide goes its round: preview, apply, undo."),
    Requirement("agents:find", "product, issue F 6", "Agents are found by what people say, or none is."),
    Requirement("agents:deliver", "product, issue F 5", "What an agent delivers is what the shop's database says."),
    Requirement("agents:light", "product, issue F", "Listing agents reads no YAML and loads no model of theirs."),
    # Runs of agents on the server
    Requirement("runs:deliver", "product, issue F", "A run ends with a deliverable that fits the agent's schema."),
    Requirement("runs:limits", "product, issue F", "Steps, calls, tokens, dollars and time are kept, in code."),
    Requirement("runs:loops", "product, issue F", "A run that turns in circles is stopped."),
    Requirement("runs:repairs", "product, issue F", "Wrong arguments and deliverables are told, and put right."),
    Requirement("runs:declined", "product, issue F", "A model that declines ends the run, which says so."),
    Requirement("runs:failover", "product, issue F", "Another provider goes on at a step."),
    Requirement("runs:approve", "product, issue F", "What needs a yes waits for it, given on the very change."),
    Requirement("runs:resume", "product, issue F", "After a death at any event: no answer asked, no write sent twice."),
    Requirement("runs:transcript", "product, issue F", "What happened in a run can be read, and not be altered."),
    Requirement("runs:private", "product, issue F", "No customer's name, address or number goes to a provider."),
    Requirement("runs:fenced", "product, issue F", "Texts of customers reach a model fenced."),
    Requirement("runs:reader", "product, issue F", "Long ones are read by a model without tools."),
    Requirement("runs:cut", "product, issue F", "Long results are cut, and can be read on."),
    Requirement("runs:links", "product, issue F", "A deliverable has no link that nobody of the shop has named."),
    Requirement("runs:compacted", "product, issue F", "A long conversation is summed up and goes on."),
    Requirement("runs:live", "product, issue F", "A run is followed while it goes on."),
    Requirement("flags:off", "product, issue F", "What is switched off is in no list; who calls it is told why."),
    Requirement("runs:budgets", "product, issue F", "A month's budget ends a run with what it has; none is overspent."),
    Requirement("runs:bad-input", "product, issue F 9", "What no run could do is refused at once, with what to do."),
    Requirement("runs:changed", "product, issue F 9", "A run goes on by its agent's file as it is, and says so."),
    Requirement("runs:followed", "product, issue F 8", "MCP tasks, REST and WebSocket follow a run past kills."),
    Requirement("runs:injection", "product, issue F", "An obedient model does nothing that is held back."),
    Requirement(
        "runs:outcome", "product, issue F", "Reading what a run gave counts as reading texts; starting it does not."
    ),
    Requirement("runs:attacks", "product, issue F", "No attack text has a run do what nobody agreed to."),
    Requirement("runs:scopes", "product, issue F", "A run may no more than the person and the agent both."),
    # the round table
    Requirement("round-table:from-first-to-last", "product, issue F", "A round goes from its brief to a decision."),
    Requirement(
        "round-table:best-pick", "product, issue F 3", "Simulated: the panel finds the best in .60, one judge in .47."
    ),
    Requirement(
        "round-table:never-its-own", "product, issue F 3", "10,000 rounds: no judge scores its own provider or maker."
    ),
    Requirement("round-table:same-decision", "product, issue F 3", "The same answers and seed give one decision."),
    Requirement(
        "round-table:resumed", "product, issue F 3", "kill -9 in the middle repeats no answered call of a round."
    ),
    Requirement(
        "round-table:quorum", "product, issue F 2", "Who hangs is late once enough have come and the grace is over."
    ),
    Requirement(
        "round-table:hangs", "product, issue F 2", "Who hangs for 60 s delays a round to 1.5 × the quorum + 0.2 s."
    ),
    Requirement("round-table:wires", "product, issue F 1", "Rounds go over all six wires, with errors in the middle."),
    Requirement("round-table:checks", "product, issue F", "Facts, words, links, schema decide before any judge does."),
    Requirement("round-table:blind", "product, issue F", "Judges see no names, fenced answers, an order of their own."),
    Requirement("round-table:evidence", "product, issue F", "A score counts only with a quotation from the answer."),
    Requirement("round-table:ties", "product, issue F", "Leaders too close are compared in both orders; ties told."),
    Requirement("round-table:budget", "product, issue F", "A round never costs more than its budget."),
    Requirement("round-table:degrades", "product, issue F 9", "With few, failing or no providers it says what it did."),
    Requirement(
        "round-table:everywhere", "product, issue F 8", "A round goes over REST, WebSocket and as an MCP task."
    ),
    Requirement("round-table:replayed", "product, issue F", "The same brief gives the round that it had, and says so."),
    Requirement("round-table:trust", "product, issue F", "A round's texts are as trusted as what its author had read."),
    Requirement(
        "round-table:handed-over", "product, issue F", "A round's answers go into an A/B test, each knows the other."
    ),
    Requirement("round-table:modes", "product, issue F", "solo, cascade and fuse end as they say."),
    Requirement("round-table:learning", "product, issue F", "Wins, fading with age, and people's picks rank models."),
    Requirement("round-table:bad-input", "product, issue F 9", "What is no brief is refused, and nobody is asked."),
    Requirement("round-table:flag", "product, issue F", "Switched off there are no such tools."),
]
