import { mkdtempSync, rmSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { ProxiedLink } from '../../../../tools/vitest/proxied-link.js'
import { withNats } from '../../../../tools/vitest/with-nats.js'
import { type NatsServer, startNatsServer } from '../../src/index.js'
import { type Process, type ProcessOptions, startProcess } from '../calls/processes.js'
import { bench } from '../calls/shop.js'

let server: NatsServer
let app = ''
let count = 0
const running = new Set<Process>()
const lane = { host: '127.0.0.1' }

async function begin(options: Partial<ProcessOptions> & Pick<ProcessOptions, 'service'>): Promise<Process> {
  const process = await startProcess({ url: server.url, app, on: bench('one'), ...options })
  running.add(process)
  return process
}

const lanesOf = ({ mesh }: Process): number =>
  mesh.metrics().find(({ name }) => name === 'banyan_wire_lanes')?.samples[0]?.value ?? -1
const sentBytes = ({ mesh }: Process): number =>
  mesh.metrics().find(({ name }) => name === 'banyan_wire_sent_bytes_total')?.samples[0]?.value ?? -1

async function until(condition: () => boolean): Promise<void> {
  for (let left = 500; !condition(); left--) {
    if (left === 0) throw new Error('the condition did not come about')
    await new Promise((done) => setTimeout(done, 10))
  }
}

/** The first call goes through the broker, and lets the lane be made. */
async function withLane(front: Process): Promise<void> {
  await front.call('stock.level', { text: 'first' })
  await until(() => lanesOf(front) === 1)
}

withNats.describe('calls past the broker', () => {
  let folder = ''
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bn-'))
    server = await startNatsServer({ folder })
  })
  afterAll(async () => {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  afterEach(async () => {
    await Promise.all([...running].map((process) => process.stop()))
    running.clear()
  })
  const fresh = (): void => {
    app = `lane${count++}`
  }

  test('queries, commands and errors are the same as through the broker, which carries none of them', async () => {
    fresh()
    await begin({ service: 'stocks', lane })
    const front = await begin({ service: 'front' })
    await withLane(front)
    const text = 'x'.repeat(100_000)
    const before = sentBytes(front)
    expect(await front.call('stock.level', { text })).toEqual({ ok: true, value: { text: `${text} at one` } })
    expect(sentBytes(front) - before).toBeLessThan(text.length)
    expect(await front.call('stock.add', { sku: `a${app}` })).toEqual({ ok: true, value: { times: 1 } })
    expect(await front.call('stock.take', { sku: 'pear' })).toMatchObject({
      ok: false,
      error: { code: 'stock.outOfStock', status: 409, details: { sku: 'pear' } },
    })
  })

  test('a process that ends in order answers what it took, and what comes then goes elsewhere: nothing fails', async () => {
    fresh()
    const first = await begin({ service: 'stocks', lane })
    const front = await begin({ service: 'front' })
    await withLane(front)
    await begin({ service: 'stocks', lane, on: bench('two') })
    await until(() => front.mesh.directory.replicasOf('stock').instances.length === 2)
    let over = false
    let failed = 0
    let done = 0
    const callers = Array.from({ length: 16 }, async () => {
      while (!over) {
        const outcome = await front.call('stock.level', { text: 'busy' })
        if (!outcome.ok) failed++
        done++
      }
    })
    await until(() => done > 500)
    running.delete(first)
    await first.stop()
    const then = done
    await until(() => done > then + 500)
    over = true
    await Promise.all(callers)
    expect(failed).toBe(0)
  })

  test('a process that dies is told by its lane: its commands are outcome-unknown at once, and others are called', async () => {
    fresh()
    const on = bench('one')
    const stocks = await begin({ service: 'stocks', lane, on })
    // It would be told by silence after a minute.
    const front = await begin({ service: 'front', lapseMs: 60_000 })
    await withLane(front)
    const held = front.call('stock.hold', { key: 'k' })
    await on.reached('k')
    await stocks.mesh.close()
    expect(await held).toMatchObject({ ok: false, error: { code: 'outcome-unknown' } })
    on.release('k')
  })

  test('a lane that became a black hole is given up: its calls end, and the broker carries the next ones', async () => {
    fresh()
    const on = bench('one')
    const behind = '127.0.0.2'
    const target = { host: behind, port: 0 }
    const link = await ProxiedLink.open(target)
    target.port = link.port
    await begin({ service: 'stocks', lane: { host: behind, port: link.port, advertise: '127.0.0.1' }, on })
    // It would be told by silence after a minute.
    const front = await begin({ service: 'front', lapseMs: 60_000 })
    await withLane(front)
    link.forget()
    const lost = front.call('stock.add', { sku: `lost${app}` }, { timeoutMs: 60_000 })
    expect(await lost).toMatchObject({ ok: false, error: { code: 'outcome-unknown' } })
    expect(lanesOf(front)).toBe(0)
    await until(() => front.mesh.instances().length === 2)
    expect(await front.call('stock.level', { text: 'again' })).toEqual({ ok: true, value: { text: 'again at one' } })
    await link.close()
  })

  test('who has no ticket of the process gets no lane, and a ticket opens one lane only', async () => {
    fresh()
    const stocks = await begin({ service: 'stocks', lane })
    const front = await begin({ service: 'front' })
    await withLane(front)
    const address = stocks.mesh.instances().find(({ instance }) => instance === stocks.mesh.instance)?.lane
    expect(address).toMatchObject({ host: '127.0.0.1' })
    const refused = await new Promise<string>((resolve) => {
      const socket = connectTls({
        host: '127.0.0.1',
        port: address?.port ?? 0,
        ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
        maxVersion: 'TLSv1.2',
        pskCallback: () => ({ psk: Buffer.alloc(32, 1), identity: 'guessed' }),
        checkServerIdentity: () => undefined,
      })
      socket.once('secureConnect', () => resolve('opened'))
      socket.once('error', (error) => resolve((error as NodeJS.ErrnoException).code ?? error.message))
    })
    expect(refused).not.toBe('opened')
    // Without TLS nothing is said at all.
    const plain = createConnection(address?.port ?? 0, '127.0.0.1')
    plain.on('error', () => undefined)
    plain.write(Buffer.from([2, 0, 0, 0, 1, 0]))
    await new Promise((resolve) => plain.once('close', resolve))
    expect(lanesOf(front)).toBe(1)
  })
})
describe('records of a lane', () => {
  test('are cut from the stream wherever it is split, and garbage ends it', async () => {
    const { RecordReader, recordHead } = await import('../../src/lane/records.js')
    const message = Buffer.from('message')
    const bytes = Buffer.concat([
      recordHead(2, ['stock', 'level'], message.length),
      message,
      recordHead(5, [], 0),
      recordHead(3, ['stock'], message.length),
      message,
    ])
    for (let size = 1; size <= bytes.length; size++) {
      const got: string[] = []
      const reader = new RecordReader(({ kind, names, message: taken }) =>
        got.push(`${kind} ${names.join(',')} ${Buffer.from(taken).toString()}`),
      )
      for (let from = 0; from < bytes.length; from += size)
        expect(reader.push(bytes.subarray(from, from + size))).toBe(true)
      expect(got).toEqual(['2 stock,level message', '5  ', '3 stock message'])
    }
    expect(new RecordReader(() => undefined).push(Buffer.from([255, 255, 255, 255]))).toBe(false)
    expect(new RecordReader(() => undefined).push(Buffer.from([3, 0, 0, 0, 2, 1, 200]))).toBe(false)
  })
})
