import { createAmbient } from '@banyan/ambient'
import type { ModuleStore, Store } from '@banyan/runtime'
import { createPostgresStore } from '@banyan/store-postgres'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { ProxiedLink } from '../../../../tools/vitest/proxied-link.js'
import { embeddedServer, type TestServer } from '../conformance/server.js'
import { openPooler } from './pooler.js'

/** Its trigger runs within the commit, longer than the answer to a commit is waited for. */
const slowCommit = [
  'create table slow (id int)',
  'create function linger() returns trigger language plpgsql as $$ begin perform pg_sleep(4); return null; end $$',
  `create constraint trigger lingers after insert on slow deferrable initially deferred
    for each row execute function linger()`,
]

/*
 * A way to the server that swallows what is sent, without a word: the connection stays open, and no answer comes. Each test
 * would wait for a quarter of an hour, or for ever, without a bound of our own.
 */
describe('over a connection that became a black hole', () => {
  let server: TestServer
  let link: ProxiedLink
  let store: Store
  let orders: ModuleStore

  beforeAll(async () => {
    server = await embeddedServer()
  })
  afterAll(() => server?.stop())
  beforeEach(async () => {
    const { host, port } = server.connection
    link = await ProxiedLink.open(host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port })
    store = createPostgresStore({
      app: 'silent',
      connection: { ...server.connection, host: '127.0.0.1', port: link.port },
      ambient: createAmbient(),
      limits: { silentMs: 300, answerMs: 3_000, waitMs: 2_000 },
    })
    await store.open([{ name: 'orders' }])
    orders = store.module('orders')
  })
  afterEach(async () => {
    link.heal()
    await store.close(0)
    await link.close()
  })
  const works = async (): Promise<number> => {
    const [row] = (await orders.reader.query({ text: 'select 1 as one' })).rows as { one: number }[]
    return row?.one ?? 0
  }

  test('a statement of Banyan fails in time, and the next one has a connection that works', async () => {
    await orders.log.heads()
    link.forget()
    await expect(orders.log.heads()).rejects.toMatchObject({ code: 'unavailable' })
    expect((await orders.log.heads()).positions).toHaveLength(64)
  })

  test('a lease is not held by a session that hears nothing: it can be asked for again', async () => {
    expect(await orders.leases.acquire('relay', [0], 60_000)).toHaveLength(1)
    link.forget()
    await expect(orders.leases.renew()).rejects.toMatchObject({ code: 'unavailable' })
    // The server had not noticed; it is told to end the session, whose leases would be stale only in a minute.
    await expect.poll(() => orders.leases.acquire('relay', [0], 60_000), { timeout: 10_000 }).toHaveLength(1)
  })

  test('a statement of a handler ends with its deadline, and its connection is not used again', async () => {
    await works()
    const deadline = new AbortController()
    const unit = orders.unit({ signal: deadline.signal })
    await unit.query({ text: 'select 1' })
    link.forget()
    const asked = unit.query({ text: 'select 2' })
    deadline.abort(new Error('late'))
    await expect(asked).rejects.toMatchObject({ code: 'cancelled' })
    await unit.rollback()
    await expect.poll(works, { timeout: 10_000 }).toBe(1)
  })

  test('a statement that takes long, or waits for a lock, is not cut', async () => {
    const [one, other] = [orders.unit({}), orders.unit({})]
    await one.query({ text: 'select pg_advisory_xact_lock(7)' })
    const waits = other.query({ text: 'select pg_advisory_xact_lock(7)' })
    await one.query({ text: 'select pg_sleep(1.5)' })
    await one.commit({})
    await waits
    await other.commit({})
  })

  test('whether a commit was kept is unknown when its answer does not come', async () => {
    const unit = orders.unit({})
    await unit.query({ text: 'create table if not exists mine (id int)' })
    await unit.query({ text: 'insert into mine values (1)' })
    link.forget()
    await expect(unit.commit({})).rejects.toMatchObject({ code: 'outcome-unknown' })
    expect(await works()).toBe(1)
  })

  test('a commit that takes long is not cut while the server says that it works on it', async () => {
    const made = orders.unit({})
    for (const text of slowCommit) await made.query({ text })
    await made.commit({})
    const unit = orders.unit({})
    await unit.query({ text: 'insert into slow values (1)' })
    await unit.commit({})
    expect((await orders.reader.query({ text: 'select id from slow' })).rows).toEqual([{ id: 1 }])
  })

  test("behind a pooler, whose process ids are nobody's, what takes long is not cut", async () => {
    const pooler = await openPooler(server.connection)
    onTestFinished(() => pooler.close())
    const pooled = createPostgresStore({
      app: 'silent',
      connection: { ...server.connection, host: '127.0.0.1', port: pooler.port },
      ambient: createAmbient(),
      limits: { silentMs: 300, waitMs: 2_000 },
    })
    onTestFinished(() => pooled.close(0))
    await pooled.open([{ name: 'orders' }])
    const unit = pooled.module('orders').unit({})
    const [row] = (await unit.query({ text: 'select 1 as one, pg_sleep(1.5)' })).rows as { one: number }[]
    expect(row?.one).toBe(1)
    await unit.commit({})
  })

  test('copy from the client is refused, and its connection goes on', async () => {
    const unit = orders.unit({})
    await unit.query({ text: 'create temporary table copied (id int)' })
    await expect(unit.query({ text: 'copy copied from stdin' })).rejects.toThrow(
      'COPY FROM STDIN is not supported here',
    )
    await unit.rollback()
    expect(await works()).toBe(1)
  })
})
