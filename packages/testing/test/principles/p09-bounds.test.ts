import { expect, test } from 'vitest'
import { inPlacements, insideOneProcess } from '../placements.js'
import { front, gate, labIn } from './lab.js'

inPlacements(insideOneProcess, (placement) => {
  const openLab = labIn(placement)

  test('P9 beyond the calls that run and those that wait, the next is refused at once and told when to come again', async () => {
    const inFront = gate()
    let running = 0
    let most = 0
    await using t = await openLab({
      limits: { concurrency: 2, queue: 3 },
      async front() {
        most = Math.max(most, ++running)
        await inFront.opened
        running--
        return {}
      },
    })
    const accepted = Array.from({ length: 5 }, () => t.call(front).act({ name: 'a' }))
    await expect.poll(() => t.health().modules.find((module) => module.module === 'front')?.queued).toBe(3)
    // Nothing has been let go on: the answer comes while all the others wait.
    const error: unknown = await t
      .call(front)
      .act({ name: 'a' })
      .catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'overloaded', status: 503, retryable: true })
    expect((error as { details: { retryAfterMs: number } }).details.retryAfterMs).toBeGreaterThan(0)
    inFront.open()
    await Promise.all(accepted)
    expect(most).toBe(2)
    expect(await t.call(front).act({ name: 'a' })).toEqual({})
  })
})
