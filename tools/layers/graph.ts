import { isBuiltin } from 'node:module'
import { dirname, join, posix } from 'node:path'
import { isFile, readText, sourceFiles } from '../support/files.js'
import { type Import, parseSource, type Source } from '../support/source.js'
import { readPackages, type WorkspacePackage } from '../support/workspace.js'

/** Where an import leads. */
export type Target =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'missing'; readonly path: string }
  | { readonly kind: 'outside'; readonly path: string }
  | { readonly kind: 'node'; readonly name: string }
  | { readonly kind: 'package'; readonly name: string; readonly subpath: string; readonly to?: WorkspacePackage }

export interface Edge extends Import {
  readonly from: string
  readonly target: Target
}

export interface Module {
  readonly source: Source
  readonly owner: WorkspacePackage
  readonly edges: readonly Edge[]
}

export interface Graph {
  readonly packages: readonly WorkspacePackage[]
  readonly modules: readonly Module[]
  /** The same for tests, which have rules of their own. */
  readonly tests: readonly Module[]
}

/** `@scope/name/sub` is the package `@scope/name` and its subpath `./sub`. */
export function splitSpecifier(specifier: string): { name: string; subpath: string } {
  const parts = specifier.split('/')
  const length = specifier.startsWith('@') ? 2 : 1
  const rest = parts.slice(length).join('/')
  return { name: parts.slice(0, length).join('/'), subpath: rest === '' ? '.' : `./${rest}` }
}

const candidates = (path: string): string[] => [
  path,
  path.replace(/\.js$/, '.ts'),
  path.replace(/\.jsx?$/, '.tsx'),
  path.replace(/\.mjs$/, '.mts'),
]

function resolveImport(root: string, owner: WorkspacePackage, from: string, specifier: string, all: Lookup): Target {
  if (specifier.startsWith('.')) {
    const path = posix.normalize(posix.join(dirname(from), specifier))
    if (!path.startsWith(`${owner.folder}/`)) return { kind: 'outside', path }
    const found = candidates(path).find((candidate) => isFile(join(root, candidate)))
    // What stands in dist is the built form of src; a check of sources may run before any build.
    return found || path.startsWith(`${owner.folder}/dist/`)
      ? { kind: 'file', path: found ?? path }
      : { kind: 'missing', path }
  }
  if (isBuiltin(specifier)) return { kind: 'node', name: specifier }
  const { name, subpath } = splitSpecifier(specifier)
  const to = all.get(name)
  return to ? { kind: 'package', name, subpath, to } : { kind: 'package', name, subpath }
}

type Lookup = ReadonlyMap<string, WorkspacePackage>

/** Reads every module of packages/: their sources and, apart, their tests. */
export function readGraph(root: string, files: readonly string[] = sourceFiles(root)): Graph {
  const packages = readPackages(root)
  const byName: Lookup = new Map(packages.map((each) => [each.name, each]))
  const read = (folders: string): Module[] =>
    files
      .filter((path) => new RegExp(`^packages/[^/]+/(${folders})/.*\\.(ts|tsx|mts|js|mjs)$`).test(path))
      .flatMap((path) => {
        const owner = packages.find((each) => path.startsWith(`${each.folder}/`))
        return owner ? [readModule(root, owner, path, byName)] : []
      })
  return { packages, modules: read('src|bin'), tests: read('test') }
}

function readModule(root: string, owner: WorkspacePackage, path: string, byName: Lookup): Module {
  const source = parseSource(path, readText(root, path))
  const edges = source.imports.map((found) => ({
    ...found,
    from: path,
    target: resolveImport(root, owner, path, found.specifier, byName),
  }))
  return { source, owner, edges }
}

/** The source file behind a public subpath of a package. */
export function entryFile(to: WorkspacePackage, subpath: string): string | undefined {
  const declared = to.manifest.exports?.[subpath]
  const path = typeof declared === 'string' ? declared : (declared?.['banyan-source'] ?? declared?.default)
  return path && posix.join(to.folder, path)
}
