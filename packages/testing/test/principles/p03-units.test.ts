import { expect, test } from 'vitest'
import { inPlacements, insideOneProcess } from '../placements.js'
import { newId } from '../shop/open.js'
import { back, front, labIn, notes } from './lab.js'

inPlacements(insideOneProcess, (placement) => {
  const openLab = labIn(placement)

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

  test('P3 a statement sent without waiting is seen by reads after it, and its failure is that of the command', async () => {
    const counts: number[] = []
    let divisor = 0
    await using t = await openLab({
      async front({ name }, { sql, emit }) {
        emit.acted({ name, n: 1 })
        await sql`insert into effects (name, note) values (${name}, 'waited')`
        await sql`insert into effects (name, note) values (${name}, 'sent')`.send()
        counts.push((await sql<{ n: number }>`select count(*) as n from effects`.one()).n)
        const failing = sql`select 1 / ${divisor}::int`
        if (name === 'waits') await failing
        else await failing.send()
        return {}
      },
    })
    const ids = { waits: newId(), sends: newId() }
    const act = (name: keyof typeof ids) => t.call(front, { id: ids[name] }).act({ name })
    const codes: unknown[] = []
    for (const name of ['waits', 'sends'] as const)
      codes.push(await act(name).catch(({ code, status, retryable }) => ({ code, status, retryable })))
    expect(codes[1]).toEqual(codes[0])
    expect(codes[0]).toEqual({ code: 'internal', status: 500, retryable: false })
    expect(counts).toEqual([2, 2])
    expect(await notes(t, front)).toEqual([])
    expect(t.events(front).acted).toEqual([])
    // It was no outcome: the same id runs again.
    divisor = 1
    await act('sends')
    expect(await notes(t, front)).toEqual(['waited', 'sent'])
    expect(t.events(front).acted).toHaveLength(1)
  })
})
