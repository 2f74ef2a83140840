import { expect, test } from 'vitest'
import { inPlacements, insideOneProcess } from '../placements.js'
import { newId } from '../shop/open.js'
import { back, countsRuns, front, labIn } from './lab.js'

inPlacements(insideOneProcess, (placement) => {
  const openLab = labIn(placement)

  test('P6 a declared error arrives typed, with details and origin, wherever it is caught', async () => {
    const codes: string[] = []
    await using t = await openLab(
      {
        async front(_input, { call, fail }) {
          try {
            await call.back.act({ name: 'a' })
          } catch (error) {
            if (!back.errors.refused.is(error)) throw error
            codes.push(error.code, error.details.reason)
          }
          throw fail.refused({ reason: 'because of back' })
        },
        back(_input, { fail }) {
          throw fail.refused({ reason: 'no' })
        },
      },
      countsRuns,
    )
    const answer = await t.call(front).act({ name: 'a' }).result()
    if (answer.ok) throw new Error('It was not refused')
    expect(codes).toEqual(['back.refused', 'no'])
    expect(answer.error).toMatchObject({
      code: 'front.refused',
      message: 'Refused: because of back',
      details: { reason: 'because of back' },
      status: 409,
      retryable: false,
    })
  })

  test('P6 an error of the callee that the caller does not declare, and an accident, reach the outside as internal', async () => {
    await using t = await openLab({
      front: async ({ name }, { call }) => call.back.act({ name }),
      back({ name }, { fail }) {
        if (name === 'declared') throw fail.refused({ reason: 'no' })
        throw new Error('the password is 1234')
      },
    })
    for (const name of ['declared', 'accident']) {
      const error: unknown = await t
        .call(front)
        .act({ name })
        .catch((caught: unknown) => caught)
      expect(error).toMatchObject({ code: 'internal', status: 500, retryable: false })
      expect(JSON.stringify(error)).not.toContain('1234')
      expect(String((error as Error).message)).not.toContain('refused')
    }
  })

  test('P6 a reply that is lost is an unknown outcome, never a failure: the same id tells', async () => {
    await using t = await openLab({
      async front(_input, { sql }) {
        await sql`insert into effects (name, note) values ('a', 'done')`
        return { value: 'done' }
      },
    })
    const id = newId()
    t.crash('front', 'after-commit')
    await expect(t.call(front, { id }).act({ name: 'a' })).rejects.toMatchObject({
      code: 'outcome-unknown',
      retryable: true,
    })
    expect(await t.call(front, { id }).act({ name: 'a' })).toEqual({ value: 'done' })
    expect(await t.sql(front)`select note from effects`.all()).toEqual([{ note: 'done' }])
    await t.stop()
  })
})
