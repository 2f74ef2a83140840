/**
 * Takes and leaves the lock of a folder over and over, and tells each time that it held it, or that it was not alone.
 * Every second racer is killed while it holds the lock, in the middle of its rounds; one called `killed` at once.
 */
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { isBanyanError } from '@banyan/errors'
import { acquireOwnerLock } from '../../src/embedded/owner-lock.js'
import { runs } from './support-process.js'

const [folder = '', index = '0'] = process.argv.slice(2)
const rounds = 20
const holder = join(folder, 'holder')
const tell = (line: string) => writeSync(1, `${line}\n`)

/** Marks this process as the holder; says who else is marked and alive. */
function enter(): void {
  try {
    const descriptor = openSync(holder, 'wx')
    writeSync(descriptor, String(process.pid))
    closeSync(descriptor)
  } catch {
    const other = Number(readFileSync(holder, 'utf8'))
    if (runs(other)) tell(`violation: ${process.pid} beside ${other}`)
    rmSync(holder, { force: true })
    enter()
  }
}

let held = 0
while (held < rounds) {
  try {
    const lock = await acquireOwnerLock(folder)
    enter()
    held++
    tell('held')
    await new Promise((resolve) => setTimeout(resolve, 2))
    if (index === 'killed' || (Number(index) % 2 === 1 && held === rounds / 2)) process.kill(process.pid, 'SIGKILL')
    rmSync(holder)
    await lock.release()
  } catch (error) {
    if (!isBanyanError(error, 'store-in-use')) throw error
  }
  await new Promise((resolve) => setTimeout(resolve, 1))
}
