import { aggregate, decision } from '@banyan/module'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { newId } from '../shop/open.js'
import { type Act, bell, box, openBox } from './box.js'

const counter = aggregate({
  name: 'counter',
  initial: { n: 0, log: [] as string[] },
  events: { added: z.object({ by: z.number().int() }), cleared: z.object({}) },
  evolve: {
    added: (state, { by }, { version }) => ({ n: state.n + by, log: [...state.log, `${version}:${by}`] }),
    cleared: () => ({ n: 0, log: [] }),
  },
  snapshots: { every: 4 },
})

test('random appends, loads and moments give what a model gives, with snapshots and without', async () => {
  type State = { n: number; log: string[] }
  const models = new Map<string, State[]>()
  const step = fc.record({
    id: fc.constantFrom('a', 'b', 'é-c'),
    appends: fc.array(fc.option(fc.integer({ min: -9, max: 9 })), { maxLength: 7 }),
    forget: fc.boolean(),
    moment: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  let work: Act = () => null
  await using t = await openBox((input, context) => work(input, context))
  const run = async (doing: Act) => {
    work = doing
    return t.call(box).act({})
  }
  const apply = (states: State[], by: number | null): void => {
    const last = states.at(-1) as State
    const cleared = by === null
    states.push(cleared ? { n: 0, log: [] } : { n: last.n + by, log: [...last.log, `${states.length}:${by}`] })
  }
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      for (const { id, appends, forget, moment } of steps) {
        const states = models.get(id) ?? [{ n: 0, log: [] }]
        models.set(id, states)
        const before = states.length - 1
        for (const by of appends) apply(states, by)
        const seen = await run(async (_, { load, sql }) => {
          // Without snapshots all is read from the beginning: nothing may differ.
          if (forget) await sql`delete from banyan_snapshots`
          const c = await load(counter, id)
          const found = { version: c.version, state: c.state }
          for (const by of appends) by === null ? c.append.cleared({}) : c.append.added({ by })
          return { found, state: c.state, version: c.version, again: (await load(counter, id)).state }
        })
        const last = states.at(-1)
        const found = { version: before, state: states[before] }
        expect(seen).toEqual({ found, state: last, version: states.length - 1, again: last })
        const version = Math.floor(moment * states.length)
        const past = await run(async (_, { load }) => (await load(counter, id, { version })).state)
        expect(past).toEqual(states[version])
      }
    }),
    { numRuns: 25, seed: 20_261_127 },
  )
})

test('P2 a state is nobody’s to change, and shares nothing with what was appended', async () => {
  const keeper = aggregate({
    name: 'keeper',
    initial: { items: [{ tags: ['first'] }] },
    events: { put: z.object({ tags: z.array(z.string()) }) },
    evolve: { put: (state, item) => ({ items: [...state.items, item] }) },
  })
  await using t = await openBox(async (_, { load }) => {
    const k = await load(keeper, 'k')
    const item = { tags: ['own'] }
    k.append.put(item)
    item.tags.push('later')
    const refused: string[] = []
    for (const change of [
      () => k.state.items.push(item),
      () => k.state.items[0]?.tags.push('x'),
      () => k.state.items[1]?.tags.push('x'),
    ])
      try {
        change()
      } catch (error) {
        refused.push((error as Error).name)
      }
    return { refused, items: k.state.items }
  })
  expect(await t.call(box).act({})).toEqual({
    refused: ['TypeError', 'TypeError', 'TypeError'],
    items: [{ tags: ['first'] }, { tags: ['own'] }],
  })
})

