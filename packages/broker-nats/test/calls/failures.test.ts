import { createAmbient } from '@banyan/ambient'
import { beginCalls, type CallItem, FrameWriter, readReplies, writeCall } from '@banyan/placement'
import type { Outcome } from '@banyan/runtime'
import { connect, type NatsConnection, nkeys } from '@nats-io/transport-node'
import { expect, test, vi } from 'vitest'
import { ProxiedLink } from '../../../../tools/vitest/proxied-link.js'
import { connectNats } from '../../src/index.js'
import { bench } from './shop.js'
import { meshSuite, type Suite, until } from './suite.js'

const code = (outcome: Outcome): string => (outcome.ok ? 'ok' : outcome.error.code)

/** Somebody who is no process of ours, on the same broker. */
async function stranger({ server }: Suite): Promise<NatsConnection> {
  return connect({ servers: server.url })
}

function message(call: Partial<CallItem>, input: unknown = { text: 'x' }): Uint8Array {
  const writer = new FrameWriter()
  beginCalls(writer, 'token', 1)
  writeCall(writer, 7, {
    kind: 'query',
    id: call.kind === 'command' ? '0192a3b4-c5d6-7e8f-9a0b-1c2d3e4f5a6b' : undefined,
    caller: undefined,
    remainingMs: 5_000,
    travel: { correlationId: 'c' },
    input: typeof input === 'string' ? input : JSON.stringify(input),
    ...call,
  })
  return writer.take()
}

