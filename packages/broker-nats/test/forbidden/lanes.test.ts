import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import {
  beginCalls,
  deriveAccess,
  FrameWriter,
  once,
  Requests,
  readReplies,
  readResponse,
  writeCall,
} from '@banyan/placement'
import type { Outcome } from '@banyan/runtime'
import { connect, type NatsConnection, nkeyAuthenticator } from '@nats-io/transport-node'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { withNats } from '../../../../tools/vitest/with-nats.js'
import {
  createUserKey,
  type NatsServer,
  natsConfiguration,
  principalName,
  principalsOf,
  startNatsServer,
} from '../../src/index.js'
import { LaneLink } from '../../src/lane/link.js'
import { recordKind } from '../../src/lane/records.js'
import type { LaneTicket } from '../../src/lane/tickets.js'
import { laneTls } from '../../src/lane/tls.js'
import { type Process, startProcess } from '../calls/processes.js'
import { bench, shopApp, topologyNamed } from '../calls/shop.js'

/*
 * What a process may not do past the broker, tried with the credentials of its service, and with lanes of our own making that
 * check nothing themselves: the process at the other end refuses it.
 */
withNats.describe('a lane', () => {
  const app = 'lanes'
  const token = 'T0KEN'
  const handled = bench('one')
  const folder = mkdtempSync(join(tmpdir(), 'ban-lanes-'))
  const access = deriveAccess(shopApp(handled), topologyNamed(app))
  const keys = new Map(principalsOf(access).map((principal) => [principalName(principal), createUserKey()]))
  const seedOf = (service: string): string => keys.get(`calls.${service}`)?.seed as string
  let server: NatsServer
  let stocks: Process
  const open: { destroy(): void }[] = []
  const connections: NatsConnection[] = []

  beforeAll(async () => {
    const keysOf = (principal: Parameters<typeof principalName>[0]): readonly string[] => [
      keys.get(principalName(principal))?.publicKey as string,
    ]
    server = await startNatsServer({ folder, config: natsConfiguration({ access, keysOf, streamBytes: 8_388_608 }) })
    const calls = { seed: seedOf('stocks') }
    const lane = { host: '127.0.0.1' }
    stocks = await startProcess({ url: server.url, app, service: 'stocks', on: handled, calls, lane })
  })
  afterEach(async () => {
    for (const socket of open.splice(0)) socket.destroy()
    for (const connection of connections.splice(0)) await connection.close()
  })
  afterAll(async () => {
    await stocks.stop()
    await server.stop()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })

  /** Asks for a ticket through the broker, with nothing but the key of a service. */
  async function ticketFor(service: string, as = service): Promise<LaneTicket> {
    const authenticator = nkeyAuthenticator(new TextEncoder().encode(seedOf(service)))
    const connection = await connect({ servers: server.url, reconnect: false, authenticator })
    connections.push(connection)
    const requests = new Requests({
      connected: true,
      token,
      messageBytes: 1_000_000,
      sendRequest: ({ module }, number, message) => {
        const reply = `${app}.reply.${service}.${module}.${token}.r${number}`
        connection.publish(`${app}.lane.${module}.${stocks.mesh.instance}.${as}`, message, { reply })
      },
    })
    connection.subscribe(`${app}.reply.${service}.*.${token}.*`, {
      callback: (_, { data }) => requests.responded('stock', readResponse(data) as never),
    })
    // The server tells at once that it lets nobody through.
    void (async () => {
      for await (const status of connection.status()) if (status.type === 'error') requests.lost()
    })()
    const { head } = await requests.ask({
      to: { kind: 'lane', module: 'stock', instance: stocks.mesh.instance },
      what: 'a ticket',
      head: {},
      remainingMs: 5_000,
      changes: false,
      after: (delayMs, task) => {
        const timer = once(delayMs, task)
        return () => timer.end()
      },
    })
    return head as LaneTicket
  }

  function socketWith({ identity, key }: LaneTicket): TLSSocket {
    const { port = 0 } = stocks.mesh.instances().find(({ instance }) => instance === stocks.mesh.instance)?.lane ?? {}
    const psk = Buffer.from(key, 'base64url')
    const socket = connectTls({
      host: '127.0.0.1',
      port,
      ...laneTls,
      pskCallback: () => ({ psk, identity }),
      checkServerIdentity: () => undefined,
    })
    open.push(socket)
    return socket
  }

  const opened = (socket: TLSSocket): Promise<'opened' | 'refused'> =>
    new Promise((done) => {
      socket.once('secureConnect', () => done('opened'))
      socket.once('error', () => done('refused'))
    })

  /** Calls an operation of stock over a lane of a service, as the caller that it says it is. */
  async function callBy(service: string, operation: string, input: object, caller?: string): Promise<Outcome> {
    const socket = socketWith(await ticketFor(service))
    const outcome = new Promise<Outcome>((done, failed) => {
      const link = new LaneLink(
        socket,
        ({ kind, message }) => {
          const [reply] = (kind === recordKind.replies && readReplies(message)?.replies) || []
          if (reply) done(reply.outcome)
        },
        () => failed(new Error('the lane was closed without an answer')),
      )
      const writer = new FrameWriter()
      beginCalls(writer, token, 1)
      writeCall(writer, 7, {
        kind: 'query',
        id: undefined,
        caller,
        remainingMs: 5_000,
        travel: { correlationId: 'c' },
        input: JSON.stringify(input),
      })
      const message = writer.take()
      socket.once('secureConnect', () => {
        link.send(recordKind.hello, [token])
        link.send(recordKind.calls, ['stock', operation], message)
      })
    })
    return outcome
  }

  test('carries what the service may call', async () => {
    expect(await callBy('sales', 'level', { text: 'declared' }, 'orders')).toEqual({
      ok: true,
      value: { text: 'declared at one' },
    })
    expect(handled.handled).toContain('declared')
  })

  test('carries nothing else: the callee checks what the broker is passed by with', async () => {
    // The gateway may ask raw routes of stock, so it gets a lane; no operation of stock has `http`.
    expect(await callBy('front', 'level', { text: 'by the gateway' })).toMatchObject({
      ok: false,
      error: { code: 'access-denied' },
    })
    // It speaks for the service to which the ticket was given, whatever the call says.
    expect(await callBy('front', 'level', { text: 'as orders' }, 'orders')).toMatchObject({
      ok: false,
      error: { code: 'access-denied' },
    })
    expect(await callBy('sales', 'missing', {}, 'orders')).toMatchObject({
      ok: false,
      error: { code: 'access-denied' },
    })
    expect(handled.handled.filter((text) => text !== 'declared')).toEqual([])
  })

  test('is opened by a ticket once', async () => {
    const ticket = await ticketFor('sales')
    expect(await opened(socketWith(ticket))).toBe('opened')
    expect(await opened(socketWith(ticket))).toBe('refused')
    const another = await ticketFor('sales')
    const both = await Promise.all([opened(socketWith(another)), opened(socketWith(another))])
    expect(both.sort()).toEqual(['opened', 'refused'])
  })

  test('is opened by nobody who knows the name of a ticket and not its key, who uses it up', async () => {
    const { identity, key } = await ticketFor('sales')
    expect(await opened(socketWith({ identity, key: Buffer.alloc(32, 1).toString('base64url') }))).toBe('refused')
    expect(await opened(socketWith({ identity, key }))).toBe('refused')
  })

  test('is given to a service in its own name only', async () => {
    await expect(ticketFor('front', 'sales')).rejects.toMatchObject({ code: 'unavailable' })
    await expect(ticketFor('sales')).resolves.toMatchObject({ identity: expect.any(String) })
  })
})
