import { AsyncLocalStorage } from 'node:async_hooks'
import { contract } from '@banyan/contract'
import { isBanyanError } from '@banyan/errors'
import { defineApp, defineModule } from '@banyan/module'
import { createLogger } from '@banyan/runtime'
import { testApp } from '@banyan/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { inPlacements, insideOneProcess } from '../placements.js'
import { back, countsRuns, front, gate, labIn } from './lab.js'

inPlacements(insideOneProcess, (placement) => {
  const openLab = labIn(placement)

  describe('P1 nothing tells a module that its callee shares its process', () => {
    test('P1 a callee, and a subscriber, run in a fresh async context', async () => {
      const storage = new AsyncLocalStorage<string>()
      const seen: unknown[] = []
      await using t = await openLab(
        {
          front: (_input, { call, emit }) => {
            seen.push(storage.getStore())
            emit.acted({ name: 'a', n: 1 })
            return storage.run('of front', async () => ({ value: (await call.back.act({ name: 'a' })).value }))
          },
          back: () => {
            seen.push(storage.getStore())
            return {}
          },
          first: () => void seen.push(storage.getStore()),
        },
        countsRuns,
      )
      await storage.run('of the test', () => t.call(front).act({ name: 'a' }))
      await t.settled()
      expect(seen).toEqual([undefined, undefined, undefined])
    })

    test('P1 what a handler leaves in its async context, no other run sees', async () => {
      const storage = new AsyncLocalStorage<string>()
      const seen: unknown[] = []
      await using t = await openLab(
        {
          front(_input, { emit }) {
            seen.push(storage.getStore())
            storage.enterWith('left by front')
            emit.acted({ name: 'a', n: 1 })
            return {}
          },
          frontLook() {
            seen.push(storage.getStore())
            storage.enterWith('left by a query')
            return {}
          },
          first() {
            seen.push(storage.getStore())
            storage.enterWith('left by first')
          },
        },
        countsRuns,
      )
      for (const _ of [1, 2]) {
        await t.call(front).act({ name: 'a' })
        await t.call(front).look({ name: 'a' })
        await t.settled()
      }
      expect(seen).toEqual(Array.from({ length: 6 }, () => undefined))
    })

    test('P1 what the caller decodes of an answer, it decodes in its own async context', async () => {
      const storage = new AsyncLocalStorage<string>()
      const seen: unknown[] = []
      const nothing = z.object({})
      const look = (text: string): string => {
        seen.push(storage.getStore())
        return text
      }
      const told = z.object({ at: z.string().transform(look) })
      const clock = contract({ name: 'clock', version: '1.0.0', queries: { tell: { input: nothing, output: told } } })
      const reader = contract({
        name: 'reader',
        version: '1.0.0',
        queries: { read: { input: nothing, output: nothing } },
      })
      const app = defineApp({
        name: 'decoding',
        modules: [
          defineModule(clock, {
            queries: {
              tell() {
                storage.enterWith('left by the callee')
                return { at: 'noon' }
              },
            },
          }),
          defineModule(reader, {
            uses: { clock },
            queries: {
              read: (_input, { call }) =>
                storage.run('of the caller', async () => {
                  await call.clock.tell({})
                  return {}
                }),
            },
          }),
        ],
      })
      await using t = await testApp(app, {
        ...countsRuns,
        placement,
        baseFolder: '.',
        logger: createLogger({ level: 'silent' }),
      })
      await t.call(reader).read({})
      // The callee checks its answer, then the caller decodes it.
      expect(seen).toEqual(['left by the callee', 'of the caller'])
    })

    test('P1 P6 an error is rebuilt for the caller: no object of the callee, nothing but what is data', async () => {
      let thrown: unknown
      let caught: unknown
      await using t = await openLab({
        async front(_input, { call }) {
          try {
            await call.back.act({ name: 'a' })
          } catch (error) {
            caught = error
          }
          return {}
        },
        back(_input, { fail }) {
          thrown = Object.assign(fail.refused({ reason: 'no' }), { secret: 'of back' })
          throw thrown
        },
      })
      await t.call(front).act({ name: 'a' })
      expect(isBanyanError(caught, 'back.refused')).toBe(true)
      expect(caught).not.toBe(thrown)
      expect((caught as { details: unknown }).details).toEqual({ reason: 'no' })
      expect((caught as { details: unknown }).details).not.toBe((thrown as { details: unknown }).details)
      expect(caught).not.toHaveProperty('secret')
    })

    test('P1 a call that is not awaited is cancelled when the handler ends', async () => {
      const waiting = gate()
      let aborted: Promise<void> | undefined
      await using t = await openLab({
        async front(_input, { call }) {
          void call.back.act({ name: 'a' })
          await waiting.reached
          return {}
        },
        async back(_input, { signal, sql }) {
          aborted = new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
          waiting.reach()
          await aborted
          await sql`insert into effects (name, note) values ('a', 'after the end')`
          return {}
        },
      })
      await expect(t.call(front).act({ name: 'a' })).rejects.toMatchObject({ code: 'not-awaited' })
      await aborted
      expect(await t.sql(back)`select * from effects`.all()).toEqual([])
    })
  })

  class Point {
    x = 1
  }
  const sparse = [1, 2, 3]
  delete sparse[1]

  describe('P1 what is not I-JSON is refused wherever it would cross', () => {
    const values: [string, unknown][] = [
      ['NaN', Number.NaN],
      ['Infinity', Number.POSITIVE_INFINITY],
      ['a NUL', 'a\u0000b'],
      ['a lone surrogate', '\ud800'],
      ['a Map', new Map([[1, 2]])],
      ['an instance of a class', new Point()],
      ['a sparse array', sparse],
      ['a bigint', 1n],
      ['a function', () => 1],
      ['a symbol', Symbol('s')],
    ]

    test('P1 as input from outside, as input of a call, as output, as data of an event, as input of a later call', async () => {
      let value: unknown
      let way = ''
      const codes: unknown[] = []
      const note = (error: unknown): void => void codes.push((error as { code?: unknown }).code)
      await using t = await openLab(
        {
          async front(_input, { call, emit, later }) {
            if (way === 'call') await call.back.act({ name: 'a', value }).catch(note)
            if (way === 'later')
              try {
                later.back.act({ name: 'a', value })
              } catch (error) {
                note(error)
              }
            if (way === 'event')
              try {
                emit.acted({ name: 'a', n: 1, value })
              } catch (error) {
                note(error)
              }
            return way === 'output' ? { value } : {}
          },
        },
        countsRuns,
      )
      for (const [what, given] of values) {
        value = given
        codes.length = 0
        way = 'input'
        await t.call(front).act({ name: 'a', value }).catch(note)
        for (way of ['call', 'later', 'event']) await t.call(front).act({ name: 'a' })
        way = 'output'
        await t.call(front).act({ name: 'a' }).catch(note)
        expect([what, ...codes]).toEqual([
          what,
          'invalid-input',
          'invalid-input',
          'invalid-input',
          'invalid-output',
          'invalid-output',
        ])
      }
    })

    test('P1 and what is larger than the one limit', async () => {
      const large = 'x'.repeat(1_000_000)
      let way = ''
      await using t = await openLab({
        async front(_input, { call, emit }) {
          if (way === 'call') await call.back.act({ name: 'a', value: large })
          if (way === 'event') emit.acted({ name: 'a', n: 1, value: large })
          return way === 'output' ? { value: large } : {}
        },
      })
      await expect(t.call(front).act({ name: 'a', value: large })).rejects.toMatchObject({ code: 'payload-too-large' })
      for (way of ['call', 'event', 'output'])
        await expect(t.call(front).act({ name: 'a' })).rejects.toMatchObject({ code: 'payload-too-large' })
      way = 'none'
      expect(await t.call(front).act({ name: 'a', value: 'x'.repeat(999_000) })).toEqual({})
    })

    test('P1 the limit is of bytes of JSON, exactly, also where the schema tells how large a value can be', async () => {
      const text = z.object({ text: z.string() })
      const echo = contract({
        name: 'echo',
        version: '1.0.0',
        commands: { keep: { input: text, output: text }, fill: { input: z.object({ size: z.int() }), output: text } },
        queries: { show: { input: text, output: text } },
      })
      const filled = (size: number): string => '\u0001'.repeat(6) + 'x'.repeat(size - 36)
      const app = defineApp({
        name: 'echoes',
        modules: [
          defineModule(echo, {
            commands: { keep: (input) => input, fill: ({ size }) => ({ text: filled(size) }) },
            queries: { show: (input) => input },
          }),
        ],
      })
      await using t = await testApp(app, { placement, baseFolder: '.', logger: createLogger({ level: 'silent' }) })
      const size = 1_000_000 - '{"text":""}'.length
      const call = t.call(echo)
      for (const make of [call.keep, call.show]) {
        expect(await make({ text: filled(size) })).toEqual({ text: filled(size) })
        await expect(make({ text: filled(size + 1) })).rejects.toMatchObject({ code: 'payload-too-large' })
      }
      expect(await call.fill({ size })).toEqual({ text: filled(size) })
      await expect(call.fill({ size: size + 1 })).rejects.toMatchObject({ code: 'payload-too-large' })
    })
  })
})
