import type { Outcome } from '@banyan/runtime'
import { describe, expect, test } from 'vitest'
import { MemoryStore } from './memory-store.js'
import { bench } from './shop.js'
import { meshSuite, until } from './suite.js'

const code = (outcome: Outcome): string => (outcome.ok ? 'ok' : outcome.error.code)

meshSuite('replicas and versions', (suite) => {
  describe.each([2, 4])('over %i replicas', (count) => {
    test('calls spread evenly, batches and all', async () => {
      const benches = Array.from({ length: count }, (_, index) => bench(`r${index}`))
      for (const on of benches) await suite.start({ service: 'stocks', on })
      const front = await suite.start({ service: 'front' })
      await until(() => front.mesh.directory.providers('stock', '1.2.0').length === count)
      for (let round = 0; round < 40; round++)
        await Promise.all(Array.from({ length: 50 }, () => front.call('stock.level', { text: 'x' })))
      const fair = (40 * 50) / count
      for (const { handled } of benches) {
        expect(handled.length).toBeGreaterThan(fair * 0.9)
        expect(handled.length).toBeLessThan(fair * 1.1)
      }
    })
  })

  test('a replica drains and another starts under load, and no call is lost', async () => {
    const store = new MemoryStore()
    const first = await suite.start({ service: 'stocks', on: bench('a'), store })
    await suite.start({ service: 'stocks', on: bench('b'), store })
    const front = await suite.start({ service: 'front' })
    await until(() => front.mesh.directory.providers('stock', '1.2.0').length === 2)
    const ended: string[] = []
    let stop = false
    const load = Array.from({ length: 24 }, async (_, index) => {
      for (let turn = 0; !stop; turn++)
        ended.push(
          code(
            turn % 2 === 0
              ? await front.call('stock.add', { sku: `${suite.app} ${index} ${turn}` })
              : await front.call('stock.level', { text: 'x' }),
          ),
        )
    })
    const after = async (calls: number): Promise<void> => {
      const from = ended.length
      await until(() => ended.length >= from + calls)
    }
    await after(300)
    suite.forget(first)
    await Promise.all([first.stop(), suite.start({ service: 'stocks', on: bench('c'), store })])
    await until(() => front.mesh.directory.providers('stock', '1.2.0').length === 2)
    await after(300)
    stop = true
    await Promise.all(load)
    expect(ended.filter((each) => each !== 'ok')).toEqual([])
  })

  test('what a draining replica had taken is answered', async () => {
    const on = bench('a')
    const stocks = await suite.start({ service: 'stocks', on })
    const front = await suite.start({ service: 'front' })
    const held = front.call('stock.hold', { key: 'taken' })
    await on.reached('taken')
    suite.forget(stocks)
    const stopped = stocks.stop()
    await until(() => front.mesh.directory.providers('stock', '1.2.0').length === 0)
    on.release('taken')
    expect(await held).toEqual({ ok: true, value: { text: 'taken' } })
    await stopped
  })

  test('a replica that died without a word is stepped around at once', async () => {
    const dead = await suite.start({ service: 'stocks', on: bench('dead'), lapseMs: 600_000 })
    await suite.start({ service: 'stocks', on: bench('alive') })
    const front = await suite.start({ service: 'front', lapseMs: 600_000 })
    await until(() => front.mesh.directory.providers('stock', '1.2.0').length === 2)
    // It tells that it runs, and nobody listens: as after a kill -9, until its presence lapses.
    suite.forget(dead)
    await dead.mesh.drain(1_000)
    for (const process of [front]) process.mesh.directory.heard('stocks', { ...reportOf(dead), state: 'running' })
    expect(front.mesh.directory.providers('stock', '1.2.0')).toHaveLength(2)
    const answers = await Promise.all(Array.from({ length: 20 }, () => front.call('stock.level', { text: 'x' })))
    expect(answers).toEqual(Array.from({ length: 20 }, () => ({ ok: true, value: { text: 'x at alive' } })))
    await dead.stop()
  })

  test('calls of a replica that fell silent end when it lapses: a query unavailable, a command unknown (P6)', async () => {
    const on = bench('silent')
    const stocks = await suite.start({ service: 'stocks', on, presenceMs: 600_000 })
    const front = await suite.start({ service: 'front', lapseMs: 1_000 })
    const held = [front.call('stock.wait', { key: 'q' }), front.call('stock.hold', { key: 'c' })]
    await Promise.all([on.reached('q'), on.reached('c')])
    expect((await Promise.all(held)).map(code)).toEqual(['unavailable', 'outcome-unknown'])
    on.release('q')
    on.release('c')
    expect(stocks.mesh.instances().length).toBeGreaterThan(0)
  })

  test('callers reach the newest compatible version, and the older one when it goes', async () => {
    const old = bench('old')
    await suite.start({ service: 'stocks', on: old, version: '1.2.0' })
    await suite.start({ service: 'stocks', on: bench('next major'), version: '2.0.0' })
    const newer = await suite.start({ service: 'stocks', on: bench('newer'), version: '1.3.1' })
    const front = await suite.start({ service: 'front' })
    const ask = async (): Promise<unknown> => {
      const outcome = await front.call('stock.version', undefined)
      return outcome.ok ? (outcome.value as { text: string }).text : outcome.error.code
    }
    await until(() => front.mesh.directory.replicasOf('stock').instances.length === 3)
    expect(await Promise.all([ask(), ask(), ask(), ask()])).toEqual(['1.3.1', '1.3.1', '1.3.1', '1.3.1'])
    suite.forget(newer)
    await newer.stop()
    expect(await Promise.all([ask(), ask()])).toEqual(['1.2.0', '1.2.0'])
  })

  test('a replica is chosen by who was asked to choose, and what its calls met is told', async () => {
    const a = await suite.start({ service: 'stocks', on: bench('a') })
    const b = await suite.start({ service: 'stocks', on: bench('b') })
    const told: string[] = []
    const leftOut = [{ module: 'stock', instance: a.mesh.instance, backInMs: 5_000 }]
    const front = await suite.start({
      service: 'front',
      chooser: {
        choose: (_, instances) => (instances.includes(b.mesh.instance) ? b.mesh.instance : undefined),
        told: (module, instance, outcome, tookMs) =>
          void told.push(`${module} ${instance} ${outcome.ok} ${tookMs >= 0}`),
        leftOut: () => leftOut,
        metrics: () => [{ name: 'told', help: 'Calls', type: 'gauge', samples: [{ labels: {}, value: told.length }] }],
      },
    })
    await until(() => front.mesh.directory.providers('stock', '1.2.0').length === 2)
    for (let turn = 0; turn < 5; turn++)
      expect(await front.call('stock.level', { text: 'x' })).toEqual({ ok: true, value: { text: 'x at b' } })
    expect(told).toEqual(Array.from({ length: 5 }, () => `stock ${b.mesh.instance} true true`))
    // Whom it leaves out is told to all, and its figures are among those of the mesh.
    const toldOf = () => b.mesh.instances().find(({ instance }) => instance === front.mesh.instance)?.leftOut
    await until(() => toldOf()?.length === 1)
    expect(toldOf()).toEqual(leftOut)
    expect(front.mesh.metrics().find(({ name }) => name === 'told')?.samples).toEqual([{ labels: {}, value: 5 }])
  })

  test('every process sees the same replicas in the same order, and itself among them', async () => {
    const processes = [
      await suite.start({ service: 'stocks' }),
      await suite.start({ service: 'stocks' }),
      await suite.start({ service: 'stocks' }),
    ]
    await until(() => processes.every(({ mesh }) => mesh.directory.replicasOf('stock').instances.length === 3))
    const [first, ...others] = processes.map(({ mesh }) => mesh.directory.replicasOf('stock'))
    for (const other of others) expect(other.instances).toEqual(first?.instances)
    const all = processes.map(({ mesh }) => mesh.directory.replicasOf('stock').index)
    expect([...all].sort()).toEqual([0, 1, 2])
    expect(processes[0]?.mesh.directory.replicasOf('orders').index).toBe(-1)
  })
})

function reportOf({ mesh }: { mesh: { instance: string; instances(): readonly { instance: string }[] } }): any {
  return mesh.instances().find(({ instance }) => instance === mesh.instance)
}
