import type { Socket } from 'node:net'
import type { NatsConnection } from '@nats-io/transport-node'

/**
 * Parts of the library that it shows to nobody, and that nothing else reaches (tried with 3.4). Each may be absent in another
 * version; what is done with it has a test.
 */
interface Internals {
  readonly protocol?: {
    readonly options?: { timeout?: number }
    /** Ends the attempt that waits for the first answer of the server; absent while there is none. */
    readonly connectError?: (error: Error) => void
    readonly transport?: { readonly socket?: Socket; readonly isClosed?: boolean }
  }
}

/** Of an attempt to connect again. The first one may take longer: a process that starts has more to do. */
const attemptMs = 3_000

/**
 * Keeps the library from waiting where it would: for a connection that it gave up itself, and for one that is closed.
 * Resolves when the connection is closed for good.
 *
 * @param connected it stands again
 */
export async function insistOn(connection: NatsConnection, connected: () => void): Promise<void> {
  const { protocol } = connection as Internals
  if (protocol?.options) protocol.options.timeout = attemptMs
  for await (const { type } of connection.status()) {
    if (type === 'reconnect') connected()
    // The library would first write through it what is still to be sent, which nobody takes: for a quarter of an hour.
    if (type === 'staleConnection') protocol?.transport?.socket?.destroy()
    // Closed before the server had answered: the library would wait for that answer until the attempt is over.
    if (type === 'disconnect' && protocol?.transport?.isClosed)
      protocol.connectError?.(new Error('The NATS server closed the connection'))
  }
}
