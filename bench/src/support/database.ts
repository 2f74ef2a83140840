import { randomUUID } from 'node:crypto'
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type EmbeddedServer, removeEmbedded, startEmbedded } from '@banyan/store-postgres'

/** The folder of this package; migrations begin here. */
export const benchFolder = fileURLToPath(new URL('../..', import.meta.url))

export interface BenchDatabase {
  readonly server: EmbeddedServer
  /** Where its data lies: on the disk of the repository, never in memory. */
  readonly folder: string
  stop(): Promise<void>
}

/** A data folder that does not exist yet, on the disk of the repository. Whoever uses it removes it. */
export const newDataFolder = (purpose: string): string =>
  join(benchFolder, '.banyan', `${purpose}-${randomUUID().slice(0, 8)}`)

/** An embedded PostgreSQL as apps have it, fsync on, in a folder that is removed at the end. */
export async function openDatabase(purpose: string): Promise<BenchDatabase> {
  const folder = newDataFolder(purpose)
  const server = await startEmbedded({ dataDir: folder })
  return {
    server,
    folder,
    async stop() {
      await server.stop()
      await removeEmbedded(folder)
    },
  }
}

/** How often the disk under the folder can be made to keep 8 KiB, one after the other: what bounds a single writer. */
export function syncsPerSecond(folder: string, ms = 300): number {
  const path = join(folder, 'sync-probe')
  const file = openSync(path, 'w')
  try {
    const page = Buffer.alloc(8_192, 1)
    const begunAt = performance.now()
    let count = 0
    for (; performance.now() - begunAt < ms; count++) {
      writeSync(file, page, 0, page.length, 0)
      fdatasyncSync(file)
    }
    return count / ((performance.now() - begunAt) / 1_000)
  } finally {
    closeSync(file)
    rmSync(path)
  }
}
