/**
 * Every error that Banyan itself raises. Codes are kebab-case and never reused; errors that a contract declares are
 * named `<module>.<error>` and live in the contract. A test proves that this catalogue, the generated reference page
 * and the `ErrorCode` type hold the same set.
 */
export interface CatalogueEntry {
  /** `{placeholders}` are filled from the parameters of the error. */
  readonly message: string
  /** Why it happens, for a person who has never seen it. */
  readonly cause: string
  /** What to do about it. */
  readonly remedy: string
  /** HTTP status at the gateway. */
  readonly status: number
  /** Whether the same request, under the same id, may succeed later. */
  readonly retryable: boolean
}

const entry = (status: number, retryable: boolean, message: string, cause: string, remedy: string): CatalogueEntry => ({
  message,
  cause,
  remedy,
  status,
  retryable,
})

export const catalogue = {
  // calls
  'invalid-input': entry(
    400,
    false,
    'The input of {operation} is not valid: {summary}',
    'The value does not match the schema that the contract declares for it.',
    'Correct the fields named under issues; the contract document shows the schema.',
  ),
  'invalid-output': entry(
    500,
    false,
    'The output of {operation} does not match its contract: {summary}',
    'The handler returned a value that its own contract does not allow.',
    'Correct the handler or its contract; nothing was committed.',
  ),
  'not-found': entry(
    404,
    false,
    'There is no {what}',
    'The route, module, operation or record does not exist.',
    'Check the name; `banyan check` lists what exists.',
  ),
  'unknown-module': entry(
    404,
    false,
    'No module {module} is running here',
    'The app does not contain the module, or the caller does not declare it under uses.',
    'Add the module to defineApp, or to uses of the caller.',
  ),
  'unknown-operation': entry(
    404,
    false,
    'Module {module} has no operation {operation}',
    'The name is misspelt, or caller and callee were built from different versions of the contract.',
    'Compare with `banyan contract emit`.',
  ),
  internal: entry(
    500,
    false,
    'Something went wrong inside {module}; the log line {reference} tells what',
    'The handler threw something that its contract does not declare. Nothing of it was committed.',
    'Look up the reference in the log of the service; declare the error if callers should know it.',
  ),
  unavailable: entry(
    503,
    true,
    '{what} is not available',
    'The callee, the database or the broker cannot be reached, or the process is starting or stopping.',
    'Try again; the same command id takes effect once.',
  ),
  overloaded: entry(
    503,
    true,
    '{what} has too much work; try again in {retryAfterMs} ms',
    'A bound on concurrent or queued work was reached, so the work was refused at once instead of kept waiting.',
    'Retry after the time given, or raise the limit after measuring.',
  ),
  'deadline-exceeded': entry(
    504,
    true,
    '{operation} did not finish within its deadline',
    'The time that the caller allowed ran out before commit; nothing was committed.',
    'Allow more time, or look for what is slow.',
  ),
  cancelled: entry(
    499,
    true,
    '{operation} was cancelled by its caller',
    'The caller gave up, or the handler that made the call ended without waiting for it.',
    'Await every call inside a handler.',
  ),
  'outcome-unknown': entry(
    504,
    true,
    'Whether {operation} took effect is not known',
    'The reply was lost, or time ran out while the commit was under way.',
    'Ask again under the same id: a recorded outcome is returned, and the effect happens once.',
  ),
  'in-progress': entry(
    409,
    true,
    'The command {id} is being handled right now',
    'The same command id was presented again while its first run has not ended.',
    'Wait for the first run to end, then ask again under the same id.',
  ),
  'id-reused': entry(
    422,
    false,
    'The command id {id} was used before with another input',
    'A command id (Idempotency-Key) stands for one input only.',
    'Use a new id for a new command.',
  ),
  'id-expired': entry(
    422,
    false,
    'The command id {id} is older than outcomes are kept',
    'Whether it ran cannot be known any more, so it is not run.',
    'Check the state by a query; use a new id to run the command.',
  ),
  'not-portable': entry(
    400,
    false,
    'A value cannot cross a contract: {summary}',
    'Values that cross are I-JSON (RFC 7493): no NUL, lone surrogate, NaN, Map, class instance, sparse array.',
    'Convert the value to plain data first.',
  ),
  'payload-too-large': entry(
    413,
    false,
    '{what} is larger than {limitBytes} bytes',
    'One limit holds for what crosses between modules, wherever they run.',
    'Send less, or store the content and send a reference.',
  ),
  'not-awaited': entry(
    500,
    false,
    '{operation} ended without waiting for {what}',
    'A statement or call was written or started without await.',
    'Await it.',
  ),
  'read-only': entry(
    500,
    false,
    'A query of {module} tried to change data',
    'Queries may not change state; their statements run read-only.',
    'Make the operation a command.',
  ),
  'access-denied': entry(
    403,
    false,
    'Access to {operation} is denied',
    'The identity of the caller lacks a permission that the contract asks for.',
    'Use an identity with the permission.',
  ),
  'not-authenticated': entry(
    401,
    false,
    '{operation} needs an authenticated caller',
    'The contract does not open this operation to all, and the request carries no identity.',
    "Authenticate, or declare access: 'public' in the contract.",
  ),
  // contract, module, app
  'invalid-contract': entry(
    500,
    false,
    'The contract {name} is not valid',
    'One or more parts of the definition break a rule; all are listed.',
    'Correct each problem listed.',
  ),
  'invalid-duration': entry(
    500,
    false,
    '{value} is not a duration',
    'A setting is negative, infinite, or not written like a duration.',
    'Write milliseconds as a number, or a number with ms, s, m, h or d, for example 10m.',
  ),
  'invalid-module': entry(
    500,
    false,
    'The module {name} is not valid',
    'One or more parts of the definition break a rule; all are listed.',
    'Correct each problem listed.',
  ),
  'invalid-app': entry(
    500,
    false,
    'The app {name} does not fit together',
    'The wiring of its modules breaks one or more rules; all are listed.',
    'Correct each problem listed.',
  ),
  'invalid-config': entry(
    500,
    false,
    'The configuration is not valid',
    'One or more settings are missing or wrong; all are listed.',
    'Correct each problem listed.',
  ),
  // delivery
  'log-diverged': entry(
    500,
    false,
    'The event log of {source} is not the one that {subscriber} has read, or ends before what it handled',
    'The source was restored or replaced, or its server failed over to another timeline.',
    'Stop the app and decide: `banyan db reset-subscription MODULE SOURCE --from stored` goes on where it stands after a failover or a restore of the whole database; after another restore, `--from now`, a time, or `beginning`.',
  ),
  'subscription-stopped': entry(
    503,
    false,
    'The subscription {subscription} stopped: {reason}',
    'Parked events reached their bound, or its source went back.',
    'Look at `banyan dead-letters list --parked`, mend the cause; it goes on by itself when there is room.',
  ),
  fenced: entry(
    503,
    true,
    'Another process took over {what}',
    'The lease moved to another process, so this one may not write any more. Nothing was written.',
    'Nothing to do; the new owner goes on.',
  ),
  'no-transaction': entry(
    500,
    false,
    'Events of {module} can be published only inside a transaction of the client, and it has none open',
    'They are there if and only if the transaction of the host commits; outside of one nothing ties them to it.',
    'Send begin on the client before, and commit after unitOfWork has resolved.',
  ),
  'other-database': entry(
    500,
    false,
    'The client is connected to a database that does not hold the log of {module}',
    'Events are appended in the transaction of the host, so both must be in one database.',
    'Connect the client to the database of the app, as its owner: the user of DATABASE_URL.',
  ),
  // store
  'store-in-use': entry(
    500,
    false,
    'The data folder {folder} is in use by process {pid}',
    'One Banyan process owns one data folder at a time.',
    'Stop that process, or set another data folder.',
  ),
  'store-platform-missing': entry(
    500,
    false,
    'No embedded PostgreSQL for {platform}',
    'The optional platform package is not installed, or does not exist for this platform.',
    'Install without --omit=optional, or set DATABASE_URL to a PostgreSQL 15 or later.',
  ),
  'store-start-failed': entry(
    500,
    true,
    'The embedded PostgreSQL did not start: {summary}',
    'The server ended during its start; the end of its log is in the details.',
    'Read the lines of the log; `banyan doctor` checks the usual causes.',
  ),
  'store-folder-unusable': entry(
    500,
    false,
    'The data folder {folder} cannot be used: {summary}',
    'It cannot be written, or the user that PostgreSQL runs as cannot reach it, or the disk is full.',
    'Mend the permissions or the space, or set another data folder.',
  ),
  'store-version-mismatch': entry(
    500,
    false,
    'The database is PostgreSQL {found}; {wanted} is needed',
    'The data folder was made by another major version, or the server is older than PostgreSQL 15.',
    'Promote the data with the older version first, or use a newer server.',
  ),
  'store-unreachable': entry(
    503,
    true,
    'The database at {target} cannot be reached: {summary}',
    'Wrong address, wrong credentials, or the server does not run.',
    'Check DATABASE_URL; `banyan doctor` tries each step.',
  ),
  'store-privileges': entry(
    500,
    false,
    'The database user may not {what}',
    'Banyan makes one schema and one login role per module.',
    'Grant CREATEROLE and CREATE on the database to the user in DATABASE_URL.',
  ),
  'store-not-prepared': entry(
    500,
    false,
    'The database is not prepared for {app}',
    'A process that has the logins of its modules alone makes and changes nothing in the database.',
    "Run `banyan db migrate` with the admin's DATABASE_URL; `banyan access emit` writes the script of the roles.",
  ),
  'invalid-migrations': entry(
    500,
    false,
    'The migrations in {folder} are not valid',
    'Migrations are files named like 0001_orders.sql, each number once; all problems are listed.',
    'Correct each problem listed.',
  ),
  'migration-locked': entry(
    503,
    true,
    'Another process migrates {module}, and did not finish within {waitedMs} ms: {holder}',
    'One process migrates a module at a time, and the others wait for it up to a bound.',
    'Wait for that process, or end it if it hangs; then start again.',
  ),
  'migration-edited': entry(
    500,
    false,
    'Migration {file} of {module} was changed after it had been applied',
    'The recorded checksum differs from that of the file.',
    'Restore the file and add a new migration for the change.',
  ),
  'migration-missing': entry(
    500,
    false,
    'Migration {file} of {module} has been applied, but the file is gone',
    'A file was deleted or renamed after it had been applied.',
    'Restore the file.',
  ),
  'migration-order': entry(
    500,
    false,
    'Migration {file} of {module} comes before {last}, which has been applied',
    'Numbers must grow; a branch was merged with an older number.',
    'Give the file the next free number.',
  ),
  'migration-failed': entry(
    500,
    false,
    'Migration {file} of {module} failed: {summary}',
    'PostgreSQL refused a statement; nothing of this migration was kept.',
    'Correct the file.',
  ),
  'schema-drift': entry(
    500,
    false,
    'The schema of {module} is not what its migrations make',
    'Something changed tables outside the migrations.',
    'Undo the change, or add a migration for it; the differences are listed.',
  ),
  'promote-target-not-empty': entry(
    500,
    false,
    'The target of the promotion already holds data in {schema}',
    'Promotion writes to an empty database only, or goes on with one that it began itself.',
    'Choose an empty database.',
  ),
  'promote-source-in-use': entry(
    500,
    false,
    'The source of the promotion is in use: {summary}',
    'What another process writes during the copy would be lost.',
    'Stop every process that uses the source, then run it again.',
  ),
  'promote-refused': entry(
    500,
    false,
    'The promotion cannot be done: {summary}',
    'Source and target do not fit together; nothing was changed on either side.',
    'Mend what is named, then run it again.',
  ),
  'promoted-away': entry(
    500,
    false,
    'The data of {app} in this database was promoted to {target} on {at}',
    'A promotion moved the data to another server; what is written here would not be there.',
    'Set DATABASE_URL to that server. To go back to this database for good, `banyan db promote --forget`.',
  ),
  'promotion-unfinished': entry(
    500,
    false,
    'A promotion of {app} to this database began on {at} and has not finished',
    'The process that copied was stopped; the data here is not complete.',
    'Run the same `banyan db promote` again; it goes on where it was.',
  ),
  'promote-mismatch': entry(
    500,
    false,
    'Table {table} differs between source and target',
    'Row count or checksum is not equal after the copy.',
    'Make sure that nothing else writes to either side, and run it again.',
  ),
  // broker
  'broker-missing': entry(
    500,
    false,
    'No NATS server was found: {where}',
    'Services talk through NATS. No npm package carries the server, and Banyan downloads nothing by itself.',
    'Install nats-server 2.11.16 or later (https://nats.io/download, `brew install nats-server`, `apt-get install nats-server`) or set NATS_SERVER_BIN to it; or set NATS_URL to a server that runs already.',
  ),
  'broker-start-failed': entry(
    500,
    true,
    'The NATS server did not start: {summary}',
    'The server ended during its start, or refused its configuration; the end of its log is in the details.',
    'Read the lines of the log: a port that is taken and a folder that cannot be written are the usual causes.',
  ),
  'broker-unreachable': entry(
    503,
    true,
    'The NATS server at {target} cannot be reached: {summary}',
    'Wrong address, wrong credentials or certificates, or the server does not run.',
    'Check NATS_URL and that the server runs; credentials are written by `banyan access emit`.',
  ),
  // testing
  'no-stand-in': entry(
    501,
    false,
    'The stand-in for {module} has no handler for {operation}',
    'The test put a stand-in in the place of the module, and gave it handlers for other operations only.',
    'Give standIn a handler for the operation, or let the real module take part.',
  ),
  // edges
  'port-in-use': entry(
    500,
    false,
    'Port {port} on {host} is taken',
    'Another process listens there.',
    'Stop it, or choose another port with PORT or gateway.port.',
  ),
  'invalid-request': entry(
    400,
    false,
    'The request cannot be read: {summary}',
    'The body, a header or the query string is malformed.',
    'Correct the request.',
  ),
  'method-not-allowed': entry(
    405,
    false,
    '{path} does not take {method}, but {allow}',
    'The path exists, with other methods.',
    'Use a method that the Allow header names.',
  ),
  'request-timeout': entry(
    408,
    true,
    'The request did not arrive in time',
    'The client, or the network before it, sent headers or body too slowly.',
    'Send it again; raise gateway.limits for large uploads over slow networks.',
  ),
  'uri-too-long': entry(
    414,
    false,
    'The path and query string are longer than {limitBytes} bytes',
    'The gateway bounds what it reads.',
    'Send less in the query string, or use an operation that takes a body.',
  ),
  'headers-too-large': entry(
    431,
    false,
    'The request has more than {limit}',
    'The gateway bounds what it reads; large cookies are the usual reason.',
    'Send fewer or smaller headers.',
  ),
  'unsupported-media-type': entry(
    415,
    false,
    'The content type {type} is not accepted here',
    'Operations take application/json.',
    'Send application/json.',
  ),
  'invalid-idempotency-key': entry(
    400,
    false,
    'The Idempotency-Key is not valid: {summary}',
    'It is a quoted string of 1 to 255 visible characters (draft-ietf-httpapi-idempotency-key-header).',
    'Send one such key, for example a UUID.',
  ),
  'unknown-command': entry(
    500,
    false,
    '{summary}',
    'The command line names something that does not exist.',
    'See `banyan --help`.',
  ),
} as const satisfies Record<string, CatalogueEntry>

/** The codes of all errors that Banyan itself raises. */
export type ErrorCode = keyof typeof catalogue
