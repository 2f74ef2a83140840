import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { House } from '../../retail/house.js'
import { Told } from '../../retail/told.js'
import { killByFile, Risen } from '../../retail/victim.js'
import { madeUpFile } from '../support/made-up.js'
import { isAlive, loader, Place, run } from '../support/processes.js'

test('what cannot be killed is refused with what can, before anything is touched', async () => {
  await using place = await Place.make('kinds')
  const file = madeUpFile(join(place.folder, 'made-up.csv'), 1)
  const kept = join(place.folder, 'house', 'kept')
  mkdirSync(kept, { recursive: true })
  const refused = async (...more: string[]): Promise<string> => {
    const { code, output } = await run('retail/torture.ts', [file, '--folder', join(place.folder, 'house'), ...more])
    expect(code).toBe(2)
    expect(existsSync(kept)).toBe(true)
    return output
  }
  expect(await refused('--kill', 'app,everything')).toContain(
    "✗ --kill: there is no 'everything' to kill; there is app, database, both\n",
  )
  expect(await refused('--services', '--kill', 'app,checkout,shop')).toContain(
    "✗ --kill: there is no 'app', 'shop' to kill; there is service, broker, database, all, storefront, checkout, ",
  )
})

test('a process is killed by the number in a file only if it is one, and still belongs to the folder', async () => {
  await using place = await Place.make('pids')
  const file = join(place.folder, 'pid')
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true)
  try {
    expect(killByFile(join(place.folder, 'nothing'), place.folder)).toBe(false)
    for (const content of ['', '\n', '0', '1', '-5', 'x', '1.5', `${process.pid}\n`]) {
      writeFileSync(file, content)
      expect(killByFile(file, place.folder), content).toBe(false)
    }
    expect(kill).not.toHaveBeenCalled()
  } finally {
    kill.mockRestore()
  }
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)', place.folder])
  const ended = once(child, 'exit')
  writeFileSync(file, `${child.pid}\nmore`)
  expect(killByFile(file, place.folder)).toBe(true)
  expect((await ended)[1]).toBe('SIGKILL')
  // The file is still there.
  expect(killByFile(file, place.folder)).toBe(false)
})

test('what ends by itself, however, is not started again for ever; what is killed, is', async () => {
  const said = vi.spyOn(console, 'error').mockReturnValue(undefined)
  let begun: ChildProcess[] = []
  const risen = new Risen('the shop', () => {
    const child = spawn('true')
    begun.push(child)
    return child
  })
  risen.start()
  await vi.waitFor(() => expect(said).toHaveBeenCalled(), { timeout: 20_000 })
  expect(said).toHaveBeenCalledWith('✗ the shop ended by itself 21 times; it is not started again')
  expect(begun).toHaveLength(21)
  said.mockRestore()

  begun = []
  const killed = new Risen('the shop', () => {
    const child = spawn('sleep', ['600'])
    begun.push(child)
    return child
  })
  killed.start()
  for (let kills = 1; kills <= 22; kills++) {
    killed.kill()
    await vi.waitFor(() => expect(begun).toHaveLength(kills + 1))
  }
  await killed.stop()
  expect(begun.filter(({ pid }) => isAlive(pid ?? 0))).toEqual([])
})

test('what `banyan` answers is undefined while nobody is there, and told when it is something else', async () => {
  await using place = await Place.make('asks')
  // As its tools are run.
  onTestFinished(() => void vi.restoreAllMocks())
  vi.spyOn(process, 'execArgv', 'get').mockReturnValue(loader)
  const house = new House({ folder: join(place.folder, 'house'), port: String(place.port) })
  expect(await house.ask('services')).toBeUndefined()
  writeFileSync(house.config, 'export default 1\n')
  const failed = house.ask('services')
  await expect(failed).rejects.toBeInstanceOf(Told)
  await expect(failed).rejects.toThrow(/^banyan services failed: .*invalid-config/)
}, 120_000)