test('events of old versions are raised step by step, and validated', async () => {
  const person = aggregate({
    name: 'person',
    initial: { names: [] as string[] },
    events: {
      named: {
        data: z.object({ first: z.string(), last: z.string() }),
        version: 3,
        upcast: {
          1: (name: string) => ({ name }),
          2: ({ name }: { name: string }) => ({ first: name.split(' ')[0], last: name.split(' ')[1] }),
        },
      },
    },
    evolve: { named: (state, { first, last }) => ({ names: [...state.names, `${last}, ${first}`] }) },
  })
  const stored: [type: string, schema: number, data: string][] = []
  await using t = await openBox(async (_, { load, sql }) => {
    await sql`delete from banyan_streams`
    for (const [index, [type, schema, data]] of stored.entries())
      await sql`insert into banyan_streams (aggregate, key, version, type, schema, data, at, context)
        values ('person', 'p', ${index + 1}, ${type}, ${schema}, ${data}, 1, '{}')`
    try {
      const p = await load(person, 'p')
      p.append.named({ first: 'Ada', last: 'King' })
      return p.state.names
    } catch (error) {
      return (error as Error).message
    }
  })
  stored.push(['named', 1, '"Alan Turing"'], ['named', 2, '{"name":"Grace Hopper"}'])
  stored.push(['named', 3, '{"first":"Emmy","last":"Noether"}'])
  const ada = 'King, Ada'
  expect(await t.call(box).act({})).toEqual(['Turing, Alan', 'Hopper, Grace', 'Noether, Emmy', ada])
  const refused = async (...event: [string, number, string]) => {
    stored.splice(0, stored.length, event)
    return t.call(box).act({})
  }
  expect(await refused('named', 1, '"Alan"')).toContain('Event 1 of person p cannot be read: last: ')
  expect(await refused('named', 1, '7')).toContain('the upcast of version 2 threw')
  expect(await refused('named', 4, '{}')).toContain('is of version 4, and this code knows 3')
  expect(await refused('born', 1, '{}')).toContain("there is no event 'born'")
})

test('a snapshot of another version of evolve is ignored, and made again by the next append', async () => {
  const doubled = aggregate({
    name: 'counter',
    initial: { n: 0 },
    events: { added: z.object({ by: z.number().int() }), cleared: z.object({}) },
    evolve: { added: (state, { by }) => ({ n: state.n + 2 * by }), cleared: () => ({ n: 0 }) },
    snapshots: { every: 3, version: 2 },
  })
  await using t = await openBox(async ({ n }, { load, sql }) => {
    if (n === 0)
      for (let version = 1; version <= 4; version++)
        await sql`insert into banyan_streams (aggregate, key, version, type, schema, data, at, context)
          values ('counter', 'c', ${version}, 'added', 1, '{"by":1}', ${version}, '{}')`
    if (n === 0)
      await sql`insert into banyan_snapshots (aggregate, key, version, evolution, state, at)
        values ('counter', 'c', 4, 1, '{"n":4,"log":[]}', 4)`
    const c = await load(doubled, 'c')
    const read = c.state.n
    c.append.added({ by: 1 })
    const rows = await sql`select version, evolution, state from banyan_snapshots`
    return { read, rows }
  })
  expect(await t.call(box).act({})).toEqual({
    read: 8,
    rows: [{ version: 4, evolution: 1, state: { n: 4, log: [] } }],
  })
  expect(await t.call(box).act({ n: 1 })).toEqual({ read: 10, rows: [{ version: 5, evolution: 2, state: { n: 10 } }] })
})

test('data that does not match is refused at the append, and a state that cannot be kept where it is made', async () => {
  const odd = aggregate({
    name: 'odd',
    initial: { at: null as unknown },
    events: { set: z.object({ what: z.enum(['date', 'text']) }), thrown: z.object({}) },
    evolve: {
      set: (_, { what }) => ({ at: what === 'date' ? new Date(0) : 'x' }),
      thrown: () => {
        throw new RangeError('by evolve')
      },
    },
  })
  await using t = await openBox(async (_, { load }) => {
    const o = await load(odd, 'o')
    const codes: unknown[] = []
    for (const append of [
      () => o.append.set({ what: 'number' } as never),
      () => o.append.set({ what: 'date' }),
      () => o.append.thrown({}),
    ])
      try {
        append()
      } catch (error) {
        codes.push((error as { code?: string }).code ?? (error as Error).message)
      }
    o.append.set({ what: 'text' })
    return { codes, version: o.version, state: o.state }
  })
  expect(await t.call(box).act({})).toEqual({
    codes: ['invalid-output', 'invalid-state', 'by evolve'],
    version: 1,
    state: { at: 'x' },
  })
})

