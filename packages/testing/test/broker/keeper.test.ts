import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { locateNatsServer } from '@banyan/broker-nats'
import { expect } from 'vitest'
import { withNats } from '../../../../tools/vitest/with-nats.js'
import { keepBroker, keeperFileName } from '../../src/broker/keeper.js'

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false // there is no such process
  }
}

withNats.test('a keeper that cannot tell where it is leaves no server behind', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bk-'))
  try {
    // Its file cannot be written here.
    mkdirSync(join(folder, `${keeperFileName}.new`))
    const binary = await locateNatsServer()
    const kept = keepBroker({ folder, binary, graceMs: 60_000 }, () => undefined)
    await expect(kept).rejects.toMatchObject({ code: 'EISDIR' })
    // A server that ended in order takes its file along.
    const pidFile = join(folder, 'nats.pid')
    expect(existsSync(pidFile) && isAlive(Number(readFileSync(pidFile, 'utf8')))).toBe(false)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
