import type { BanyanError } from '@banyan/errors'

/** One line of what the embedded server's keeper did, for the log of the process. */
export interface EmbeddedLogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly [detail: string]: unknown
}

export type EmbeddedLog = (line: EmbeddedLogLine) => void

export interface EmbeddedOptions {
  /** Folder that holds the database and everything that belongs to it. Made if absent. One owner at a time. */
  readonly dataDir: string
  /** Is told what was done: the user that the server runs as, copies, relocations, restarts. Default: nothing is told. */
  readonly log?: EmbeddedLog
  /**
   * PostgreSQL settings that replace Banyan's, for example `{ shared_buffers: '128MB' }`. Names that decide where the
   * server listens and where its data lies are refused. `fsync: 'off'` loses acknowledged commits on a power cut: for
   * throw-away tests only.
   */
  readonly settings?: Readonly<Record<string, string>>
  /** Start the server again when it dies by itself, at most 5 times in a minute. Default: true. */
  readonly supervise?: boolean
  /**
   * How long a server goes on without an owner after this process died, before it shuts itself down, in milliseconds,
   * rounded up to seconds. A start within this time takes it over. Default: 60,000. No effect on Windows.
   */
  readonly orphanGraceMs?: number
  /**
   * `socket`: a private Unix socket; `loopback`: a random port on 127.0.0.1. Both ask for a password (SCRAM).
   * Default: a socket where the platform and the file system have them.
   */
  readonly transport?: 'socket' | 'loopback'
}

/** How to reach the server as its superuser. */
export interface EmbeddedConnection {
  /** The folder of the Unix socket, or 127.0.0.1. */
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: 'postgres'
}

/** Why the server is gone for good. */
export interface EmbeddedClosed {
  /** `stopped` by stop(); `died` by itself with supervise off; `gave-up` after too many restarts. */
  readonly reason: 'stopped' | 'died' | 'gave-up'
  readonly error?: BanyanError
}

/** A running embedded PostgreSQL that this process owns. */
export interface EmbeddedServer {
  readonly connection: EmbeddedConnection
  /** Process id of the postmaster; changes when it was started again. */
  readonly pid: number
  /** Version of the server, for example `18.4`. */
  readonly version: string
  /** Whether a server left by a process that died was taken over. */
  readonly adopted: boolean
  /** Resolves, never rejects, when the server is gone for good. The data folder is free then. */
  readonly closed: Promise<EmbeddedClosed>
  /** Shuts the server down (clients are disconnected, a checkpoint is written) and frees the data folder. Idempotent. */
  stop(): Promise<void>
}
