/** A connection of the host: a `Client` or a pooled client of the package `pg`, or what behaves like one. */
export interface HostClient {
  // biome-ignore lint/suspicious/noExplicitAny: the rows of a driver are typed by who asks
  query<Row = any>(text: string, values: unknown[]): Promise<{ rows: Row[] }>
}

interface Wire {
  on(event: 'readyForQuery', listener: (message: { readonly status?: string }) => void): unknown
  once(event: 'end', listener: () => void): unknown
  off(event: string, listener: (...parameters: never[]) => void): unknown
}

/**
 * Resolves when the transaction that is open on the client has ended. The driver does not tell who uses it, but the
 * server says after each statement whether a transaction is open; undefined for clients that let nobody hear that.
 */
export function transactionEnd(client: HostClient): Promise<void> | undefined {
  const wire = (client as { connection?: Partial<Wire> }).connection
  if (typeof wire?.on !== 'function' || typeof wire.off !== 'function' || typeof wire.once !== 'function')
    return undefined
  const { on, off, once } = wire as Wire
  return new Promise((resolve) => {
    const done = (): void => {
      off.call(wire, 'readyForQuery', heard)
      off.call(wire, 'end', done)
      resolve()
    }
    const heard = ({ status }: { readonly status?: string }): void => {
      if (status === 'I') done()
    }
    on.call(wire, 'readyForQuery', heard)
    once.call(wire, 'end', done)
  })
}
