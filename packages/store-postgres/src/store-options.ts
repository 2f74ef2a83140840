import type { Ambient } from '@banyan/ambient'
import type { FlushListener } from './connection/flush.js'
import type { ConnectionOptions } from './connection/settings.js'
import type { StoreLogins } from './roles/logins.js'
import type { StoreLog } from './store-log.js'

/** Bounds of the connections of one module (P9). */
export interface StoreLimits {
  /** Connections for units of work, where the module names no number. Default 6. */
  readonly units?: number
  /** Connections for queries and for reading the log. Default 4. */
  readonly readers?: number
  /** How many may wait for a connection; beyond, they get `overloaded` at once. Default 256. */
  readonly waiting?: number
  /** How long one may wait for a connection, or making one may take. Milliseconds, default 5,000. */
  readonly waitMs?: number
  /** How long an unused connection is kept. Milliseconds, default 10,000. */
  readonly idleMs?: number
  /**
   * How long an answer may take before the server is asked, through another connection, whether it works on it; when it does
   * not, the connection is lost. Not behind a pooler, where connections cannot be told apart. Milliseconds, default 5,000.
   */
  readonly silentMs?: number
  /**
   * How long the answer to a commit or to a statement of Banyan's own may take where the server cannot be asked, or is behind
   * a pooler: a commit is `outcome-unknown` then. Milliseconds, default 35,000, which is longer than anybody waits for a lock.
   */
  readonly answerMs?: number
  /** How long a statement of a query may run. Milliseconds, default 30,000. */
  readonly queryMs?: number
}

/** How a PostgreSQL store is made over a server that is there. */
export interface PostgresStoreOptions {
  /** Name of the app: stands in front of the names of the roles, which belong to the whole server. */
  readonly app: string
  /**
   * The admin: a superuser, or a role with CREATEROLE and with CREATE on the database. Used to make what is missing, and
   * for nothing that a module does. With `logins`, only where the database is: who connects there is named by them.
   */
  readonly connection: ConnectionOptions
  /**
   * How to log in as each module. With it the admin is not used, nothing is made and nothing migrated: `open` looks as
   * each module whether all is there, and refuses with `store-not-prepared` when it is not. Passwords that the server
   * refuses are not set again. Whoever deploys prepares the database: `preparePostgres`, or `roleScript` and `banyan db
   * migrate`. Default: the admin makes what is missing, and passwords follow from the secret.
   */
  readonly logins?: StoreLogins
  readonly ambient: Ambient
  /**
   * What the passwords of the modules' roles are derived from. The same for all processes of all apps on the server.
   * Default: the password of the admin. With neither, roles have no password, which serves where the server asks for none.
   */
  readonly secret?: string
  readonly limits?: StoreLimits
  /** What `describe` tells about the server. Default `server`. */
  readonly kind?: 'embedded' | 'server'
  /** Default: nothing is told. */
  readonly log?: StoreLog
  /** Told of each flush to the server: its statements travelled in one packet. For tests and tools. */
  readonly onFlush?: FlushListener
  /** Told when the session that holds a module's leases was lost; they are gone, and others may take them. */
  readonly onLost?: (module: string) => void
}

/** What a store is beside its connections; set by who starts the server. */
export interface StoreHome {
  readonly kind: 'embedded' | 'server'
  /** For people. */
  readonly target: string
  /** Ends what belongs to the store, after its connections. */
  readonly stop: () => Promise<void>
}
