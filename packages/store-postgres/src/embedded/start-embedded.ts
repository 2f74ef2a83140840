import { join } from 'node:path'
import { banyanError } from '@banyan/errors'
import { adoptServer, askServer, connectionTo } from './adopt.js'
import { chooseEndpoint, type Endpoint, removeSocketFolder } from './endpoint.js'
import { folderUnusable, systemCode } from './failures.js'
import { writeWhole } from './folders.js'
import { type Home, prepareHome } from './home.js'
import { checkCluster, initializeCluster, removeDrafts, resetPassword } from './initialize-cluster.js'
import { nativeFiles } from './native-files.js'
import { findNativePackage, type NativePackage } from './native-package.js'
import { watchForOrphan } from './orphan-watch.js'
import { acquireOwnerLock } from './owner-lock.js'
import { readPassword } from './password.js'
import { endServer, type Launch, type Postmaster } from './postmaster.js'
import { checkOverrides, settingsFile, settingsFileName } from './settings.js'
import { launchPatiently, supervise } from './supervisor.js'
import type { EmbeddedLog, EmbeddedOptions, EmbeddedServer } from './types.js'

const orphanGraceDefaultMs = 60_000

interface Running {
  readonly launch: Launch
  readonly postmaster: Postmaster
  readonly endpoint: Endpoint
  readonly password: string
  readonly adopted: boolean
}

/**
 * Starts the PostgreSQL that lies in `dataDir`, making it first if there is none, or takes over one that a killed
 * process left running. This process owns the data folder until `stop()`, its death, or `closed`.
 *
 * Commits that were acknowledged survive the death of this process, of the server, and of the machine.
 * @throws store-in-use when a living process owns the folder
 * @throws store-platform-missing when the platform package is not installed
 * @throws store-folder-unusable when the folder cannot be written or reached, or the disk is full
 * @throws store-version-mismatch when another major version made the data
 * @throws store-start-failed, with the end of the server's log, when the server does not start
 * @throws invalid-config for settings that may not be replaced
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const log: EmbeddedLog = options.log ?? (() => undefined)
  checkOverrides(options.settings ?? {})
  const native = findNativePackage()
  const home = prepareHome(options.dataDir, log)
  const lock = await acquireOwnerLock(home.folder)
  // From here on, so that a server is not left for ever when we are killed while it starts.
  const endWatch = watchForOrphan(home, lock, options.orphanGraceMs ?? orphanGraceDefaultMs, log)
  const free = async () => {
    endWatch()
    await lock.release()
  }
  try {
    return keep(await run(home, native, options, log), native, options.supervise ?? true, free)
  } catch (error) {
    await free()
    throw systemCode(error) !== undefined && error instanceof Error ? folderUnusable(home.folder, error) : error
  }
}

async function run(home: Home, native: NativePackage, options: EmbeddedOptions, log: EmbeddedLog): Promise<Running> {
  await removeDrafts(home.folder)
  const made = checkCluster(home, native)
  const programs = await nativeFiles(native, home.user, log)
  const settings = options.settings ?? {}
  const known = made ? readPassword(home.folder) : undefined
  if (made) {
    const { transport } = options
    const adopted = await adoptServer({ home, native, programs, transport, settings, password: known, log })
    if (adopted !== undefined && known !== undefined) {
      const launch = { home, endpoint: adopted.endpoint, programs, log }
      return { launch, ...adopted, password: known, adopted: true }
    }
  }
  const password = made
    ? (known ?? (await resetPassword(home, programs, log)))
    : await initializeCluster(home, programs, { durable: settings.fsync !== 'off', log })
  const endpoint = await chooseEndpoint(home, options.transport, log)
  const launch = { home, endpoint, programs, log }
  writeWhole(join(home.folder, settingsFileName), settingsFile(home, endpoint, settings), 0o644)
  const postmaster = await launchPatiently(launch)
  return proven({ launch, postmaster, endpoint, password, adopted: false })
}

/** Proves by a connection that the server is ours to use; a password that does not fit is replaced, once. */
async function proven(running: Running): Promise<Running> {
  const { launch, postmaster, endpoint } = running
  const facts = await askServer(connectionTo(endpoint, running.password))
  if (typeof facts !== 'string') return running
  await endServer(launch, postmaster)
  if (!/password authentication failed/.test(facts)) {
    throw banyanError('store-start-failed', { summary: `it runs, and does not answer: ${facts}` })
  }
  const password = await resetPassword(launch.home, launch.programs, launch.log)
  const restarted = { ...running, postmaster: await launchPatiently(launch), password }
  const again = await askServer(connectionTo(endpoint, password))
  if (typeof again !== 'string') return restarted
  await endServer(launch, restarted.postmaster)
  throw banyanError('store-start-failed', { summary: `it runs, and does not answer: ${again}` })
}

function keep(
  { launch, postmaster, endpoint, password, adopted }: Running,
  native: NativePackage,
  restart: boolean,
  free: () => Promise<void>,
): EmbeddedServer {
  const supervisor = supervise({
    launch,
    postmaster,
    restart,
    async onEnd() {
      removeSocketFolder(endpoint, launch.home)
      await free()
    },
  })
  return {
    connection: connectionTo(endpoint, password),
    version: native.serverVersion,
    adopted,
    closed: supervisor.closed,
    get pid() {
      return supervisor.pid
    },
    stop: () => supervisor.stop(),
  }
}
