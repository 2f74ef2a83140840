import { createLogger } from '@banyan/runtime'
import { testApp } from '@banyan/testing'
import { expect, test } from 'vitest'
import { everywhere, inPlacements } from '../placements.js'
import { newId } from '../shop/open.js'
import { fair, folder } from './app.js'
import { carts, courses, sales } from './contracts.js'

inPlacements(everywhere, (placement) => {
  const openFair = (options: object = {}) =>
    testApp(fair, {
      placement,
      baseFolder: folder,
      appFile: 'app.ts',
      logger: createLogger({ level: 'silent' }),
      ...options,
    })
  const line = { sku: 'a', quantity: 2 }

  test('P3 P5 state is made of what was appended, with the outcome and the events of the command', async () => {
    await using t = await openFair()
    expect(await t.call(carts).show({ cartId: 'c' })).toEqual({ version: 0, open: true, lines: [], total: 0 })
    expect(await t.call(carts).add({ cartId: 'c', ...line })).toMatchObject({ version: 1, total: 2 })
    const id = newId()
    const checkedOut = await t.call(carts, { id }).checkOut({ cartId: 'c' })
    expect(checkedOut).toEqual({ version: 2, open: false, lines: [line], total: 2 })
    expect(await t.call(carts, { id }).checkOut({ cartId: 'c' })).toEqual(checkedOut)
    await expect(t.call(carts).add({ cartId: 'c', ...line })).rejects.toMatchObject({ code: 'carts.closed' })
    expect(await t.call(carts).show({ cartId: 'c' })).toEqual(checkedOut)
    await t.settled()
    expect(await t.call(sales).total()).toEqual({ quantity: 2, version: 1 })
  })

  test('a stream that was taken to be new, and is not, is a conflict that the caller may try again', async () => {
    await using t = await openFair()
    expect(await t.call(carts).open({ cartId: 'c' })).toMatchObject({ version: 1 })
    await expect(t.call(carts).open({ cartId: 'c' })).rejects.toMatchObject({
      code: 'append-conflict',
      status: 409,
      retryable: true,
    })
    expect(await t.call(carts).show({ cartId: 'c' })).toMatchObject({ version: 1 })
  })

  test('commands that meet in one stream run again, and each takes effect once', async () => {
    await using t = await openFair()
    await t.call(carts).add({ cartId: 'c', ...line })
    const ids = Array.from({ length: 8 }, newId)
    // Told to try again is allowed, under the same id, and of a twin that runs; doubled or lost is not.
    const add = async (id: string): Promise<void> => {
      for (let attempt = 0; attempt < 50; attempt++) {
        const settled = await t
          .call(carts, { id })
          .add({ cartId: 'c', ...line })
          .then(
            () => undefined,
            (error: unknown) => error,
          )
        if (settled === undefined) return
        expect(['append-conflict', 'in-progress']).toContain((settled as { code?: string }).code)
      }
      throw new Error('fifty attempts, and always a conflict')
    }
    await Promise.all(ids.map(add))
    await Promise.all(ids.slice(0, 3).map(add))
    expect(await t.call(carts).show({ cartId: 'c' })).toMatchObject({ version: 9, total: 18 })
  })

  test('an aggregate is read as it was at a time, and at a version', async () => {
    await using t = await openFair({ now: '2026-03-01T10:00:00Z' })
    const start = Date.parse('2026-03-01T10:00:00Z')
    await t.call(carts).add({ cartId: 'c', ...line, times: 4 })
    await t.clock.advance('1h')
    await t.call(carts).add({ cartId: 'c', ...line, times: 8 })
    await t.clock.advance('1h')
    await t.call(carts).checkOut({ cartId: 'c' })
    const show = (moment: object) => t.call(carts).show({ cartId: 'c', ...moment })
    expect(await show({ at: start - 1 })).toMatchObject({ version: 0, total: 0 })
    expect(await show({ at: start + 1_800_000 })).toMatchObject({ version: 4, total: 8 })
    expect(await show({ at: start + 5_400_000 })).toMatchObject({ version: 12, total: 24, open: true })
    expect(await show({ version: 7 })).toMatchObject({ version: 7, total: 14 })
    expect(await show({ version: 0 })).toMatchObject({ version: 0 })
    expect(await show({ version: 99 })).toEqual(await show({}))
    expect(await show({})).toMatchObject({ version: 13, open: false })
  })

  test('of those who want the last seat exactly one gets it, and nobody takes three courses', async () => {
    await using t = await openFair()
    await t.call(courses).define({ courseId: 'c1', seats: 3 })
    await t.call(courses).define({ courseId: 'c2', seats: 100 })
    await t.call(courses).define({ courseId: 'c3', seats: 100 })
    const enrol = async (courseId: string, studentId: string): Promise<string> => {
      const id = newId()
      for (let attempt = 0; attempt < 50; attempt++) {
        const code = await t
          .call(courses, { id })
          .enrol({ courseId, studentId })
          .then(
            () => 'enrolled',
            (error: { code: string }) => error.code,
          )
        if (code !== 'append-conflict') return code
      }
      throw new Error('fifty attempts, and always a conflict')
    }
    const students = Array.from({ length: 6 }, (_, index) => `s${index}`)
    const got = await Promise.all(students.map((student) => enrol('c1', student)))
    expect(got.filter((code) => code === 'enrolled')).toHaveLength(3)
    expect(got.filter((code) => code === 'courses.full')).toHaveLength(3)
    expect(await t.call(courses).taken({ courseId: 'c1', studentId: 'nobody' })).toBe(3)
    // Across courses it is the student that they have in common.
    const free = students[got.indexOf('courses.full')] as string
    const many = await Promise.all(['c2', 'c3', 'c2', 'c3'].map((courseId) => enrol(courseId, free)))
    expect(many.sort()).toEqual(['courses.tooMany', 'courses.tooMany', 'enrolled', 'enrolled'])
  })

  test('P5 handlers of many events of one transaction append to one stream, each once', async () => {
    await using t = await openFair()
    const cartIds = Array.from({ length: 25 }, (_, index) => `c${index}`)
    await Promise.all(
      cartIds.map(async (cartId) => {
        await t.call(carts).add({ cartId, ...line })
        await t.call(carts).checkOut({ cartId })
      }),
    )
    await t.settled()
    expect(await t.call(sales).total()).toEqual({ quantity: 50, version: 25 })
  })

  for (const point of ['after-handler', 'before-commit', 'after-commit'] as const)
    test(`a crash ${point} appends once, and no snapshot tells of what was not kept`, async () => {
      await using t = await openFair()
      await t.call(carts).add({ cartId: 'c', ...line, times: 4 })
      t.crash('carts', point, { operation: 'add' })
      const id = newId()
      await expect(t.call(carts, { id }).add({ cartId: 'c', ...line })).rejects.toMatchObject({
        code: 'outcome-unknown',
      })
      expect(await t.call(carts, { id }).add({ cartId: 'c', ...line })).toMatchObject({ version: 5, total: 10 })
      expect(await t.call(carts).show({ cartId: 'c' })).toMatchObject({ version: 5, total: 10 })
      expect(await t.sql(carts)`select version from banyan_snapshots`.all()).toEqual([{ version: 5 }])
    })
})
