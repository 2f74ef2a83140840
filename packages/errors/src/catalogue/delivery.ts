import { type CatalogueEntry, entry } from './entry.js'

/** Errors of delivery. */
export const deliveryErrors = {
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
} as const satisfies Record<string, CatalogueEntry>
