import { existsSync, readFileSync } from 'node:fs'
import { arch, cpus, freemem, loadavg, platform, release, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memoryGigabytes: number
  readonly freeGigabytes: number
  /** Over the last 1, 5 and 15 minutes, before the run. Above the number of cores, others were working too. */
  readonly load: readonly number[]
  readonly system: string
}

const gigabytes = (bytes: number): number => Math.round((bytes / 1024 ** 3) * 10) / 10

export function describeMachine(): Machine {
  const processors = cpus()
  return {
    processor: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGigabytes: gigabytes(totalmem()),
    freeGigabytes: gigabytes(freemem()),
    load: currentLoad(),
    system: `${platform()} ${release()} ${arch()}`,
  }
}

export const currentLoad = (): number[] => loadavg().map((value) => Math.round(value * 100) / 100)

/** Versions of installed packages, as they resolve from here. */
export function packageVersions(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, packageVersion(name)]))
}

// Not every package exports its package.json, so it is looked for above the file that an import would load.
function packageVersion(name: string): string {
  for (let folder = dirname(fileURLToPath(import.meta.resolve(name))); ; folder = dirname(folder)) {
    const path = join(folder, 'package.json')
    if (existsSync(path)) {
      const manifest = JSON.parse(readFileSync(path, 'utf8')) as { name?: string; version?: string }
      if (manifest.name === name && manifest.version !== undefined) return manifest.version
    }
    if (folder === dirname(folder)) throw new Error(`${name} has no package.json`)
  }
}
