import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { CallServer, CallWire, Provider } from '@banyan/placement'
import { createLogger } from '@banyan/runtime'
import { afterEach, expect, test, vi } from 'vitest'
import { LaneServer } from '../../src/lane/lane-server.js'
import { Lanes } from '../../src/lane/lanes.js'
import type { LaneTicket } from '../../src/lane/tickets.js'

const logger = createLogger({ level: 'silent' })
const ends: (() => void)[] = []
afterEach(() => {
  vi.useRealTimers()
  for (const end of ends.splice(0)) end()
})

async function until(condition: () => boolean): Promise<void> {
  for (let turns = 0; !condition(); turns++) {
    if (turns > 200_000) throw new Error('the condition did not come about')
    await new Promise((done) => setImmediate(done))
  }
}

/** A process that takes lanes; what comes through them is counted. */
async function laneServer() {
  let taken = 0
  const server = new LaneServer({ host: '127.0.0.1' }, () => true, logger)
  const take = (): void => {
    taken++
  }
  const address = await server.listen({ take, refuse: take } as unknown as CallServer)
  ends.push(() => server.close())
  return { server, address, taken: () => taken }
}

const providerAt = (lane: Provider['lane']): Provider => ({
  instance: 'i1',
  service: 'stocks',
  module: 'stock',
  version: '1.0.0',
  line: '1',
  step: '0',
  lane,
  outstanding: 0,
})

/** The lanes of a process; calls that the broker carries are counted. */
function lanesWith(askTicket: () => Promise<LaneTicket>) {
  const seen = { brokered: 0, broken: 0, failed: [] as unknown[] }
  const broker = {
    token: 'token',
    connected: true,
    messageBytes: 1_000_000,
    sendCalls: () => void seen.brokered++,
    sendCancel: () => undefined,
  } satisfies CallWire
  const lanes = new Lanes({
    broker,
    askTicket,
    replied: () => undefined,
    broken: () => void seen.broken++,
    failed: (_to, cause) => void seen.failed.push(cause),
  })
  ends.push(() => lanes.close())
  return { lanes, seen }
}

const send = (lanes: Lanes, to: Provider): void => lanes.sendCalls(to, 'level', 1, 1, Buffer.from('call'))

/** Stands before a server, and shows what comes back from it. */
async function standBefore(port: number, answered: () => void): Promise<{ port: number; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    const behind = connect(port, '127.0.0.1')
    for (const [one, other] of [
      [socket, behind],
      [behind, socket],
    ] as const) {
      sockets.add(one)
      one.on('error', () => undefined)
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
    behind.once('data', answered)
    socket.pipe(behind)
    behind.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  ends.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { port: (server.address() as { port: number }).port, sockets }
}

test('why there is no lane is told once, and again when one stood in between', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const { server, address } = await laneServer()
  const away = new Error('nobody answers')
  let asked = 0
  let refusing = true
  const { lanes, seen } = lanesWith(() => {
    asked++
    return refusing ? Promise.reject(away) : Promise.resolve(server.ticket('front') as LaneTicket)
  })
  const to = providerAt(address)
  for (let times = 1; times <= 3; times++) {
    send(lanes, to)
    await until(() => asked === times && vi.getTimerCount() === 1)
    vi.advanceTimersByTime(60_000)
  }
  expect(seen.failed).toEqual([away])
  refusing = false
  send(lanes, to)
  await until(() => lanes.open === 1)
  server.close()
  await until(() => lanes.open === 0)
  expect(seen.failed).toEqual([away, new Error('the other end closed it')])
  // Nobody listens there any more.
  vi.advanceTimersByTime(60_000)
  refusing = true
  send(lanes, to)
  await until(() => asked === 5)
  expect(seen.failed).toHaveLength(2)
})

test('that nobody listens at the address is told as what it is', async () => {
  const { server, address } = await laneServer()
  const ticket = server.ticket('front') as LaneTicket
  server.close()
  const { lanes, seen } = lanesWith(() => Promise.resolve(ticket))
  send(lanes, providerAt(address))
  await until(() => seen.failed.length === 1)
  expect(seen.failed[0]).toMatchObject({ code: 'ECONNREFUSED' })
})

test('a process that stops while a lane is being made loses no call: it gives none', async () => {
  const { server, address, taken } = await laneServer()
  let drained: Promise<void> | undefined
  const before = await standBefore(address.port, () => {
    drained = server.drain(10_000)
  })
  const { lanes, seen } = lanesWith(() => Promise.resolve(server.ticket('front') as LaneTicket))
  const to = providerAt({ ...address, port: before.port })
  send(lanes, to)
  // The other end was in the middle of the handshake when it began to stop.
  await until(() => {
    send(lanes, to)
    return seen.failed.length > 0
  })
  await drained
  expect(taken()).toBe(0)
  expect(seen.broken).toBe(0)
  expect(lanes.open).toBe(0)
})

test('a process that has stopped leaves no lane open', async () => {
  const { server, address } = await laneServer()
  const before = await standBefore(address.port, () => undefined)
  const { lanes } = lanesWith(() => Promise.resolve(server.ticket('front') as LaneTicket))
  send(lanes, providerAt({ ...address, port: before.port }))
  await until(() => lanes.open === 1)
  await server.drain(10_000)
  server.close()
  await until(() => before.sockets.size === 0)
})
