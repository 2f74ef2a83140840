import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { commandOfProcess, endLeftBehind } from '../../src/server/left-behind.js'

let folder: string
let pidFile: string
let child: ChildProcess
let pid: number

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'left-behind-'))
  pidFile = join(folder, 'nats.pid')
  child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)', 'a-mark'], { stdio: 'ignore' })
  await once(child, 'spawn')
  pid = child.pid as number
  writeFileSync(pidFile, String(pid))
})
afterEach(async () => {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  rmSync(folder, { recursive: true, force: true })
})

test('what surely is the server is ended', async () => {
  const exited = once(child, 'exit')
  await endLeftBehind({ pidFile, mark: 'a-mark' })
  expect(await exited).toEqual([null, 'SIGTERM'])
})

test('another program that has its number by now is left alone', async () => {
  await endLeftBehind({ pidFile, mark: 'another-mark' })
  expect(process.kill(pid, 0)).toBe(true)
})

test('where nobody can tell, nothing is ended and nothing is started', async () => {
  const ending = endLeftBehind({ pidFile, mark: 'a-mark', commandOf: async () => undefined })
  await expect(ending).rejects.toMatchObject({
    code: 'broker-start-failed',
    message: expect.stringContaining(`process ${pid} may be the server of an owner that was killed`),
  })
  expect(process.kill(pid, 0)).toBe(true)
})

test('the command line is told by /proc or by ps, else it is unknown; of nobody it is empty', async () => {
  expect(await commandOfProcess(pid)).toContain('a-mark')
  const path = process.env.PATH
  process.env.PATH = folder
  try {
    expect(await commandOfProcess(pid, join(folder, 'no-proc'))).toBeUndefined()
  } finally {
    process.env.PATH = path
  }
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(await commandOfProcess(pid, join(folder, 'no-proc'))).toBe('')
})
