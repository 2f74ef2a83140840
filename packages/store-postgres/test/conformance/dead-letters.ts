import type { ModuleStore, NewJob } from '@banyan/runtime'
import { describe, expect, test } from 'vitest'
import { schemaName } from '../../src/roles/names.js'
import type { TestServer } from './server.js'
import { ambient, newEvent, newSpace } from './space.js'

const ann = { name: 'ann', at: 1_000 }
const key = { subscription: 'on', source: 'stock' }
const definite = '{"code":"stock.none","retryable":true}'
const unknown = '{"code":"outcome-unknown","retryable":true}'

const newJob = (over: Partial<NewJob> = {}): NewJob => ({
  id: ambient.newId(),
  module: 'stock',
  operation: 'take',
  input: '{"n": 1}',
  runAt: 10,
  context: '{"trace":1}',
  ...over,
})

export function jobConformance(server: () => TestServer): void {
  describe('jobs', () => {
    test('are due at their time, soonest first, and not twice at once', async () => {
      const space = await newSpace(server())
      const orders = (await space.open()).module('orders')
      const jobs = [newJob({ runAt: 30 }), newJob({ runAt: 10 }), newJob({ runAt: 20 })]
      expect(await orders.jobs.next()).toBeUndefined()
      await orders.unit().commit({ jobs })
      expect(await orders.jobs.next()).toBe(10)
      const due = async (now: number, limit: number, except: string[] = []) =>
        (await orders.jobs.due(now, limit, except)).map((job) => job.runAt)
      expect(await due(25, 9)).toEqual([10, 20])
      expect(await due(25, 1)).toEqual([10])
      expect(await due(99, 9, [jobs[1]?.id as string])).toEqual([20, 30])
      await orders.jobs.failed(jobs[1]?.id as string, { error: unknown, nextAt: 40 })
      expect(await orders.jobs.list(9)).toMatchObject([
        { runAt: 20 },
        { runAt: 30 },
        { runAt: 40, attempts: 1, error: unknown },
      ])
      await orders.jobs.done(jobs[2]?.id as string)
      expect(await orders.jobs.cancel(jobs[0]?.id as string)).toBe(true)
      expect(await orders.jobs.cancel(jobs[0]?.id as string)).toBe(false)
      expect(await orders.jobs.next()).toBe(40)
    })

    test('P4 a job that is done is deleted without a sync of its own, and nothing else goes without one', async () => {
      const space = await newSpace(server())
      const orders = (await space.open()).module('orders')
      const schema = schemaName('orders')
      await space.sql(`
        create table ${schema}.seen (setting text);
        grant insert on ${schema}.seen to public;
        create function ${schema}.see() returns trigger language plpgsql as
          $$ begin insert into ${schema}.seen values (current_setting('synchronous_commit')); return null; end $$;
        create trigger see after delete on ${schema}.banyan_jobs for each row execute function ${schema}.see();
        do $$ begin execute format('alter database %I set synchronous_commit = local', current_database()); end $$`)
      const jobs = [newJob({ runAt: 1 }), newJob({ runAt: 2 })]
      await orders.unit().commit({ jobs })
      await orders.jobs.done(jobs[0]?.id as string)
      await orders.jobs.cancel(jobs[1]?.id as string)
      expect(await orders.jobs.list(9)).toEqual([])
      expect(await space.sql(`select setting from ${schema}.seen`)).toEqual([{ setting: 'off' }, { setting: 'local' }])
    })

    test('P3 a job is made if and only if its unit committed', async () => {
      const space = await newSpace(server())
      const orders = (await space.open()).module('orders')
      const unit = orders.unit()
      await unit.query({ text: 'select 1' })
      await expect(unit.commit({ jobs: [newJob()], events: [newEvent(99)] })).rejects.toMatchObject({ code: 'P0002' })
      expect(await orders.jobs.list(9)).toEqual([])
    })
  })

  describe('dead letters', () => {
    test('P4 a job comes back under its own id while its outcome is unknown, else under a new one', async () => {
      const space = await newSpace(server())
      const orders = (await space.open()).module('orders')
      const jobs = [newJob({ runAt: 1 }), newJob({ runAt: 2 }), newJob({ runAt: 3 })]
      await orders.unit().commit({ jobs })
      const [open, failed, edited] = jobs.map((job) => job.id) as [string, string, string]
      await orders.jobs.dead(open, { error: unknown, at: 5 })
      await orders.jobs.dead(failed, { error: definite, at: 5 })
      await orders.jobs.dead(edited, { error: unknown, at: 5 })
      expect(await orders.jobs.list(9)).toEqual([])
      expect(await orders.deadLetters.get('2')).toEqual({
        id: '2',
        kind: 'job',
        source: 'stock',
        type: 'take',
        data: '{"n": 1}',
        context: '{"trace":1}',
        error: definite,
        attempts: 1,
        diedAt: 5,
        holds: false,
      })
      await orders.deadLetters.edit('3', '{"n":2}', ann)
      expect(await orders.deadLetters.resubmit({}, ann)).toBe(3)
      const back = await orders.jobs.due(1_000, 9, [])
      expect(back).toHaveLength(3)
      expect(back.every((job) => job.attempts === 0 && job.error === undefined)).toBe(true)
      const ids = back.map((job) => job.id)
      expect(ids).toContain(open)
      expect(ids).not.toContain(failed)
      expect(ids).not.toContain(edited)
      expect(back.find((job) => job.input === '{"n":2}')).toBeDefined()
    })

    test('are listed, edited with the original kept, resubmitted and dropped, singly or all, with an audit', async () => {
      const space = await newSpace(server())
      const orders = (await space.open()).module('orders')
      const ids = await deadEvents(orders, 5)
      const { deadLetters } = orders
      expect(await deadLetters.count()).toBe(5)
      expect((await deadLetters.list({}, { limit: 2 })).map((one) => one.id)).toEqual(['5', '4'])
      expect((await deadLetters.list({}, { limit: 9, before: '4' })).map((one) => one.id)).toEqual(['3', '2', '1'])
      expect(await deadLetters.list({ key: 'key-2' }, { limit: 9 })).toHaveLength(1)
      expect(await deadLetters.list({ type: 'shipped' }, { limit: 9 })).toEqual([])
      expect(await deadLetters.list({ source: 'stock', ids: ['2', 'x', '-1'] }, { limit: 9 })).toHaveLength(1)
      expect(await deadLetters.list({ ids: [] }, { limit: 9 })).toEqual([])

      const before = (await deadLetters.get('2'))?.data as string
      expect(await deadLetters.edit('2', '{"n":1}', ann)).toBe(true)
      expect(await deadLetters.edit('2', '{"n":2}', { name: 'bob', at: 2_000 })).toBe(true)
      expect(await deadLetters.edit('99', '{}', ann)).toBe(false)
      expect(await deadLetters.edit('nonsense', '{}', ann)).toBe(false)
      expect(await deadLetters.get('2')).toMatchObject({ data: '{"n":2}', original: before })
      expect(await deadLetters.get('nonsense')).toBeUndefined()

      expect(await deadLetters.resubmit({ ids: ['2'] }, ann)).toBe(1)
      expect(await orders.subscriptions.parkedDue(key, [0, 1, 2, 3, 4], 1_000, 9)).toMatchObject([
        { id: ids[1], data: '{"n":2}', attempts: 0, nextAt: 1_000 },
      ])
      expect(await deadLetters.drop({ key: 'key-0' }, ann)).toBe(1)
      expect(await deadLetters.drop({}, ann)).toBe(3)
      expect(await deadLetters.count()).toBe(0)
      const audit = await deadLetters.audit(99)
      expect(audit.map(({ letter, action, by }) => [letter, action, by]).slice(3)).toEqual([
        ['1', 'drop', 'ann'],
        ['2', 'resubmit', 'ann'],
        ['2', 'edit', 'bob'],
        ['2', 'edit', 'ann'],
      ])
      expect(audit.at(-1)).toEqual({ letter: '2', action: 'edit', by: 'ann', at: 1_000, data: before })
      expect(await deadLetters.audit(2)).toHaveLength(2)
    })

    test('P9 thousands are taken in batches, each once', async () => {
      const space = await newSpace(server())
      const orders = (await space.open()).module('orders')
      await space.sql(`insert into orders.banyan_dead_letters
        (kind, source, message_id, type, data, at, context, error, attempts, died_at)
        select 'job', 'stock', gen_random_uuid(), 'take', '{}', 1, '{}', '${unknown}', 1, 1 from generate_series(1, 1203)`)
      expect(await orders.deadLetters.resubmit({ type: 'take' }, ann)).toBe(1203)
      expect(await space.sql('select count(distinct id)::int as n from orders.banyan_jobs')).toEqual([{ n: 1203 }])
      expect(await orders.deadLetters.resubmit({}, ann)).toBe(0)
    })
  })
}

/** Dead letters of events, one per lane and key from lane 0 on; returns the ids of the events. */
async function deadEvents(orders: ModuleStore, count: number): Promise<string[]> {
  await orders.subscriptions.ensure(key, { incarnation: 'x', positions: Array(64).fill(0) })
  const events = Array.from({ length: count }, (_, lane) => ({ ...newEvent(lane), position: 1 }))
  await orders.unit().commit({
    step: {
      key,
      lanes: events.map(({ lane }) => ({ lane, from: 0, to: 1, epoch: 0 })),
      park: events.map((event) => ({ event, attempts: 1, nextAt: 0, error: definite })),
    },
  })
  for (const parked of await orders.subscriptions.parkedDue(key, [0, 1, 2, 3, 4], 0, count)) {
    await orders.subscriptions.parkedDead(parked, 0, { error: definite, at: 7, hold: false })
  }
  return events.map((event) => event.id)
}