test('ids, names and moments that cannot be are refused; so is an append after the end', async () => {
  const twin = aggregate({ name: 'counter', initial: {}, events: {}, evolve: {} })
  let late: (() => void) | undefined
  await using t = await openBox(
    async (_, { load }) => {
      const codes: unknown[] = []
      const c = await load(counter, 'c')
      late = () => c.append.added({ by: 1 })
      for (const wrong of [
        load(counter, ''),
        load(counter, 'a\u0000'),
        load(twin, 'x'),
        load(counter, 'c', { version: -1 }),
      ])
        codes.push(
          await (wrong as Promise<unknown>).then(
            () => 'loaded',
            (error: { code: string }) => error.code,
          ),
        )
      return codes
    },
    { look: async (_, { load }) => Object.keys(await load(counter, 'c')) },
  )
  expect(await t.call(box).act({})).toEqual(['invalid-input', 'invalid-input', 'invalid-aggregate', 'invalid-input'])
  expect(() => late?.()).toThrow(expect.objectContaining({ code: 'not-awaited' }))
  expect(await t.call(box).look({})).toEqual(['id', 'state', 'version'])
})

test('a load that is not awaited fails the command', async () => {
  await using t = await openBox((_, { load }) => {
    void load(counter, 'c').catch(() => undefined)
    return null
  })
  await expect(t.call(box).act({})).rejects.toMatchObject({ code: 'not-awaited' })
})

test('P4 a command that met a conflict is done again, unless it called under an id that is not recorded', async () => {
  const rung = aggregate({
    name: 'rung',
    initial: {},
    events: { once: z.object({}) },
    evolve: { once: (state) => state },
  })
  let runs = 0
  const act: Act = async ({ n }, { call, load, sql }) => {
    if (n === 0) await call.bell.ring()
    const c = await load(counter, 'c')
    c.append.added({ by: 1 })
    // As if another one had been quicker: its event has the version that this one takes.
    if (runs++ === 0)
      await sql`insert into banyan_streams (aggregate, key, version, type, schema, data, at, context)
        values ('counter', 'c', ${c.version}, 'added', 1, '{"by":5}', 1, '{}')`
    return c.version
  }
  const count = async (n: number, id?: string) => {
    await using t = await openBox(act, {
      ring: async (_, { load }) => (await load(rung, 'r')).append.once({}),
    })
    runs = 0
    const answer = await t
      .call(box, id === undefined ? {} : { id })
      .act({ n })
      .catch((error: { code: string }) => error.code)
    return { answer, runs, rings: (await t.sql(bell)`select key from banyan_streams`).length }
  }
  expect(await count(0, newId())).toEqual({ answer: 1, runs: 2, rings: 1 })
  expect(await count(0)).toEqual({ answer: 'append-conflict', runs: 1, rings: 1 })
  expect(await count(1)).toEqual({ answer: 1, runs: 2, rings: 0 })
})

test('a decision that would read too much, or names no tag, is refused', async () => {
  const name = decision({
    of: { counter },
    initial: () => 0,
    tags: (lists: string[][]) => lists,
    evolve: { counter: { added: (n) => n + 1 } },
  })
  await using t = await openBox(async (_, { load }) => {
    const codes: unknown[] = []
    for (const lists of [[], [[]], [['']], [['a', 'b'.repeat(257)]]])
      codes.push(
        await load(name, lists).then(
          ({ state }) => state,
          (error: { code: string }) => error.code,
        ),
      )
    return [...codes, (await load(name, [['free']])).state]
  })
  expect(await t.call(box).act({})).toEqual([...Array(4).fill('invalid-output'), 0])
})
