import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { type HostClient, transactionEnd } from '../../src/join/host-client.js'

/** A client of `pg`, as far as its wire is heard. */
function clientWith(connection: unknown): HostClient {
  return { connection, query: async () => ({ rows: [] }) } as HostClient
}

async function isResolved(promise: Promise<void> | undefined): Promise<boolean> {
  return Promise.race([promise?.then(() => true), Promise.resolve(false).then(() => false)]) as Promise<boolean>
}

test('the end of a transaction is heard from the server, and listening ends with it', async () => {
  const wire = new EventEmitter()
  const ended = transactionEnd(clientWith(wire))
  wire.emit('readyForQuery', { status: 'T' })
  wire.emit('readyForQuery', { status: 'E' })
  expect(await isResolved(ended)).toBe(false)
  wire.emit('readyForQuery', { status: 'I' })
  await ended
  expect(wire.listenerCount('readyForQuery') + wire.listenerCount('end')).toBe(0)
})

test('a connection that ends has ended its transaction', async () => {
  const wire = new EventEmitter()
  const ended = transactionEnd(clientWith(wire))
  wire.emit('end')
  await ended
  expect(wire.listenerCount('readyForQuery') + wire.listenerCount('end')).toBe(0)
})

test.each([[undefined], [{}], [{ on: 1 }]])('a client whose wire is %j does not tell', (wire) => {
  expect(transactionEnd(clientWith(wire))).toBeUndefined()
})
