import { describe, expect, test } from 'vitest'
import { inPlacements, insideOneProcess } from '../placements.js'
import { first, front, labIn, notes, publish, second } from './lab.js'

inPlacements(insideOneProcess, (placement) => {
  const openLab = labIn(placement)

  describe('P5 events', () => {
    test('P5 are published if and only if their unit of work committed', async () => {
      await using t = await openLab({
        front({ name }, { emit, fail }) {
          emit.acted({ name, n: 1 })
          if (name === 'declared') throw fail.refused({ reason: 'no' })
          if (name === 'accident') throw new Error('by accident')
          return {}
        },
        async first({ name }, { sql }) {
          await sql`insert into effects (name, note) values (${name}, ${name})`
        },
      })
      await expect(t.call(front).act({ name: 'declared' })).rejects.toThrow()
      await expect(t.call(front).act({ name: 'accident' })).rejects.toThrow()
      await t.call(front).act({ name: 'good' })
      await t.settled()
      expect(t.events(front).acted.map((event) => event.key)).toEqual(['good'])
      expect(await notes(t, first)).toEqual(['good'])
    })

    test('P5 a statement sent without waiting that fails costs its own event, found among all others of the batch', async () => {
      let broken = true
      await using t = await openLab({
        front: publish,
        async first({ name, n }, { sql }) {
          await sql`insert into effects (name, note) values (${name}, ${`${name}${n}`})`.send()
          if (broken && name === 'a' && n === 2) await sql`select 1 / ${0}::int`.send()
        },
      })
      const names = ['b', 'a', 'c', 'd', 'e']
      for (let n = 1; n <= 40; n++) await t.call(front).act({ name: names[n % 5] as string, value: Math.ceil(n / 5) })
      await t.settled()
      const others = names.flatMap((name) => Array.from({ length: 8 }, (_, index) => `${name}${index + 1}`))
      const waits = (note: string): boolean => note[0] === 'a' && note !== 'a1'
      expect((await notes(t, first)).sort()).toEqual(others.filter((note) => !waits(note)).sort())
      broken = false
      await t.clock.advance('10m')
      await t.settled()
      expect((await notes(t, first)).sort()).toEqual(others.sort())
    })

    test('P5 among 500 events of one commit the one whose only statement fails unseen is set aside, and soon', async () => {
      let broken = true
      let runs = 0
      await using t = await openLab({
        front(_input, { emit }) {
          for (let n = 0; n < 500; n++) emit.acted({ name: `key-${n}`, n })
          return {}
        },
        async first({ name, n }, { sql }) {
          runs++
          const divisor = broken && n === 250 ? 0 : 1
          await sql`insert into effects (name, note) values (${name}, ${n}::int / ${divisor}::int)`.send()
        },
      })
      await t.call(front).act({ name: 'all' })
      await t.settled()
      const parked = await t.sql(first)<{
        key: string
        attempts: number
      }>`select key, attempts from banyan_parked`.all()
      expect(parked).toEqual([{ key: 'key-250', attempts: 1 }])
      const numbers = async (): Promise<number[]> => (await notes(t, first)).map(Number).sort((a, b) => a - b)
      const all = Array.from({ length: 500 }, (_, n) => n)
      expect(await numbers()).toEqual(all.filter((n) => n !== 250))
      // Halved until it is alone, with batches that grow again after each success: far from one by one for each failure.
      expect(runs).toBeGreaterThan(500)
      expect(runs).toBeLessThan(4 * 500)
      broken = false
      await t.clock.advance('10m')
      await t.settled()
      expect(await numbers()).toEqual(all)
    })

    test('P5 two modules, two fates: one fails and sets its event aside, the other goes on, as do other keys', async () => {
      let broken = true
      const attempts: string[] = []
      await using t = await openLab({
        front: publish,
        async first({ name, n }, { sql }) {
          attempts.push(`${name}${n}`)
          await sql`insert into effects (name, note) values (${name}, ${`${name}${n}`})`
          if (broken && name === 'a' && n === 1) throw new Error('not yet')
        },
        async second({ name, n }, { sql }) {
          await sql`insert into effects (name, note) values (${name}, ${`${name}${n}`})`
        },
      })
      for (const [name, value] of [
        ['a', 1],
        ['b', 1],
        ['a', 2],
        ['b', 2],
        ['a', 3],
      ] as const)
        await t.call(front).act({ name, value })
      await t.settled()
      expect((await notes(t, second)).sort()).toEqual(['a1', 'a2', 'a3', 'b1', 'b2'])
      // The key of the failing event waits, in order; the other one does not.
      expect(await notes(t, first)).toEqual(['b1', 'b2'])
      expect(await t.sql(first)`select * from banyan_parked`.all()).toHaveLength(3)
      expect(attempts).not.toContain('a2')
      broken = false
      await t.clock.advance('10m')
      await t.settled()
      expect(await notes(t, first)).toEqual(['b1', 'b2', 'a1', 'a2', 'a3'])
      expect((await notes(t, second)).sort()).toEqual(['a1', 'a2', 'a3', 'b1', 'b2'])
      expect(await t.sql(first)`select * from banyan_parked`.all()).toEqual([])
    })

    test('P5 after the last attempt an event is a dead letter, and its key goes on', async () => {
      await using t = await openLab({
        front: publish,
        async first({ name, n }, { sql }) {
          if (n === 1) throw new Error('never')
          await sql`insert into effects (name, note) values (${name}, ${`${name}${n}`})`
        },
      })
      for (const value of [1, 2]) await t.call(front).act({ name: 'a', value })
      await t.settled()
      await t.clock.advance('1d')
      await t.settled()
      expect(await notes(t, first)).toEqual(['a2'])
      expect(await t.sql(first)`select * from banyan_dead_letters`.all()).toHaveLength(1)
      expect(await notes(t, second)).toEqual([])
    })

    test('P5 each event has one effect, in the order of its key, however many come at once', async () => {
      await using t = await openLab({
        front: publish,
        async first({ name, n }, { sql }) {
          await sql`insert into effects (name, note) values (${name}, ${String(n)})`
        },
      })
      const keys = Array.from({ length: 10 }, (_, index) => `key-${index}`)
      await Promise.all(
        keys.map(async (name) => {
          for (let value = 1; value <= 20; value++) await t.call(front).act({ name, value })
        }),
      )
      await t.settled()
      const rows = await t.sql(first)<{ name: string; note: string }>`select name, note from effects order by n`.all()
      for (const name of keys)
        expect(rows.filter((row) => row.name === name).map((row) => Number(row.note))).toEqual(
          Array.from({ length: 20 }, (_, index) => index + 1),
        )
    })
  })
})
