import { expect, test } from 'vitest'
import { back, front, notes, openLab } from './lab.js'

test('P3 caller and callee have a transaction each, though they share process and database', async () => {
  await using t = await openLab({
    async front(_input, { call, sql }) {
      await call.back.act({ name: 'a' })
      await sql`insert into effects (name, note) values ('a', 'front')`
      return {}
    },
    async back(_input, { sql }) {
      await sql`insert into effects (name, note) values ('a', 'back')`
      return {}
    },
  })
  await t.call(front).act({ name: 'a' })
  const transactions = await Promise.all(
    [front, back].map((module) => t.sql(module)<{ transaction: string }>`select transaction from effects`.all()),
  )
  expect(new Set(transactions.flat().map((row) => row.transaction)).size).toBe(2)
})

test('P3 what the callee committed stays when the caller fails, by an error that it declares or by another', async () => {
  await using t = await openLab({
    async front({ name }, { call, sql, fail }) {
      await sql`insert into effects (name, note) values ('a', 'front')`
      await call.back.act({ name })
      if (name === 'declared') throw fail.refused({ reason: 'too late' })
      throw new Error('by accident')
    },
    async back({ name }, { sql }) {
      await sql`insert into effects (name, note) values ('a', ${name})`
      return {}
    },
  })
  await expect(t.call(front).act({ name: 'declared' })).rejects.toMatchObject({ code: 'front.refused' })
  await expect(t.call(front).act({ name: 'other' })).rejects.toMatchObject({ code: 'internal' })
  expect(await notes(t, back)).toEqual(['declared', 'other'])
  expect(await notes(t, front)).toEqual([])
})

test('P3 a callee that fails takes nothing of the caller with it', async () => {
  await using t = await openLab({
    async front(_input, { call, sql }) {
      await sql`insert into effects (name, note) values ('a', 'before')`
      const answer = await call.back.act({ name: 'a' }).result()
      await sql`insert into effects (name, note) values ('a', ${answer.ok ? 'done' : answer.error.code})`
      return {}
    },
    async back(_input, { sql, fail }) {
      await sql`insert into effects (name, note) values ('a', 'back')`
      throw fail.refused({ reason: 'no' })
    },
  })
  await t.call(front).act({ name: 'a' })
  expect(await notes(t, front)).toEqual(['before', 'back.refused'])
  expect(await notes(t, back)).toEqual([])
})
