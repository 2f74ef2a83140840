import type { ModuleStore, Store } from '@banyan/runtime'
import { describe, expect, test } from 'vitest'
import type { TestServer } from './server.js'
import { ambient, append, codeOf, command, fromStart, newEvent, newSpace, outcome, type Space, until } from './space.js'

const insert = () => ({ text: 'insert into orders (id) values ($1)', values: [ambient.newId()] })
const countOrders = { text: 'select count(*)::int as n from orders' }

/** Ends the backends of the module's units, as a failover or an operator would. */
const endUnits = (space: Space): Promise<unknown> =>
  space.sql(
    "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name like '% orders units %'",
  )

export function faultConformance(server: () => TestServer): void {
  describe('lost connections', () => {
    const opened = async (): Promise<{ space: Space; store: Store; orders: ModuleStore }> => {
      const space = await newSpace(server())
      const store = await space.open()
      return { space, store, orders: store.module('orders') }
    }

    test('P3 a backend that ends between statements: unavailable, nothing kept, and the next unit runs', async () => {
      const { space, orders } = await opened()
      const mark = command()
      const unit = orders.unit({ command: mark })
      await unit.query(insert())
      await endUnits(space)
      const failure = await unit.query(insert()).catch((error: unknown) => error)
      expect(failure).toMatchObject({ code: 'unavailable', retryable: true })
      expect(orders.isTransient(failure)).toBe(true)
      expect(await codeOf(unit.commit({ outcome: outcome() }))).toBe('unavailable')
      const again = orders.unit({ command: mark })
      await again.query(insert())
      await again.commit({ outcome: outcome() })
      expect((await orders.reader.query(countOrders)).rows).toEqual([{ n: 1 }])
    })

    test('P3 a backend that ends during a statement', async () => {
      const { space, orders } = await opened()
      const unit = orders.unit()
      await unit.query(insert())
      const slow = unit.query({ text: 'select pg_sleep(600)' })
      const ended = codeOf(slow)
      await until(async () => {
        await endUnits(space)
        return (await Promise.race([ended, Promise.resolve('running')])) !== 'running'
      })
      expect(await ended).toBe('unavailable')
      expect(await codeOf(unit.reject('{}', 1))).toBe('unavailable')
      expect((await orders.reader.query(countOrders)).rows).toEqual([{ n: 0 }])
    })

    test('P3 a backend that ends before the ending is sent', async () => {
      const { space, orders } = await opened()
      const mark = command()
      for (const end of ['commit', 'reject'] as const) {
        const unit = orders.unit({ command: mark })
        await unit.query(insert())
        await endUnits(space)
        const ending =
          end === 'commit' ? unit.commit({ events: [newEvent(0)], outcome: outcome() }) : unit.reject('{}', 1)
        // The goodbye has arrived or has not; either way nothing was kept, and the same id may be used again.
        expect(['unavailable', 'outcome-unknown']).toContain(await codeOf(ending))
      }
      expect(await orders.inbox.find(mark.id)).toBeUndefined()
      expect((await orders.log.heads()).positions[0]).toBe(0)
      const unit = orders.unit()
      await unit.query(insert())
      await endUnits(space)
      await unit.rollback()
      expect((await orders.reader.query(countOrders)).rows).toEqual([{ n: 0 }])
    })

    test('P4 a backend that ends while it waits for the lanes, inside the ending: nothing was kept', async () => {
      const { space, orders } = await opened()
      const holder = orders.unit()
      await holder.query({ text: 'select 1 from banyan_lanes where lane = 0 for update' })
      const mark = command()
      const begun = orders.unit({ command: mark })
      await begun.query(insert())
      const endings = [
        begun.commit({ events: [newEvent(0)], outcome: outcome() }),
        orders.unit({ command: command() }).commit({ events: [newEvent(0)], outcome: outcome() }),
      ].map(codeOf)
      await until(async () => (await waiting(space)).length === 2)
      await space.sql(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
      )
      expect(await Promise.all(endings)).toEqual(['unavailable', 'unavailable'])
      await holder.rollback()
      expect(await orders.inbox.find(mark.id)).toBeUndefined()
      expect(await append(orders, newEvent(0))).toEqual([1])
    })

    test('P4 a connection cut while the commit is under way: outcome-unknown, and the id tells what happened', async () => {
      const { space, store, orders } = await opened()
      const holder = orders.unit()
      await holder.query({ text: 'select 1 from banyan_lanes where lane = 0 for update' })
      const mark = command()
      const unit = orders.unit({ command: mark })
      await unit.query(insert())
      const ending = codeOf(unit.commit({ events: [newEvent(0)], outcome: outcome('kept') }))
      await until(async () => (await waiting(space)).length === 1)
      // The process loses its connections; the server does not notice, and goes on.
      const closed = store.close(0)
      expect(await ending).toBe('outcome-unknown')
      await space.sql(
        "select pg_terminate_backend(pid) from pg_stat_activity where state like 'idle in transaction%' and datname = current_database()",
      )
      await closed
      const later = (await space.open()).module('orders')
      await until(async () => (await later.inbox.find(mark.id)) !== undefined)
      const again = later.unit({ command: mark })
      await codeOf(again.query(insert()))
      await again.commit({})
      expect(again.recorded?.outcome).toBe('{"ok":"kept"}')
      expect(await later.log.read(fromStart, 9)).toHaveLength(1)
    })

    test('idle connections that ended are replaced without anybody noticing', async () => {
      const { space, orders } = await opened()
      await append(orders, newEvent(0))
      await orders.reader.query(countOrders)
      await space.sql(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database() and backend_type = 'client backend'",
      )
      // The end of a connection reaches the pool a moment later; until then a retry is what policy would do.
      await until(async () => (await append(orders, newEvent(0)).catch(() => [])).length === 1)
      await until(() =>
        orders.reader.query(countOrders).then(
          () => true,
          () => false,
        ),
      )
    })

    test('P5 killed at every statement of a unit, again and again: each event once', async () => {
      const { space, orders } = await opened()
      let killing = true
      const killer = (async () => {
        while (killing) {
          await space.sql(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name like '% orders units %' order by random() limit 1",
          )
        }
      })()
      const marks = Array.from({ length: 40 }, () => command())
      const run = async (mark: { id: string; inputHash: string }): Promise<void> => {
        for (;;) {
          const unit = orders.unit({ command: mark })
          try {
            await unit.query({ text: 'insert into orders (id) values ($1)', values: [mark.id] })
            await unit.query({ text: 'select pg_sleep(0.003)' })
            await unit.commit({ events: [newEvent(3), newEvent(4)], outcome: outcome() })
            return
          } catch (error) {
            await unit.rollback()
            if (unit.recorded) return
            expect(['unavailable', 'outcome-unknown', 'in-progress']).toContain((error as { code: string }).code)
          }
        }
      }
      await Promise.all(marks.map(run))
      killing = false
      await killer
      const counts = `select (select count(*) from orders.orders)::int as orders,
        (select count(*) from orders.banyan_inbox)::int as outcomes, (select count(*) from orders.banyan_log)::int as events`
      expect(await space.sql(counts)).toEqual([{ orders: 40, outcomes: 40, events: 80 }])
      const events = await orders.log.read(fromStart, 1000)
      expect(events).toHaveLength(80)
    })
  })

  describe('closing', () => {
    test('waits for units under way, refuses new ones, and leaves no connection', async () => {
      const space = await newSpace(server())
      const store = await space.open()
      const orders = store.module('orders')
      await orders.leases.acquire('on:stock', [0], 60_000)
      const unit = orders.unit({ command: command() })
      await unit.query(insert())
      const closed = store.close(60_000)
      expect(await codeOf(orders.unit().commit({ events: [newEvent(0)] }))).toBe('unavailable')
      expect(await codeOf(orders.reader.query(countOrders))).toBe('unavailable')
      await unit.query(insert())
      await unit.commit({ events: [newEvent(1)] })
      await closed
      expect(await codeOf(store.check())).toBe('unavailable')
      await until(
        async () =>
          (
            await space.sql(
              "select 1 from pg_stat_activity where application_name like 'banyan market%' and datname = current_database()",
            )
          ).length === 0,
      )
      expect(await space.sql('select count(*)::int as n from orders.orders')).toEqual([{ n: 2 }])
    })
  })

  describe('values', () => {
    test('one documented type each, and never a value that differs from what is stored', async () => {
      const space = await newSpace(server())
      const { reader } = (await space.open()).module('orders')
      const { rows } = await reader.query({
        text: `select 9007199254740991::bigint as big, '{1,null,3}'::bigint[] as bigs, 1.10::numeric as exact,
          '2026-03-29'::date as day, '2026-03-29 02:30'::timestamp as local, '2026-03-29T02:30Z'::timestamptz as instant,
          '{"a":[1]}'::jsonb as json, true as yes, null as nothing, '\\x00ff'::bytea as bytes, 1.5::float8 as real`,
      })
      expect(rows).toEqual([
        {
          big: 9007199254740991,
          bigs: [1, null, 3],
          exact: '1.10',
          day: '2026-03-29',
          local: '2026-03-29 02:30:00',
          instant: new Date('2026-03-29T02:30:00Z'),
          json: { a: [1] },
          yes: true,
          nothing: null,
          bytes: Buffer.from([0, 255]),
          real: 1.5,
        },
      ])
      const beyond = reader.query({ text: 'select 9007199254740992::bigint as big' })
      await expect(beyond).rejects.toThrow('beyond the safe integers')
      const unsendable = {
        toPostgres: () => {
          throw new Error('no')
        },
      }
      await expect(reader.query({ text: 'select $1', values: [unsendable] })).rejects.toThrow('cannot be sent')
      await expect(reader.query({ text: 'select 1', values: Array(70_000).fill(1) })).rejects.toThrow('at most 65535')
      const types = { getTypeParser: () => (text: string) => `own ${text}` }
      expect((await reader.query({ text: 'select 5 as five', types })).rows).toEqual([{ five: 'own 5' }])
    })

    test('more texts than are kept prepared, and a table that changes under a prepared one', async () => {
      const space = await newSpace(server())
      const orders = (await space.open({ limits: { units: 1, readers: 1 } })).module('orders')
      for (let index = 0; index < 300; index++) await orders.reader.query({ text: `select ${index}` })
      const kept = await orders.reader.query({ text: 'select count(*)::int as n from pg_prepared_statements' })
      expect(kept.rows).toEqual([{ n: 256 }])
      const star = { text: 'select * from orders' }
      const unit = orders.unit()
      await unit.query(star)
      await unit.commit({})
      await space.sql('alter table orders.orders add column note text')
      const stale = orders.unit()
      const failure = await stale.query(star).catch((error: unknown) => error)
      expect(orders.isTransient(failure)).toBe(true)
      await stale.rollback()
      const next = orders.unit()
      await next.query(star)
      await next.commit({})
    })
  })
}

const waiting = (space: Space) =>
  space.sql("select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()")