meshSuite('failures between processes', (suite) => {
  test('when the broker dies, what was sent is unknown or unavailable, and all goes on when it is back (P6)', async () => {
    const on = bench('one')
    await suite.start({ service: 'stocks', on })
    const front = await suite.start({ service: 'front' })
    const held = [front.call('stock.wait', { key: 'q' }), front.call('stock.hold', { key: 'c' })]
    await Promise.all([on.reached('q'), on.reached('c')])
    await suite.server.kill()
    expect((await Promise.all(held)).map(code)).toEqual(['unavailable', 'outcome-unknown'])
    expect(code(await front.call('stock.add', { sku: 'never sent' }))).toBe('unavailable')
    await expect(front.mesh.check()).rejects.toMatchObject({ code: 'unavailable' })
    on.release('q')
    on.release('c')
    await suite.server.restart()
    await until(() =>
      front.mesh.metrics().some(({ name, samples }) => name === 'banyan_wire_connected' && samples[0]?.value === 1),
    )
    await front.mesh.check()
    let last = ''
    await until(() => {
      void front.call('stock.level', { text: 'again' }).then((outcome) => {
        last = code(outcome)
      })
      return last === 'ok'
    })
    expect(on.handled).not.toContain('never sent')
  })

  test('a connection that became a black hole is given up, and made anew', async () => {
    await suite.start({ service: 'stocks' })
    const link = await ProxiedLink.open({ host: '127.0.0.1', port: suite.server.port })
    const front = await suite.start({ service: 'front', url: `nats://127.0.0.1:${link.port}` })
    expect(code(await front.call('stock.level', { text: 'before' }))).toBe('ok')
    link.forget()
    expect(code(await front.call('stock.add', { sku: 'lost' }, { timeoutMs: 60_000 }))).toBe('outcome-unknown')
    await vi.waitFor(
      async () => expect(code(await front.call('stock.level', { text: 'after' }, { timeoutMs: 1_000 }))).toBe('ok'),
      { timeout: 15_000 },
    )
    await front.stop()
    await link.close()
  })

  test('a service speaks for its own modules only, whatever its messages say (P8)', async () => {
    const { mesh } = await suite.start({ service: 'stocks' })
    const other = await stranger(suite)
    const answers: string[] = []
    other.subscribe(`${suite.app}.reply.*.stock.token.*`, {
      callback: (_, { data }) =>
        void answers.push(...(readReplies(data)?.replies ?? []).map(({ outcome }) => code(outcome))),
    })
    const ask = async (service: string, call: Partial<CallItem>, input?: unknown): Promise<string | undefined> => {
      const before = answers.length
      other.publish(`${suite.app}.call.stock.v1.2_0.${mesh.instance}.level.${service}`, message(call, input))
      await until(() => answers.length > before)
      return answers.at(-1)
    }
    expect(await ask('sales', { caller: 'orders' })).toBe('ok')
    expect(await ask('front', {})).toBe('ok')
    expect(await ask('front', { caller: 'orders' })).toBe('access-denied')
    expect(await ask('stocks', { caller: 'orders' })).toBe('access-denied')
    expect(await ask('nobody', {})).toBe('access-denied')
    // A module does not call itself through the broker: it would pass by its own limit.
    expect(await ask('stocks', { caller: 'stock' })).toBe('access-denied')
    expect(await ask('front', {}, '{"text":')).toBe('invalid-input')
    expect(await ask('front', {}, { text: 7 })).toBe('invalid-input')
    expect(await ask('front', { kind: 'command' })).toBe('unknown-operation')
    await other.close()
  })

  test('messages that nobody can read end nothing', async () => {
    const { mesh } = await suite.start({ service: 'stocks' })
    const front = await suite.start({ service: 'front' })
    const other = await stranger(suite)
    const garbage = [Buffer.from('hello'), Buffer.alloc(3, 0xff), Buffer.of(0xb1, 1, 200), Buffer.alloc(0)]
    for (const data of garbage) {
      for (const subject of [
        `call.stock.v1.2_0.${mesh.instance}.level.front`,
        'cancel.stock.front',
        'log.stock.read.front',
        'route.stock.v1.2_0.any.front',
        'presence.stocks',
        'hello.front',
      ])
        other.publish(`${suite.app}.${subject}`, data)
    }
    other.publish(`${suite.app}.presence.stocks`, Buffer.from('{"instance":"a.b","service":"stocks"}'))
    await other.flush()
    expect(code(await front.call('stock.level', { text: 'still' }))).toBe('ok')
    expect(mesh.instances().length).toBe(2)
    await other.close()
  })

  test('a service that tells of modules of others is not believed (P8)', async () => {
    const stocks = await suite.start({ service: 'stocks' })
    const front = await suite.start({ service: 'front' })
    const report = stocks.mesh.instances().find(({ instance }) => instance === stocks.mesh.instance)
    const other = await stranger(suite)
    const tell = (service: string, said: object): void =>
      other.publish(`${suite.app}.presence.${service}`, Buffer.from(JSON.stringify({ ...report, ...said })))
    const module = { ...report?.modules[0], version: '1.9.0' }
    tell('sales', { instance: 'thief', service: 'sales', modules: [module] })
    tell('sales', { instance: 'liar', service: 'stocks', modules: [module] })
    tell('sales', { service: 'sales', state: 'stopped' })
    tell('unheard', { instance: 'unheard', service: 'unheard', modules: [] })
    await other.flush()
    await until(() => front.mesh.instances().some(({ instance }) => instance === 'thief'))
    expect(front.mesh.instances().some(({ instance }) => instance === 'liar' || instance === 'unheard')).toBe(false)
    expect(front.mesh.directory.providers('stock', '1.0.0').map(({ instance }) => instance)).toEqual([
      stocks.mesh.instance,
    ])
    await other.close()
  })

  test('a reply counts only from the module that was called (P8)', async () => {
    const on = bench('one')
    await suite.start({ service: 'stocks', on })
    const front = await suite.start({ service: 'front' })
    const other = await stranger(suite)
    const replies: string[] = []
    other.subscribe(`${suite.app}.call.>`, { callback: (_, { reply }) => void replies.push(reply as string) })
    await other.flush()
    const held = front.call('stock.hold', { key: 'mine' })
    await on.reached('mine')
    await until(() => replies.length === 1)
    const [first] = replies[0]?.split('.').at(-1)?.split('-') ?? []
    const forged = Buffer.concat([Buffer.of(0xb1, 2, 1, 0x69, 1, 0), Buffer.alloc(4), Buffer.of(0)])
    forged.writeUInt32LE(Number(first), 6)
    expect(readReplies(forged)).toMatchObject({ replies: [{ number: Number(first), outcome: { ok: true } }] })
    other.publish((replies[0] as string).replace('.stock.', '.orders.'), forged)
    await other.flush()
    expect(code(await front.call('stock.level', { text: 'after it' }))).toBe('ok')
    on.release('mine')
    expect(await held).toEqual({ ok: true, value: { text: 'mine' } })
    await other.close()
  })

  test('a broker that is not there is named, and its password is not', async () => {
    const given = { servers: 'nats://me:hidden@127.0.0.1:1', name: 'test', ambient: createAmbient(), timeoutMs: 500 }
    await expect(connectNats(given)).rejects.toMatchObject({ code: 'broker-unreachable' })
    await expect(connectNats(given)).rejects.not.toThrow(/hidden/)
  })
})

const user = nkeys.createUser()
const denied = `authorization { users: [{ nkey: ${user.getPublicKey()}, permissions: { publish: { deny: ["*.call.stock.*.*.*.echo.*"] } } }] }`

meshSuite(
  'what the broker forbids',
  (suite) => {
    test('is told at once, and takes nothing else along', async () => {
      const calls = { seed: new TextDecoder().decode(user.getSeed()) }
      await suite.start({ service: 'stocks', calls })
      const front = await suite.start({ service: 'front', calls })
      const [no, yes] = await Promise.all([
        front.call('stock.echo', { value: 1 }),
        front.call('stock.level', { text: 'x' }),
      ])
      expect(code(no)).toBe('access-denied')
      expect(code(yes)).toBe('ok')
    })
  },
  denied,
)
