import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { keepingSeed, seedsToTry } from './seeds.js'

function place(): string {
  const folder = mkdtempSync(join(tmpdir(), 'seeds-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

test('a seed that fails is printed and kept, fails the test, and is tried first ever after', async () => {
  const folder = place()
  const said = vi.spyOn(console, 'error').mockReturnValue(undefined)
  onTestFinished(() => said.mockRestore())
  const failure = new Error('two effects\nof one command')
  await expect(keepingSeed(folder, 4_711, () => Promise.reject(failure))).rejects.toBe(failure)
  expect(said).toHaveBeenCalledWith('BANYAN_SEED=4711')
  expect(JSON.parse(readFileSync(join(folder, '4711.json'), 'utf8'))).toEqual({ seed: 4_711, found: 'two effects' })
  expect(seedsToTry(folder, undefined, () => [1, 2])).toEqual([4_711, 1, 2])
  expect(seedsToTry(folder, '7', () => [1, 2])).toEqual([4_711, 7])
  // As it is when one was just printed.
  expect(seedsToTry(folder, '4711', () => [1, 2])).toEqual([4_711])
})

test('a seed that passes is not kept', async () => {
  const folder = place()
  await keepingSeed(folder, 1, () => Promise.resolve())
  expect(seedsToTry(folder, undefined, () => [])).toEqual([])
})
