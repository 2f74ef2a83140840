import { join } from 'node:path'
import { expect, vi } from 'vitest'
import { withNats } from '../../../../tools/vitest/with-nats.js'
import { madeUpFile } from '../support/made-up.js'
import { Place, run } from '../support/processes.js'

// Many processes start from their sources, on whatever machine this is.
vi.setConfig({ testTimeout: 300_000 })

const documents = 60

/** Runs a tool on a small file, in a folder and on a port of its own. */
async function tool(place: Place, script: string, ...more: string[]): Promise<{ code: number | null; output: string }> {
  const file = madeUpFile(join(place.folder, 'made-up.csv'), documents)
  const folder = join(place.folder, 'house')
  return run(script, [file, '--in-flight', '2', '--port', String(place.port), '--folder', folder, ...more])
}

const troubles = (output: string): string[] => output.split('\n').filter((line) => line.startsWith('✗'))

withNats.test('P4 P5 services, broker and database are killed, and nothing is lost or doubled', async () => {
  await using place = await Place.make('services')
  const { code, output } = await tool(place, 'retail/torture.ts', '--services', '--kills', '3', '--seed', '7')
  expect(troubles(output), output).toEqual([])
  for (const [at, kind] of [/a process of \w+/, /broker/, /database/].entries())
    expect(output).toMatch(new RegExp(`kill ${at + 1} of 3: ${kind.source}\n`))
  expect(output.match(/^ {4}new order .* shipped/gm)).toHaveLength(3)
  expect(output).toContain(`all ${documents} documents were taken`)
  expect(output).toContain('audit clean')
  expect(code).toBe(0)
})

withNats.test(
  'P1 P4 the shop moves from one process to services and back, and nothing is lost or doubled',
  async () => {
    await using place = await Place.make('move')
    const { code, output } = await tool(place, 'retail/move.ts')
    expect(troubles(output), output).toEqual([])
    expect(output).toMatch(/moving from one process to services\n.* on their way, [1-9]\d* parked/)
    expect(output).toContain('moving from services to one process')
    expect(output).toContain('audit clean')
    expect(code).toBe(0)
  },
)
