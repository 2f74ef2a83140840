import { Client, type ClientConfig } from 'pg'

/** Where a PostgreSQL is, and as whom to make what is missing there. */
export type ConnectionOptions =
  | { readonly connectionString: string }
  | {
      /** A host name, an address, or the folder of a Unix socket. */
      readonly host: string
      readonly port: number
      /** May be absent where a store has logins of its own. */
      readonly user?: string
      readonly password?: string
      readonly database: string
      readonly ssl?: ClientConfig['ssl']
    }

/** The parts of a connection, without who uses it. */
export interface Target {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly ssl: ClientConfig['ssl']
}

export interface Credentials {
  readonly user: string
  readonly password: string | undefined
}

export interface Settings {
  readonly target: Target
  readonly admin: Credentials
}

/**
 * Takes the options apart by `pg` itself, so that a connection string, `PGPASSWORD` and `sslmode` mean here what they
 * mean everywhere.
 */
export function readSettings(options: ConnectionOptions): Settings {
  const probe = new Client(
    'connectionString' in options
      ? { connectionString: options.connectionString }
      : { ...options, password: options.password ?? '', ssl: options.ssl ?? false },
  )
  const { host, port, database, user, password, ssl } = probe as Client & { database: string }
  return {
    target: { host, port, database, ssl },
    admin: { user: user ?? '', password: typeof password === 'string' && password !== '' ? password : undefined },
  }
}

/** The target in words for people; it never contains a password. */
export function describeTarget({ host, port, database }: Target): string {
  return host.startsWith('/') ? `${host} (socket, port ${port}), database ${database}` : `${host}:${port}/${database}`
}

/** What `pg` is to connect with. */
export function clientConfig(target: Target, credentials: Credentials, applicationName: string): ClientConfig {
  const { host, port, database, ssl } = target
  return {
    host,
    port,
    database,
    ssl,
    user: credentials.user,
    // An empty password, never none: for none `pg` would look into the files of whoever runs the process.
    password: credentials.password ?? '',
    application_name: applicationName,
    keepAlive: true,
    // By itself the system begins to look after two hours.
    keepAliveInitialDelayMillis: 10_000,
  }
}
