import type { Ambient } from '@banyan/ambient'
import { banyanError } from '@banyan/errors'
import {
  type ConnectionOptions,
  connect,
  errors,
  type NatsConnection,
  nkeyAuthenticator,
} from '@nats-io/transport-node'
import { insistOn } from './insist.js'

export interface NatsOptions {
  /** Addresses of one cluster. */
  readonly servers: string | readonly string[]
  /** What the server shows for this connection. */
  readonly name: string
  /** For the spread of attempts to connect again. */
  readonly ambient: Ambient
  /** An nkey; absent where the server asks for nothing. */
  readonly credentials?: { readonly seed: string }
  readonly tls?: NatsTls
  /** Where replies to the library's own requests come. */
  readonly inboxPrefix?: string
  /** How long the first connection may take. Default 10 s. */
  readonly timeoutMs?: number
}

/** Files in PEM. */
export interface NatsTls {
  readonly caFile?: string
  readonly certFile?: string
  readonly keyFile?: string
}

/** In one attempt the library would wait to the end for a server that closed the connection before it answered. */
const firstAttempts = 2
const longestPauseMs = 2_000
const shortestPauseMs = 50
/** A connection through which nothing comes is given up after the third: TCP alone would keep it for a quarter of an hour. */
const pingMs = 2_000
const mostPings = 2

/**
 * Connects to NATS. A connection that breaks is made again for ever, with growing pauses and full jitter, so that
 * the processes of an app do not all come back at once.
 * @throws broker-unreachable
 */
export async function connectNats(options: NatsOptions): Promise<NatsConnection> {
  const { credentials, tls, inboxPrefix, ambient } = options
  const servers = typeof options.servers === 'string' ? options.servers.split(',') : [...options.servers]
  let attempts = 0
  try {
    const connection = await connectFirst({
      servers,
      name: options.name,
      timeout: (options.timeoutMs ?? 10_000) / firstAttempts,
      // Without these traces a message costs half: see docs/decisions/0018-frames.md.
      noAsyncTraces: true,
      maxReconnectAttempts: -1,
      ignoreAuthErrorAbort: true,
      pingInterval: pingMs,
      maxPingOut: mostPings,
      reconnectDelayHandler: () =>
        shortestPauseMs + ambient.random() * Math.min(longestPauseMs, shortestPauseMs * 2 ** Math.min(attempts++, 10)),
      ...(inboxPrefix === undefined ? {} : { inboxPrefix }),
      ...(tls === undefined ? {} : { tls: { ...tls } }),
      ...(credentials === undefined
        ? {}
        : { authenticator: nkeyAuthenticator(new TextEncoder().encode(credentials.seed)) }),
    })
    void insistOn(connection, () => {
      attempts = 0
    })
    return connection
  } catch (error) {
    const summary = error instanceof Error ? error.message : String(error)
    throw banyanError(
      'broker-unreachable',
      { target: servers.map(withoutPassword).join(', '), summary },
      { cause: error },
    )
  }
}

async function connectFirst(options: ConnectionOptions): Promise<NatsConnection> {
  for (let left = firstAttempts; ; left--)
    try {
      return await connect(options)
    } catch (error) {
      if (left === 1 || !(error instanceof errors.TimeoutError)) throw error
    }
}

const withoutPassword = (server: string): string => server.replace(/\/\/[^@/]*@/, '//')
