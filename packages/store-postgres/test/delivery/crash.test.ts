import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { deliveryFaultPoints } from '@banyan/runtime'
import { describe, expect, test } from 'vitest'
import { plan, testProcess } from './process.js'
import { type DeliverySpace, withServer } from './server.js'

const child = fileURLToPath(new URL('./crash-child.ts', import.meta.url))

/** Runs the child until it ends; says by which signal. */
function run(space: DeliverySpace, point: string, passes: number): Promise<string> {
  const options = ['--conditions=banyan-source', '--import', '@oxc-node/core/register', child]
  const connection = JSON.stringify(space.connection)
  const running = spawn(process.execPath, [...options, connection, point, String(passes)], { stdio: ['ignore', 2, 2] })
  return new Promise((resolve) => running.once('exit', (code, signal) => resolve(signal ?? `exit ${code}`)))
}

describe('a process that is killed', () => {
  const newSpace = withServer()

  test.each(deliveryFaultPoints.map((point, index) => [point, 1 + (index % 3)] as const))(
    'P5 P4 at %s (pass %i) and started again: nothing lost, nothing doubled',
    async (point, passes) => {
      const space = await newSpace()
      const publisher = testProcess({ store: await space.open(), plans: [plan('billing')] })
      for (let round = 0; round < 5; round++) await publisher.publish(['a', 'bad-1', 'b', 'bad-2', 'a', 'c'], false)
      expect(await run(space, point, passes)).toBe('SIGKILL')
      expect(await run(space, '', 1)).toBe('exit 0')
      await space.expectExactlyOnce('billing')
      const sent = (await space.effects('mail')).map((effect) => effect.event)
      const log = await space.rows('select id from orders.banyan_log')
      expect(sent.sort()).toEqual(log.map((event) => event.id).sort())
      for (const table of ['banyan_parked', 'banyan_jobs', 'banyan_dead_letters'])
        expect(await space.rows(`select * from billing.${table}`)).toEqual([])
    },
    120_000,
  )
})
