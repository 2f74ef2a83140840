import { expect, test } from 'vitest'
import { inPlacements, insideOneProcess } from '../placements.js'
import { first, front, labIn, notes } from './lab.js'

inPlacements(insideOneProcess, (placement) => {
  const openLab = labIn(placement)

  /** Everything that a run made up: ids, times, chance. */
  async function run(seed: number): Promise<unknown> {
    await using t = await openLab(
      {
        front: ({ name }, { emit, newId, now }) => {
          emit.acted({ name, n: 1 })
          return { value: [newId(), newId(), now().toISOString()] }
        },
        async first({ name }, { sql, newId, now }) {
          await sql`insert into effects (name, note) values (${name}, ${`${newId()} ${now().toISOString()}`})`
        },
      },
      { seed, now: '2026-03-01T12:00:00Z' },
    )
    const answers = []
    for (const name of ['a', 'b', 'c']) {
      answers.push(await t.call(front).act({ name }))
      await t.clock.advance('1s')
    }
    await t.settled()
    return { answers, events: t.events(front).acted, notes: await notes(t, first) }
  }

  test('P10 the same seed and the same clock give the same ids and times; another seed gives others', async () => {
    const once = await run(7)
    expect(await run(7)).toEqual(once)
    expect(await run(8)).not.toEqual(once)
  })
})
