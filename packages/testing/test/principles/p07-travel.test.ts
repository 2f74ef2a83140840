import { describe, expect, test } from 'vitest'
import { inPlacements, insideOneProcess } from '../placements.js'
import { countsRuns, front, gate, labIn, notes, publish } from './lab.js'

inPlacements(insideOneProcess, (placement) => {
  const openLab = labIn(placement)

  describe('P7 what travels with a call', () => {
    test('P7 the deadline: a callee never has more time than its caller has left', async () => {
      const inFront = gate()
      const left: number[] = []
      await using t = await openLab(
        {
          async front({ name }, { call, remainingMs }) {
            left.push(remainingMs())
            inFront.reach()
            await inFront.opened
            return call.back.act({ name })
          },
          back(_input, { remainingMs }) {
            left.push(remainingMs())
            return {}
          },
        },
        countsRuns,
      )
      const answer = t.call(front, { timeoutMs: 1_000 }).act({ name: 'a' })
      await inFront.reached
      await t.clock.advance(400)
      inFront.open()
      await answer
      // What the way there may take is taken off before.
      const [inCaller = 0, inCallee = 0] = left
      expect(inCaller).toBeGreaterThan(900)
      expect(inCaller).toBeLessThanOrEqual(1_000)
      expect(inCallee).toBeGreaterThan(0)
      expect(inCallee).toBeLessThanOrEqual(inCaller - 400)
    })

    test('P7 the deadline of an event: its handler knows what is left, and whom it calls has no more', async () => {
      const inFirst = gate()
      const left: number[] = []
      let told: string | undefined
      let later: Promise<unknown> | undefined
      await using t = await openLab({
        front: publish,
        async first({ name }, { call, remainingMs, signal }) {
          left.push(remainingMs())
          if (left.length > 1) return
          inFirst.reach()
          signal.addEventListener('abort', () => {
            told = (signal.reason as Error).message
          })
          await inFirst.opened
          // The callee may have a little less, for the way back.
          await call.back.act({ name }).catch(() => undefined)
          if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
        },
        async back(_input, { remainingMs, signal }) {
          left.push(remainingMs())
          await new Promise<void>((resolve) => {
            signal.addEventListener('abort', () => resolve())
            later = t.clock.advance('25s')
          })
          return {}
        },
      })
      await t.call(front).act({ name: 'a', value: 1 })
      await inFirst.reached
      await t.clock.advance(10_000)
      inFirst.open()
      await expect.poll(() => told, { timeout: 15_000 }).toBe('deadline-exceeded')
      await later
      const [inHandler, inCallee = 0] = left
      expect(inHandler).toBe(30_000)
      expect(inCallee).toBeGreaterThan(0)
      expect(inCallee).toBeLessThanOrEqual(20_000)
    })

    test('P7 expired before its commit, a command is refused and leaves nothing', async () => {
      const inFront = gate()
      let ended: () => void = () => undefined
      const over = new Promise<void>((resolve) => {
        ended = resolve
      })
      let aborted = false
      await using t = await openLab({
        async front(_input, { sql, emit, signal }) {
          await sql`insert into effects (name, note) values ('a', 'too late')`
          emit.acted({ name: 'a', n: 1 })
          inFront.reach()
          await inFront.opened
          aborted = signal.aborted
          ended()
          return {}
        },
      })
      const answer = t.call(front, { timeoutMs: 1_000 }).act({ name: 'a' })
      const refused = expect(answer).rejects.toMatchObject({ code: 'deadline-exceeded', retryable: true })
      await inFront.reached
      await t.clock.advance('2s')
      await refused
      inFront.open()
      await over
      expect(aborted).toBe(true)
      expect(await notes(t, front)).toEqual([])
      expect(t.events(front).acted).toEqual([])
    })

    test('P7 cancellation reaches what was called, and nothing is committed', async () => {
      const inBack = gate()
      let aborted = false
      await using t = await openLab({
        front: async ({ name }, { call }) => call.back.act({ name }),
        async back(_input, { signal }) {
          signal.addEventListener('abort', () => {
            aborted = true
          })
          inBack.reach()
          await inBack.opened
          return {}
        },
      })
      const giveUp = new AbortController()
      const answer = t.call(front, { signal: giveUp.signal }).act({ name: 'a' })
      const refused = expect(answer).rejects.toMatchObject({ code: 'cancelled' })
      await inBack.reached
      giveUp.abort()
      await refused
      await expect.poll(() => aborted).toBe(true)
      inBack.open()
      await t.settled()
    })

    test('P7 identity, correlation and cause go to nested calls, to events and to what they cause', async () => {
      const seen: unknown[] = []
      const ada = { subject: 'ada', permissions: ['a'], claims: { tenant: 'north' } }
      await using t = await openLab(
        {
          async front({ name }, { call, emit, identity, caller }) {
            seen.push(['front', identity?.subject, caller])
            emit.acted({ name, n: 1 })
            return call.back.act({ name })
          },
          back(_input, { identity, caller, emit }) {
            seen.push(['back', identity?.claims, caller])
            emit.acted({ name: 'b', n: 2 })
            return {}
          },
          async first({ name }, { call, identity, event }) {
            seen.push(['first', identity?.subject, event.source, event.correlationId])
            await call.back.act({ name })
          },
        },
        countsRuns,
      )
      await t.call(front, { as: ada, correlationId: 'order-7' }).act({ name: 'a' })
      await t.settled()
      expect(seen).toEqual([
        ['front', 'ada', undefined],
        ['back', { tenant: 'north' }, 'front'],
        ['first', 'ada', 'front', 'order-7'],
        ['back', { tenant: 'north' }, 'first'],
      ])
      const [published] = t.events(front).acted
      expect(published).toMatchObject({ correlationId: 'order-7', identity: ada })
      expect(published?.causationId).toMatch(/^[0-9a-f-]{36}$/)
    })
  })
})
