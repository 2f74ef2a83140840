/**
 * `npm run nats`: gets a NATS server for tests and for `banyan up`, without root and without changing the system. Debian's
 * package is downloaded and unpacked into .cache/nats; one that NATS_SERVER_BIN or PATH leads to is taken as it is.
 */
import { execFile } from 'node:child_process'
import { accessSync, constants, mkdtempSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { repositoryRoot } from './support/files.js'
import { isMain } from './support/main.js'

const run = promisify(execFile)
const cached = join(repositoryRoot, '.cache', 'nats', 'nats-server')
const timeoutMs = 60_000
const apt = ['-o', 'Acquire::Retries=1', '-o', 'Acquire::http::Timeout=10', '-o', 'Acquire::https::Timeout=10']

export type Obtained = { readonly binary: string } | { readonly missing: string }

/** The server that is there; undefined when none is. */
export function findNats(): string | undefined {
  const named = process.env.NATS_SERVER_BIN
  if (named) return named
  const onPath = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  return [...onPath.map((folder) => join(folder, 'nats-server')), cached].find(isProgram)
}

export async function obtainNats(): Promise<Obtained> {
  const found = findNats()
  if (found !== undefined) return { binary: found }
  const folder = mkdtempSync(join(tmpdir(), 'nats-'))
  try {
    await download(folder)
    await mkdir(join(cached, '..'), { recursive: true })
    // Unpacked inside the cache, so that the last step is a rename: whoever looks meanwhile finds nothing or all of it.
    const unpacked = mkdtempSync(join(cached, '..', 'new-'))
    const [archive] = (await readdir(folder)).filter((name) => name.endsWith('.deb'))
    await run('dpkg-deb', ['-x', join(folder, archive as string), unpacked], { timeout: timeoutMs })
    await rename(join(unpacked, 'usr', 'sbin', 'nats-server'), cached)
    await rm(unpacked, { recursive: true })
    return { binary: cached }
  } catch (error) {
    return { missing: `no nats-server here, and Debian's package cannot be had (${firstLine(error)})` }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function download(folder: string): Promise<void> {
  const options = { cwd: folder, timeout: timeoutMs }
  try {
    await run('apt-get', [...apt, 'download', 'nats-server'], options)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error
    // The system's lists are missing or old, and only root may renew them: ours are in the folder.
    const own = [
      ...apt,
      '-o',
      `Dir::State::Lists=${join(folder, 'lists')}`,
      '-o',
      `Dir::Cache=${join(folder, 'cache')}`,
    ]
    await mkdir(join(folder, 'lists', 'partial'), { recursive: true })
    await mkdir(join(folder, 'cache', 'archives', 'partial'), { recursive: true })
    await run('apt-get', [...own, 'update', '-qq'], options)
    await run('apt-get', [...own, 'download', 'nats-server'], options)
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false // whatever the reason, it cannot be started
  }
}

function firstLine(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string }
  const lines = (stderr || message).split('\n').filter((line) => line !== '')
  return (lines.find((line) => line.startsWith('E:')) ?? lines[0] ?? 'no reason given').trim()
}

if (isMain(import.meta.url)) {
  const obtained = await obtainNats()
  if ('binary' in obtained) {
    console.log(`nats: ${obtained.binary}`)
    console.log(`nats: export NATS_SERVER_BIN=${obtained.binary}`)
  } else {
    console.error(`nats: ${obtained.missing}`)
    console.error('nats: get it from https://nats.io/download and set NATS_SERVER_BIN')
    process.exitCode = 1
  }
}
