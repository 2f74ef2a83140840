import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { acquireOwnerLock } from '../../src/embedded/owner-lock.js'
import { runScript, temporaryFolder } from './support.js'

describe('the lock of a data folder', () => {
  test('the lock itself: processes that race, release and are killed never hold it two at a time', async () => {
    const folder = temporaryFolder()
    const results = await Promise.all(
      Array.from({ length: 6 }, (_, index) => runScript('lock-racer.ts', [folder, String(index)])),
    )
    // Each racer prints what it saw; one that was killed while it held the lock (as every second is) printed until then.
    const lines = results.flatMap(({ output }) => output.split('\n').filter(Boolean))
    expect(results.map(({ errors }) => errors).join('')).not.toMatch(/Error/)
    expect(lines.filter((line) => line.startsWith('violation'))).toEqual([])
    expect(lines.filter((line) => line === 'held').length).toBeGreaterThanOrEqual(60)
    expect(results.filter(({ signal }) => signal === 'SIGKILL')).toHaveLength(3)
  })

  test('is held by one of many starts in one process, and can be taken again when it is released', async () => {
    const folder = temporaryFolder()
    for (let round = 0; round < 5; round++) {
      const results = await Promise.allSettled(Array.from({ length: 10 }, () => acquireOwnerLock(folder)))
      const locks = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []))
      expect(locks).toHaveLength(1)
      await locks[0]?.release()
      await locks[0]?.release()
    }
    expect(readdirSync(folder).sort()).toEqual(['owner-4.lock', 'owner-5.lock'])
  })

  test('works where the path of the folder is too long for a socket', async () => {
    const folder = join(temporaryFolder(), 'a'.repeat(100))
    mkdirSync(folder)
    const lock = await acquireOwnerLock(folder)
    writeOwner(folder, 1, { ...readOwner(folder, 1), owner: { pid: process.pid, namespace: 'pid:[1]' } })
    await expect(acquireOwnerLock(folder)).rejects.toMatchObject({ code: 'store-in-use' })
    await lock.release()
    await (await acquireOwnerLock(folder)).release()
    expect(readdirSync(folder).sort()).toEqual(['owner-1.lock', 'owner-2.lock'])
  })
})

type OwnerRecord = { owner: { pid: number; start?: string; boot?: string; namespace?: string }; doorbell?: string }
const lockFile = (folder: string, generation: number) => join(folder, `owner-${generation}.lock`)
const readOwner = (folder: string, generation: number): OwnerRecord =>
  JSON.parse(readFileSync(lockFile(folder, generation), 'utf8'))
const writeOwner = (folder: string, generation: number, record: OwnerRecord) =>
  writeFileSync(lockFile(folder, generation), JSON.stringify(record))

describe('the lock of an owner that was killed', () => {
  /** A folder whose owner was killed without releasing it. */
  async function abandoned() {
    const folder = temporaryFolder()
    const { signal } = await runScript('lock-racer.ts', [folder, 'killed'])
    expect(signal).toBe('SIGKILL')
    return { folder, record: readOwner(folder, 1) }
  }

  async function isFree(folder: string): Promise<boolean> {
    try {
      await (await acquireOwnerLock(folder)).release()
      return true
    } catch (error) {
      expect(error).toMatchObject({ code: 'store-in-use' })
      return false
    }
  }

  test('is free', async () => {
    const { folder } = await abandoned()
    expect(await isFree(folder)).toBe(true)
  })

  test.skipIf(process.platform !== 'linux')('is free when its process id was given out again (Linux)', async () => {
    const { folder, record } = await abandoned()
    expect(record.owner.start).toMatch(/^\d+$/)
    writeOwner(folder, 1, { ...record, owner: { ...record.owner, pid: process.pid } })
    expect(await isFree(folder)).toBe(true)
  })

  test.skipIf(process.platform !== 'linux')('is free after the machine was started again (Linux)', async () => {
    const { folder } = await abandoned()
    writeOwner(folder, 1, { owner: { pid: process.pid, boot: 'another' } })
    expect(await isFree(folder)).toBe(true)
  })

  test('is free when a power cut tore it', async () => {
    const { folder } = await abandoned()
    writeFileSync(lockFile(folder, 1), '')
    expect(await isFree(folder)).toBe(true)
  })

  test.skipIf(process.platform !== 'linux')(
    'of another container is free only if its socket is silent (Linux)',
    async () => {
      const { folder, record } = await abandoned()
      const owner = { ...record.owner, namespace: 'pid:[1]' }
      writeOwner(folder, 1, { owner })
      expect(await isFree(folder)).toBe(false)

      const doorbell = 'owner-00.bell'
      writeOwner(folder, 1, { owner, doorbell })
      const bell = createServer((socket) => socket.destroy())
      await new Promise<void>((resolve) => bell.listen(join(folder, doorbell), resolve))
      expect(await isFree(folder)).toBe(false)
      await new Promise((resolve) => bell.close(resolve))
      expect(await isFree(folder)).toBe(true)
    },
  )
})
