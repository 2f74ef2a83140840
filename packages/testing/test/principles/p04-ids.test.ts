import { describe, expect, test } from 'vitest'
import { inPlacements, insideOneProcess } from '../placements.js'
import { newId } from '../shop/open.js'
import { back, countsRuns, front, labIn, notes, publish } from './lab.js'

inPlacements(insideOneProcess, (placement) => {
  const openLab = labIn(placement)

  describe('P4 a command has an id', () => {
    test('P4 the same id again gives the recorded outcome; the handler does not run', async () => {
      let runs = 0
      await using t = await openLab(
        {
          async front({ name }, { sql, emit, newId: makeId }) {
            runs++
            await sql`insert into effects (name, note) values (${name}, 'done')`
            emit.acted({ name, n: runs })
            return { value: { runs, id: makeId() } }
          },
        },
        countsRuns,
      )
      const id = newId()
      const once = await t.call(front, { id }).act({ name: 'a' })
      expect(await t.call(front, { id }).act({ name: 'a' })).toEqual(once)
      expect(await notes(t, front)).toEqual(['done'])
      expect(t.events(front).acted).toHaveLength(1)
      // A declared failure of the first statement finds it, before anything is done.
      expect(runs).toBeLessThanOrEqual(2)
    })

    test('P4 a declared error is an outcome too: it stays what it was, though the reason has gone', async () => {
      let refuse = true
      await using t = await openLab({
        async front({ name }, { sql, fail }) {
          await sql`insert into effects (name, note) values (${name}, 'done')`
          if (refuse) throw fail.refused({ reason: 'not now' })
          return {}
        },
      })
      const id = newId()
      const refused = { code: 'front.refused', details: { reason: 'not now' } }
      await expect(t.call(front, { id }).act({ name: 'a' })).rejects.toMatchObject(refused)
      refuse = false
      await expect(t.call(front, { id }).act({ name: 'a' })).rejects.toMatchObject(refused)
      expect(await notes(t, front)).toEqual([])
      await t.call(front, { id: newId() }).act({ name: 'a' })
      expect(await notes(t, front)).toEqual(['done'])
    })

    test('P4 the same id with another input is refused', async () => {
      await using t = await openLab({
        async front({ name }, { sql }) {
          await sql`insert into effects (name, note) values (${name}, ${name})`
          return {}
        },
      })
      const id = newId()
      await t.call(front, { id }).act({ name: 'a' })
      await expect(t.call(front, { id }).act({ name: 'b' })).rejects.toMatchObject({
        code: 'id-reused',
        retryable: false,
      })
      expect(await notes(t, front)).toEqual(['a'])
    })

    test('P4 an outcome that is not recorded (a fault) may be tried again under the same id', async () => {
      let fail = true
      await using t = await openLab({
        async front(_input, { sql }) {
          await sql`insert into effects (name, note) values ('a', 'done')`
          if (fail) throw new Error('by accident')
          return {}
        },
      })
      const id = newId()
      await expect(t.call(front, { id }).act({ name: 'a' })).rejects.toMatchObject({ code: 'internal' })
      fail = false
      await t.call(front, { id }).act({ name: 'a' })
      expect(await notes(t, front)).toEqual(['done'])
    })

    test('P4 fifty at once: one effect, and everybody is told the same or to ask again', async () => {
      await using t = await openLab({
        async front(_input, { sql, emit }) {
          await sql`insert into effects (name, note) values ('a', 'done')`
          emit.acted({ name: 'a', n: 1 })
          return { value: 'done' }
        },
      })
      const id = newId()
      const all = await Promise.allSettled(Array.from({ length: 50 }, () => t.call(front, { id }).act({ name: 'a' })))
      for (const one of all)
        if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'in-progress', retryable: true })
        else expect(one.value).toEqual({ value: 'done' })
      expect(await t.call(front, { id }).act({ name: 'a' })).toEqual({ value: 'done' })
      expect(await notes(t, front)).toEqual(['done'])
      expect(t.events(front).acted).toHaveLength(1)
    })

    test('P4 what runs again repeats its calls under their ids: the callee does each once, and made ids are the same', async () => {
      const made: string[] = []
      let accidents = 2
      await using t = await openLab(
        {
          async front({ name }, { call, newId: makeId }) {
            made.push(makeId())
            await call.back.act({ name, value: 'one' })
            await call.back.act({ name, value: 'two' })
            if (accidents-- > 0) throw new Error('by accident')
            return {}
          },
          async back({ name, value }, { sql }) {
            await sql`insert into effects (name, note) values (${name}, ${String(value)})`
            return {}
          },
        },
        countsRuns,
      )
      const id = newId()
      for (const _ of [1, 2])
        await expect(t.call(front, { id }).act({ name: 'a' })).rejects.toMatchObject({ code: 'internal' })
      await t.call(front, { id }).act({ name: 'a' })
      expect(await notes(t, back)).toEqual(['one', 'two'])
      expect(made).toHaveLength(3)
      expect(new Set(made).size).toBe(1)
    })

    test('P4 so do handlers of events: their calls have one effect, however often they fail first', async () => {
      let accidents = 3
      await using t = await openLab({
        front: publish,
        async back(_input, { sql }) {
          await sql`insert into effects (name, note) values ('a', 'called')`
          return {}
        },
        async first({ name }, { call }) {
          await call.back.act({ name })
          if (accidents-- > 0) throw new Error('by accident')
        },
      })
      await t.call(front).act({ name: 'a', value: 1 })
      await t.settled()
      await t.clock.advance('1h')
      await t.settled()
      expect(accidents).toBe(-1)
      expect(await notes(t, back)).toEqual(['called'])
    })

    test('P4 an id whose time is random bits (UUID version 4) is as good as any: its calls are not taken for expired', async () => {
      await using t = await openLab({
        front: async ({ name }, { call }) => call.back.act({ name }),
        back: (_input, { now }) => ({ value: now().toISOString() }),
      })
      // Read as a time, these bits would lie in 1972.
      const { value } = await t.call(front, { id: '00123456-789a-4bcd-8ef0-123456789abc' }).act({ name: 'a' })
      expect(value).toBe(t.clock.now().toISOString())
    })
  })
})
