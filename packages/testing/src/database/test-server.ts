import { resolve } from 'node:path'
import { isBanyanError } from '@banyan/errors'
import { attachEmbedded, type ConnectionOptions, startEmbedded } from '@banyan/store-postgres'

/** A PostgreSQL for tests, shared by all processes of a run. */
export interface TestServer {
  readonly connection: ConnectionOptions
  /** This test needs it no more. The server itself ends when no process of the run is left. */
  release(): void
}

// Nothing here outlives a run: what a power cut would lose is not worth waiting for.
const settings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '500',
  max_wal_size: '1GB',
}
const orphanGraceMs = 30_000
const takeOverMs = 5_000
const joinPollMs = 50
const joinAttempts = 1_200

/**
 * The server at DATABASE_URL, or an embedded one in `folder`. Of the processes of a run the first starts it; the others
 * find it running. When its owner ends, another process that still needs it takes it over; when nobody does, it shuts
 * itself down after half a minute.
 * @throws what starting the embedded server throws
 */
export async function joinServer(folder: string, url: string | undefined): Promise<TestServer> {
  if (url) return { connection: { connectionString: url }, release: () => undefined }
  const dataDir = resolve(folder)
  for (let attempt = 1; attempt < joinAttempts; attempt++) {
    const running = attachEmbedded(dataDir)
    if (running) return { connection: running, release: watchOwner(dataDir) }
    const owned = await own(dataDir)
    if (owned) return { connection: owned, release: () => undefined }
    // Another process has just begun to start it.
    await new Promise((done) => setTimeout(done, joinPollMs))
  }
  const { connection } = await startEmbedded({ dataDir, settings, orphanGraceMs })
  return { connection, release: () => undefined }
}

/** Starts the server, or takes it over from an owner that has ended; undefined when a living process owns it. */
async function own(dataDir: string): Promise<ConnectionOptions | undefined> {
  try {
    return (await startEmbedded({ dataDir, settings, orphanGraceMs })).connection
  } catch (error) {
    if (isBanyanError(error, 'store-in-use')) return undefined
    throw error
  }
}

/**
 * The owner of the server may have ended already, or end while this test uses it: then this process becomes the owner
 * before the server gives up waiting for one.
 */
function watchOwner(dataDir: string): () => void {
  let busy = false
  const look = (): void => {
    if (busy) return
    busy = true
    own(dataDir)
      .then((owned) => {
        if (owned) clearInterval(timer)
      })
      // Another one may be quicker, or the server is ending: the tests that use it tell by themselves.
      .catch(() => undefined)
      .finally(() => {
        busy = false
      })
  }
  const timer = setInterval(look, takeOverMs)
  timer.unref()
  look()
  return () => clearInterval(timer)
}
