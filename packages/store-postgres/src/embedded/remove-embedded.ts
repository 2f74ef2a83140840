import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { banyanError } from '@banyan/errors'
import { folderUnusable } from './failures.js'
import { prepareHome } from './home.js'
import { acquireOwnerLock } from './owner-lock.js'
import { isServing, readPostmasterFile } from './postmaster-file.js'

/**
 * Removes a data folder with its database, also where the database lies elsewhere (`location.json`); removing the folder
 * by hand would leave it there. Does nothing if there is no such folder.
 * @throws store-in-use while a process owns it, or a server that was left by a killed process still runs
 * @throws store-folder-unusable
 */
export async function removeEmbedded(dataDir: string): Promise<void> {
  if (!existsSync(dataDir)) return
  const home = prepareHome(dataDir, () => undefined)
  const lock = await acquireOwnerLock(home.folder)
  try {
    const file = readPostmasterFile(home)
    if (file !== undefined && isServing(home, file)) {
      throw banyanError('store-in-use', { folder: home.folder, pid: file.pid }, { details: { pid: file.pid } })
    }
    await rm(home.folder, { recursive: true, force: true, maxRetries: 3 })
    await rm(dataDir, { recursive: true, force: true, maxRetries: 3 })
  } catch (error) {
    throw folderUnusable(home.folder, error)
  } finally {
    await lock.release()
  }
}
