/**
 * Completes package-lock.json. npm leaves out the packages of other platforms when it cannot reach them, and then
 * `npm ci` refuses the file everywhere. The entries added here carry the exact version and the platform, but no
 * checksum: a later `npm install` that reaches the packages adds it.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type LockEntry, type LockFile, type MissingPlatform, missingPlatforms } from './packages/lock.js'
import { readJson, repositoryRoot } from './support/files.js'
import { isMain } from './support/main.js'

const systems = ['android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32', 'aix']
const processors = ['arm64', 'arm', 'x64', 'ia32', 'ppc64', 'riscv64', 's390x', 'loong64', 'mips64el']

interface Platform {
  readonly os: readonly string[]
  readonly cpu: readonly string[]
  readonly libc?: readonly string[]
}

/** The platform that a package of native binaries is for, read from its name: `…-linux-x64-musl`. */
export function platformOf(name: string): Platform | undefined {
  const parts = name.split(/[-/]/)
  const os = systems.find((each) => parts.includes(each))
  const cpu = processors.find((each) => parts.includes(each))
  if (os === undefined || cpu === undefined) return undefined
  const libc = parts.some((part) => part.startsWith('musl'))
    ? 'musl'
    : parts.some((part) => part.startsWith('gnu'))
      ? 'glibc'
      : undefined
  return { os: [os], cpu: [cpu], ...(os === 'linux' && libc !== undefined ? { libc: [libc] } : {}) }
}

function entryFor(lock: LockFile, { name, version, wantedBy }: MissingPlatform): LockEntry {
  const platform = platformOf(name)
  if (platform === undefined || !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) {
    throw new Error(`${wantedBy} wants ${name}@${version}: neither platform nor exact version can be told from that`)
  }
  // In npm's order, so that the next install leaves the file alone.
  const { os, cpu, libc } = platform
  const dev = lock.packages[wantedBy]?.dev
  return { version, cpu, ...(dev ? { dev } : {}), ...(libc ? { libc } : {}), optional: true, os }
}

/** The lock file with every optional package that it names. */
export function completeLock<T extends LockFile>(lock: T): T {
  const packages: Record<string, LockEntry> = { ...lock.packages }
  for (const missing of missingPlatforms(lock)) packages[`node_modules/${missing.name}`] = entryFor(lock, missing)
  const order = Object.keys(packages).sort((one, other) => (one < other ? -1 : 1))
  return { ...lock, packages: Object.fromEntries(order.map((path) => [path, packages[path]])) }
}

if (isMain(import.meta.url)) {
  const path = 'package-lock.json'
  const lock = readJson<LockFile>(repositoryRoot, path)
  const missing = missingPlatforms(lock)
  if (missing.length > 0)
    writeFileSync(join(repositoryRoot, path), `${JSON.stringify(completeLock(lock), undefined, 2)}\n`)
  console.log(`lock: added ${missing.length} packages of other platforms`)
}
