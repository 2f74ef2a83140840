import { randomBytes } from 'node:crypto'
import { closeSync, constants, lstatSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemCode } from './failures.js'
import { writeWhole } from './folders.js'

/** The superuser's name. Its password never leaves this machine: it lies beside the data, readable by its owner alone. */
export const superuser = 'postgres'

const fileName = 'password'

/** The stored password, or undefined if it was lost or never made. */
export function readPassword(home: string): string | undefined {
  const path = join(home, fileName)
  try {
    if (!lstatSync(path).isFile()) return undefined
    const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
    try {
      const password = readFileSync(descriptor, 'utf8').trim()
      return /^[\w-]{32,}$/.test(password) ? password : undefined
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Makes a new password and stores it. */
export function makePassword(home: string): string {
  const password = randomBytes(32).toString('base64url')
  writeWhole(join(home, fileName), `${password}\n`, 0o600)
  return password
}
