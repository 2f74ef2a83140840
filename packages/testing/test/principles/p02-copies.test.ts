import { expect, test } from 'vitest'
import { inPlacements, insideOneProcess } from '../placements.js'
import { type BackAct, back, countsRuns, type FrontAct, front, labIn } from './lab.js'

inPlacements(insideOneProcess, (placement) => {
  const openLab = labIn(placement)

  test('P2 an input is a copy: what the caller changes afterwards, and what the callee changes, the other does not see', async () => {
    const seen: unknown[] = []
    const kept: { list: number[] }[] = []
    await using t = await openLab(
      {
        async front(_input, { call }) {
          const value = { list: [1] }
          const answer = call.back.act({ name: 'a', value })
          value.list.push(2)
          await answer
          seen.push(structuredClone(value))
          return {}
        },
        back({ value }) {
          seen.push(structuredClone(value))
          const own = value as { list: number[] }
          own.list.push(99)
          kept.push(own)
          return {}
        },
      },
      countsRuns,
    )
    await t.call(front).act({ name: 'a' })
    expect(seen).toEqual([{ list: [1] }, { list: [1, 2] }])
    expect(kept).toEqual([{ list: [1, 99] }])
  })

  test('P2 an output and the data of an event are copies', async () => {
    const shared = { list: [1] }
    const seen: unknown[] = []
    await using t = await openLab({
      async front(_input, { call, emit }) {
        const data = { name: 'a', n: 1, value: shared }
        emit.acted(data)
        const { value } = await call.back.look({ name: 'a' })
        expect(value).not.toBe(shared)
        ;(value as typeof shared).list.push(7)
        shared.list.push(2)
        return { value: shared }
      },
      backLook: () => ({ value: shared }),
      first: ({ value }) => void seen.push(value),
    })
    const { value } = await t.call(front).act({ name: 'a' })
    expect(value).toEqual({ list: [1, 2] })
    expect(value).not.toBe(shared)
    await t.settled()
    expect(seen).toEqual([{ list: [1] }])
  })

  test('P2 what the contract does not name is taken away, on the way in and on the way out', async () => {
    const seen: unknown[] = []
    const leaky: FrontAct = async (input, { call }) => {
      seen.push(input)
      const answer = await call.back.act({ name: 'a', more: 'than asked' } as { name: string })
      seen.push(answer)
      return { passwordHash: 'of front' } as object
    }
    const gossip: BackAct = (input) => {
      seen.push(input)
      return { passwordHash: 'of back' } as object
    }
    await using t = await openLab({ front: leaky, back: gossip }, countsRuns)
    expect(await t.call(front).act({ name: 'a', admin: true } as { name: string })).toEqual({})
    expect(seen).toEqual([{ name: 'a' }, { name: 'a' }, {}])
    await expect(t.call(back).act({ name: 1 } as never)).rejects.toMatchObject({ code: 'invalid-input' })
  })
})
