import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createAmbient, createSeededAmbient } from '@banyan/ambient'
import { isBanyanError } from '@banyan/errors'
import type { StoreModule } from '@banyan/runtime'
import type { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { promote } from '../../src/promote/promote.js'
import { checkPromotion, forgetPromotion } from '../../src/promote/state.js'
import { type Cluster, hasDebian, startCluster } from '../migrate/cluster.js'
import { app, connectionTo, countShop, fillShop, freshShop, installShop, makeDatabase, shopModules } from './shop.js'

const child = fileURLToPath(new URL('./promote-child.ts', import.meta.url))
const loader = ['--conditions=banyan-source', '--import', '@oxc-node/core/register']

// Killing for real: the process that promotes is another one, and gets SIGKILL (P5 across a promotion).
describe('a promotion that is killed', () => {
  let from: Cluster
  let to: Cluster
  let modules: readonly StoreModule[] = []
  let remove: () => void = () => undefined
  let source: Client
  let target: Client
  /** The fault points of a whole run, in their order. */
  const points: string[] = []

  beforeAll(async () => {
    from = await startCluster('18')
    to = await startCluster(hasDebian ? '15' : '18')
    const made = shopModules()
    modules = made.modules
    remove = made.remove
    await installShop(from, 'filled', modules)
    const client = await from.connect('filled')
    await fillShop(client, 100)
    await client.end()
    await makeDatabase(to, 'shop')
    const reached = (point: string): void => void points.push(point)
    await promote({ ...places(), source: connectionTo(from, 'filled'), ambient: createAmbient({ reached }) })
    await forget(from, 'filled')
  })
  afterAll(async () => {
    remove()
    await from?.stop()
    await to?.stop()
  })
  beforeEach(async () => {
    await freshShop(from, to)
    source = await from.connect('shop')
    target = await to.connect('shop')
  })
  afterEach(async () => {
    await source.end()
    await target.end()
  })

  const places = () => ({ source: connectionTo(from, 'shop'), target: connectionTo(to, 'shop'), app, modules })

  async function forget(cluster: Cluster, database: string): Promise<void> {
    const client = await cluster.connect(database)
    expect(await forgetPromotion(client, app)).toBe(true)
    await client.end()
  }

  /** One run in a process of its own; gives the fault points that it passed, and how it ended. */
  async function run(killAt: number, killAfterMs?: number): Promise<{ points: string[]; ended: 'killed' | 'done' }> {
    const made = spawn(process.execPath, [...loader, child, JSON.stringify(places()), String(killAt)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [output, errors] = ['', '']
    made.stdout.on('data', (chunk: Buffer) => {
      // The clock starts with the work, not with the start of Node.
      if (output === '' && killAfterMs !== undefined) setTimeout(() => made.kill('SIGKILL'), killAfterMs)
      output += chunk.toString()
    })
    made.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString()
    })
    const signal = await new Promise<string | null>((resolve) => made.once('close', (_code, by) => resolve(by)))
    const points = output.split('\n').filter((line) => line.startsWith('promote:'))
    if (signal === 'SIGKILL') return { points, ended: 'killed' }
    if (!output.includes('done ')) throw new Error(`the promotion failed: ${errors}`)
    return { points, ended: 'done' }
  }

  async function expectMoved(): Promise<void> {
    expect(await countShop(target)).toEqual(await countShop(source))
    await checkPromotion(target, app)
    const off = await target.query('select count(*)::int from banyan_promotion.foreign_keys')
    expect(off.rows).toEqual([{ count: 0 }])
    const keys = "select conname from pg_constraint where contype = 'f' and conparentid = 0 order by 1"
    expect((await target.query(keys)).rows).toEqual((await source.query(keys)).rows)
    const away = await checkPromotion(source, app).catch((error: unknown) => error)
    expect(isBanyanError(away, 'promoted-away')).toBe(true)
  }

  it('goes on from every fault point', { timeout: 180_000 }, async () => {
    const killed = new Set<string>()
    // Each run passes the points again, so a later one is reached by its number among all.
    for (const killAt of [1, 2, 3, 4, 13, 22]) {
      const { points: passed, ended } = await run(killAt)
      expect(ended).toBe('killed')
      killed.add(passed.at(-1) ?? '')
      const state = await checkPromotion(target, app).catch((error: unknown) => error)
      if (killAt > 1) expect(isBanyanError(state, 'promotion-unfinished')).toBe(true)
      await checkPromotion(source, app)
    }
    const tables = (await run(1_000)).points
    await expectMoved()
    expect([...killed]).toEqual([
      'promote:source-marked',
      'promote:target-prepared',
      'promote:target-shaped',
      'promote:table-copied',
    ])
    expect(new Set(tables)).toEqual(
      new Set([...killed, 'promote:keys-restored', 'promote:source-finishing', 'promote:target-finished']),
    )
  })

  it.each(['promote:keys-restored', 'promote:source-finishing', 'promote:target-finished'])(
    'goes on after %s, near the end',
    { timeout: 60_000 },
    async (point) => {
      expect(await run(points.indexOf(point) + 1)).toMatchObject({ ended: 'killed' })
      const mark = await checkPromotion(source, app).catch((error: unknown) => error)
      // From the moment that the target may be used, the source may not.
      expect(isBanyanError(mark, 'promoted-away')).toBe(point !== 'promote:keys-restored')
      expect((await run(0)).ended).toBe('done')
      await expectMoved()
    },
  )

  it('goes on from anywhere', { timeout: 180_000 }, async () => {
    const random = createSeededAmbient(20_261_120)
    let kills = 0
    for (let round = 0; round < 12; round++) {
      const { ended } = await run(0, Math.floor(random.random() * 60 * (round + 1)))
      if (ended === 'killed') kills++
      else break
    }
    expect(kills).toBeGreaterThan(0)
    expect((await run(0)).ended).toBe('done')
    await expectMoved()
  })

  it('copies again what the source changed between two runs', { timeout: 60_000 }, async () => {
    const { rows } = await source.query("select from pg_tables where schemaname = 'billing'")
    // Four tables into the second schema, so that tables of both have been copied.
    await run(points.indexOf('promote:table-copied') + rows.length + 4)
    const copied = await target.query<{ table_name: string }>('select table_name from banyan_promotion.copied')
    expect(copied.rows.map(({ table_name }) => table_name)).toEqual(expect.arrayContaining(['invoices', 'audit']))
    await source.query("update billing.invoices set body = 'changed' where body like 'xxx%1'")
    await source.query('delete from orders.audit where id < 50')
    expect((await run(0)).ended).toBe('done')
    await expectMoved()
    const text = 'select count(*)::int from billing.invoices where body = $1'
    expect((await target.query(text, ['changed'])).rows).toEqual((await source.query(text, ['changed'])).rows)
  })
})
