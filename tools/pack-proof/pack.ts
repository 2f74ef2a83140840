import { join } from 'node:path'
import { readPackages } from '../support/workspace.js'
import { run } from './run.js'

/** Path of the tarball of each package, by its name. */
export type Tarballs = ReadonlyMap<string, string>

interface Packed {
  readonly name: string
  readonly filename: string
}

/** Packs every package that is to be published, as `npm publish` would. */
export function packAll(root: string, destination: string): Tarballs {
  const packages = readPackages(root).filter(({ manifest }) => manifest.private !== true)
  const workspaces = packages.flatMap(({ folder }) => ['--workspace', folder])
  const output = run(root, 'npm', [
    'pack',
    '--json',
    '--ignore-scripts',
    '--pack-destination',
    destination,
    ...workspaces,
  ])
  const packed = JSON.parse(output) as Packed[]
  if (packed.length !== packages.length) throw new Error(`${packages.length} packages gave ${packed.length} tarballs`)
  // npm says `@banyan/errors-0.1.0.tgz` and writes `banyan-errors-0.1.0.tgz`.
  return new Map(
    packed.map(({ name, filename }) => [name, join(destination, filename.replace(/^@/, '').replace('/', '-'))]),
  )
}
