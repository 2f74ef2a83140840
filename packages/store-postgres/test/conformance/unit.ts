import { banyanError } from '@banyan/errors'
import { describe, expect, test } from 'vitest'
import type { TestServer } from './server.js'
import { ambient, codeOf, command, newEvent, newSpace, outcome, until } from './space.js'

const insert = (id: string) => ({ text: 'insert into orders (id) values ($1)', values: [id] })
const countOrders = { text: 'select count(*) as n from orders' }

export function unitConformance(server: () => TestServer): void {
  describe('unit of work', () => {
    test('P3 writes, events, jobs and outcome commit together', async () => {
      const space = await newSpace(server())
      const orders = (await space.open()).module('orders')
      const mark = command()
      const unit = orders.unit({ command: mark })
      expect(unit.begun).toBe(false)
      await unit.query(insert(ambient.newId()))
      expect(unit.begun).toBe(true)
      const job = { id: ambient.newId(), module: 'stock', operation: 'take', input: '{}', runAt: 5, context: '{}' }
      const ended = await unit.commit({
        events: [newEvent(3), newEvent(3), newEvent(1)],
        jobs: [job],
        outcome: outcome(),
      })
      expect(ended.positions).toEqual([1, 2, 1])
      expect((await orders.reader.query(countOrders)).rows).toEqual([{ n: 1 }])
      expect(await orders.inbox.find(mark.id)).toMatchObject({ inputHash: 'hash', outcome: '{"ok":null}' })
      expect(await orders.jobs.due(5, 10, [])).toEqual([{ ...job, attempts: 0 }])
    })

    test('P3 nothing is kept of a unit that is rolled back, dropped or fails at its ending', async () => {
      const space = await newSpace(server())
      const orders = (await space.open()).module('orders')
      const rolledBack = orders.unit()
      await rolledBack.query(insert(ambient.newId()))
      await rolledBack.rollback()
      const dangling = orders.unit()
      await dangling.query({ text: 'insert into lines (order_id) values ($1)', values: [ambient.newId()] })
      // The deferred foreign key fails before the lanes are locked, and the events go with it.
      expect(await codeOf(dangling.commit({ events: [newEvent(0)] }))).toBe('23503')
      const silent = orders.unit()
      await silent.query({ text: 'insert into lines (order_id) values ($1)', values: [ambient.newId()] })
      expect(await codeOf(silent.commit({}))).toBe('23503')
      const badEvent = orders.unit()
      await badEvent.query(insert(ambient.newId()))
      expect(await codeOf(badEvent.commit({ events: [newEvent(0, { data: '{' })] }))).toBe('22P02')
      expect((await orders.reader.query(countOrders)).rows).toEqual([{ n: 0 }])
      expect((await orders.log.heads()).positions).toEqual(Array(64).fill(0))
      expect(await space.sql("select 1 from pg_stat_activity where state like 'idle in transaction%'")).toEqual([])
    })

    test('P3 statements sent without waiting run in their order, many of them, with those that are waited for', async () => {
      const space = await newSpace(server())
      const orders = (await space.open()).module('orders')
      const unit = orders.unit()
      const ids = Array.from({ length: 300 }, () => ambient.newId())
      // Not awaited one by one: the order is that of the asking.
      const counts = ids.map(async (id, index) => {
        const sent = unit.query({ ...insert(id), unanswered: true })
        if (index % 70 !== 0) return sent.then(() => undefined)
        return (await unit.query(countOrders)).rows[0]
      })
      const seen = (await Promise.all(counts)).filter((row) => row !== undefined)
      expect(seen).toEqual([1, 71, 141, 211, 281].map((n) => ({ n })))
      await unit.commit({})
      expect((await orders.reader.query(countOrders)).rows).toEqual([{ n: 300 }])
      const dropped = orders.unit()
      await dropped.query({ ...insert(ambient.newId()), unanswered: true })
      await dropped.rollback()
      expect((await orders.reader.query(countOrders)).rows).toEqual([{ n: 300 }])
    })

    test('P3 a statement sent without waiting that fails makes the unit fail, whatever comes after it', async () => {
      const space = await newSpace(server())
      const orders = (await space.open()).module('orders')
      const twice = insert(ambient.newId())
      const sent = { ...twice, unanswered: true }
      await space.sql('select 1')
      const atCommit = orders.unit()
      for (const _ of [1, 2]) await atCommit.query(sent)
      expect(await codeOf(atCommit.commit({ events: [newEvent(0)] }))).toBe('23505')
      const atNext = orders.unit()
      for (const _ of [1, 2]) await atNext.query(sent)
      expect(await codeOf(atNext.query({ text: 'select 1' }))).toBe('23505')
      // The handler may have caught it: nothing of the unit is kept all the same.
      expect(await codeOf(atNext.query({ text: 'select 1' }))).toBe('23505')
      expect(await codeOf(atNext.commit({}))).toBe('23505')
      const underWay = orders.unit()
      await underWay.query(twice)
      const last = Array.from({ length: 63 }, () => ({ ...insert(ambient.newId()), unanswered: true }))
      for (const one of [sent, ...last]) await underWay.query(one)
      expect(await codeOf(underWay.commit({ events: [newEvent(0)] }))).toBe('23505')
      // What a savepoint would hide from one that waits, it does not hide here: the unit had gone on as if it had run.
      const saved = orders.unit()
      await saved.query(twice)
      await saved.query({ text: 'savepoint before' })
      await saved.query(sent)
      await codeOf(saved.query({ text: 'select 1' }))
      expect(await codeOf(saved.query({ text: 'rollback to before' }))).toBe('23505')
      expect(await codeOf(saved.commit({}))).toBe('23505')
      expect((await orders.reader.query(countOrders)).rows).toEqual([{ n: 0 }])
      expect((await orders.log.heads()).positions[0]).toBe(0)
      expect(await space.sql("select 1 from pg_stat_activity where state like 'idle in transaction%'")).toEqual([])
    })

    test('P5 events need no statement of the handler, and an empty ending is no round trip', async () => {
      const space = await newSpace(server())
      const orders = (await space.open()).module('orders')
      expect(await orders.unit().commit({})).toEqual({ positions: [] })
      expect(await orders.unit().commit({ events: [newEvent(7)] })).toEqual({ positions: [1] })
      expect(await codeOf(orders.unit().commit({ events: [newEvent(64)] }))).toBe('P0002')
      expect((await orders.log.heads()).positions[7]).toBe(1)
    })

    test('an error of a statement goes to the handler as PostgreSQL told it, and the commit tells it again', async () => {
      const space = await newSpace(server())
      const orders = (await space.open()).module('orders')
      const id = ambient.newId()
      const unit = orders.unit()
      await unit.query(insert(id))
      const failure = unit.query(insert(id))
      await expect(failure).rejects.toMatchObject({ code: '23505', constraint: 'orders_pkey' })
      await expect(failure).rejects.toHaveProperty('stack', expect.stringContaining('unit.ts'))
      expect(await codeOf(unit.query(countOrders))).toBe('25P02')
      expect(await codeOf(unit.commit({ events: [newEvent(0)] }))).toBe('25P02')
      const emptyEnd = orders.unit()
      await emptyEnd.query(insert(id))
      await expect(emptyEnd.query(insert(id))).rejects.toMatchObject({ code: '23505' })
      expect(await codeOf(emptyEnd.commit({}))).toBe('23505')
      expect((await orders.reader.query(countOrders)).rows).toEqual([{ n: 0 }])
    })

    test('savepoints are the handler’s, the transaction is not', async () => {
      const space = await newSpace(server())
      const orders = (await space.open()).module('orders')
      const id = ambient.newId()
      const unit = orders.unit()
      await unit.query(insert(id))
      await unit.query({ text: 'savepoint one' })
      expect(await codeOf(unit.query(insert(id)))).toBe('23505')
      await unit.query({ text: 'rollback to savepoint one' })
      for (const text of [
        'commit',
        ' ROLLBACK ',
        'begin',
        'end',
        'abort',
        'start transaction',
        'prepare transaction $$x$$',
      ]) {
        await expect(unit.query({ text })).rejects.toThrow('is not for handlers')
      }
      await unit.commit({ events: [newEvent(0)] })
      for (const text of ['set search_path = public', 'reset all', 'set session statement_timeout = 1', 'listen x']) {
        await expect(orders.reader.query({ text })).rejects.toThrow('use set local')
        await expect(orders.unit().query({ text })).rejects.toThrow('use set local')
      }
      const careful = orders.unit()
      await careful.query({ text: "set local statement_timeout = '1min'" })
      await careful.query({ text: 'set constraints all deferred' })
      await careful.rollback()
      const sly = orders.unit()
      await sly.query(insert(ambient.newId()))
      await expect(sly.query({ text: '/* */ rollback' })).rejects.toThrow('ended the transaction')
      await expect(sly.commit({ events: [newEvent(0)] })).rejects.toThrow('ended the transaction')
      expect((await orders.reader.query(countOrders)).rows).toEqual([{ n: 1 }])
      expect((await orders.log.heads()).positions[0]).toBe(1)
    })

    test('statements that were started together run in order, in the one transaction', async () => {
      const space = await newSpace(server())
      const orders = (await space.open()).module('orders')
      const unit = orders.unit()
      const ids = Array.from({ length: 20 }, () => ambient.newId())
      await Promise.all(ids.map((id) => unit.query(insert(id))))
      await unit.commit({})
      expect((await orders.reader.query(countOrders)).rows).toEqual([{ n: 20 }])
    })

    test('P7 an abort cancels the statement that runs, rolls back and frees the connection', async () => {
      const space = await newSpace(server())
      const orders = (await space.open({ limits: { units: 1 } })).module('orders')
      const abort = new AbortController()
      const unit = orders.unit({ signal: abort.signal })
      await unit.query(insert(ambient.newId()))
      const slow = unit.query({ text: 'select pg_sleep(600)' })
      await until(
        async () =>
          (
            await space.sql(
              "select 1 from pg_stat_activity where query like '%pg_sleep(600)%' and state = 'active' and pid <> pg_backend_pid()",
            )
          ).length > 0,
      )
      abort.abort(banyanError('deadline-exceeded', { operation: 'orders.place' }))
      expect(await codeOf(slow)).toBe('deadline-exceeded')
      expect(await codeOf(unit.query(countOrders))).toBe('deadline-exceeded')
      expect(await codeOf(unit.commit({ events: [newEvent(0)] }))).toBe('deadline-exceeded')
      const next = orders.unit()
      expect((await next.query(countOrders)).rows).toEqual([{ n: 0 }])
      await next.rollback()
    })

    test('P7 an abort before the first statement, or while waiting for a connection, sends nothing', async () => {
      const space = await newSpace(server())
      const orders = (await space.open({ limits: { units: 1 } })).module('orders')
      const early = orders.unit({ signal: AbortSignal.abort() })
      expect(await codeOf(early.query(countOrders))).toBe('cancelled')
      expect(await codeOf(early.commit({ events: [newEvent(0)] }))).toBe('cancelled')
      const holder = orders.unit()
      await holder.query(countOrders)
      const abort = new AbortController()
      const waiting = orders.unit({ signal: abort.signal })
      const statement = waiting.query(countOrders)
      abort.abort()
      expect(await codeOf(statement)).toBe('cancelled')
      await waiting.rollback()
      await holder.commit({})
      expect(await orders.unit().commit({ events: [newEvent(0)] })).toEqual({ positions: [1] })
    })

    test('P9 beyond its connections and its queue, a module gets overloaded at once', async () => {
      const space = await newSpace(server())
      const orders = (await space.open({ limits: { units: 1, waiting: 2, waitMs: 60_000 } })).module('orders')
      const holder = orders.unit()
      await holder.query(countOrders)
      const waiting = [orders.unit().commit({ events: [newEvent(0)] }), orders.unit().commit({ events: [newEvent(0)] })]
      const refused = orders.unit().commit({ events: [newEvent(0)] })
      await expect(refused).rejects.toMatchObject({
        code: 'overloaded',
        retryable: true,
        details: { retryAfterMs: 500 },
      })
      await holder.commit({})
      expect((await Promise.all(waiting)).map((one) => one.positions)).toEqual([[1], [2]])
    })

    test('P9 waiting for a connection is bounded in time', async () => {
      const space = await newSpace(server())
      const orders = (await space.open({ limits: { units: 1, waitMs: 30 } })).module('orders')
      const holder = orders.unit()
      await holder.query(countOrders)
      expect(await codeOf(orders.unit().commit({ events: [newEvent(0)] }))).toBe('overloaded')
      await holder.rollback()
    })

    test('a unit ends once', async () => {
      const space = await newSpace(server())
      const orders = (await space.open()).module('orders')
      const unit = orders.unit()
      await unit.query(insert(ambient.newId()))
      await unit.commit({})
      await expect(unit.query(countOrders)).rejects.toThrow('has ended')
      await expect(unit.commit({})).rejects.toThrow('has ended')
      await unit.rollback()
    })

    test('the reader refuses to write, and a query that fails leaves the next one alone', async () => {
      const space = await newSpace(server())
      const { reader } = (await space.open({ limits: { readers: 1 } })).module('orders')
      expect(await codeOf(reader.query(insert(ambient.newId())))).toBe('read-only')
      expect(await codeOf(reader.query({ text: 'select nonsense' }))).toBe('42703')
      expect(await codeOf(reader.query({ text: 'delete from orders' }))).toBe('read-only')
      expect(await reader.query({ text: 'select 1 as a, 2 as b', rowMode: 'array' })).toMatchObject({ rows: [[1, 2]] })
    })
  })
}
