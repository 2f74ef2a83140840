import { existsSync } from 'node:fs'
import { connectionTo } from './adopt.js'
import { prepareHome } from './home.js'
import { readPassword } from './password.js'
import { isServing, readPostmasterFile } from './postmaster-file.js'
import type { EmbeddedConnection } from './types.js'

/**
 * How to reach the server of a data folder that another process owns and keeps running; undefined when none runs there.
 * For tools beside a running app: they are guests, and neither start nor stop it.
 * @throws store-folder-unusable
 */
export function attachEmbedded(dataDir: string): EmbeddedConnection | undefined {
  if (!existsSync(dataDir)) return undefined // a guest makes nothing
  const home = prepareHome(dataDir, () => undefined)
  const file = readPostmasterFile(home)
  // Of one that is only starting, the file does not say yet where it will listen.
  if (file === undefined || !file.ready || !isServing(home, file)) return undefined
  const password = readPassword(home.folder)
  if (password === undefined) return undefined
  return connectionTo(
    { host: file.socketFolder || '127.0.0.1', port: file.port, transport: file.socketFolder ? 'socket' : 'loopback' },
    password,
  )
}
