import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isFile, readJson } from './files.js'

export interface Manifest {
  readonly name: string
  readonly version?: string
  readonly private?: boolean
  readonly license?: string
  readonly description?: string
  readonly type?: string
  readonly engines?: Readonly<Record<string, string>>
  readonly files?: readonly string[]
  readonly bin?: string | Readonly<Record<string, string>>
  readonly scripts?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

export interface WorkspacePackage {
  /** `packages/errors` */
  readonly folder: string
  /** `errors` */
  readonly id: string
  readonly name: string
  readonly manifest: Manifest
  /** Ids of the packages that its tsconfig.json references; undefined without a tsconfig.json. */
  readonly references: readonly string[] | undefined
}

const foldersIn = (root: string, parent: string): string[] => {
  const path = join(root, parent)
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && isFile(join(path, entry.name, 'package.json')))
    .map((entry) => `${parent}/${entry.name}`)
    .sort()
}

interface TypeScriptConfig {
  readonly references?: readonly { readonly path: string }[]
}

const lastSegment = (path: string): string => path.split('/').filter(Boolean).at(-1) ?? ''

/** The packages under packages/, which are the ones with layers. */
export function readPackages(root: string): WorkspacePackage[] {
  return foldersIn(root, 'packages').map((folder) => {
    const manifest = readJson<Manifest>(root, `${folder}/package.json`)
    const hasConfig = isFile(join(root, folder, 'tsconfig.json'))
    const config = hasConfig ? readJson<TypeScriptConfig>(root, `${folder}/tsconfig.json`) : undefined
    return {
      folder,
      id: lastSegment(folder),
      name: manifest.name,
      manifest,
      references: config && (config.references ?? []).map((reference) => lastSegment(reference.path)),
    }
  })
}

/** What an import of a published package may find at run time: never its development dependencies. */
export const runtimeDependencies = (manifest: Manifest): Set<string> =>
  new Set(
    Object.keys({
      ...manifest.dependencies,
      ...manifest.optionalDependencies,
      ...manifest.peerDependencies,
    }),
  )
