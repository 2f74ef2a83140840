import type { Problem } from '../support/report.js'
import type { Manifest } from '../support/workspace.js'

export const tablePath = 'docs/dependencies.md'

interface Row {
  readonly name: string
  readonly line: number
}

/** Rows are table lines whose first cell is a package name in code marks; `@scope/*` stands for a whole scope. */
function readRows(text: string): Row[] {
  return text.split('\n').flatMap((line, index) => {
    const name = /^\|\s*`([^`]+)`\s*\|/.exec(line)?.[1]
    return name === undefined ? [] : [{ name, line: index + 1 }]
  })
}

const matches = (row: string, name: string): boolean =>
  row.endsWith('/*') ? name.startsWith(row.slice(0, -1)) : row === name

export interface Dependent {
  /** Path of the package.json. */
  readonly path: string
  readonly manifest: Manifest
}

/** Every direct dependency of the workspace has one row that says what it is for, and every row a dependency. */
export function checkTable(text: string, dependents: readonly Dependent[], ownNames: ReadonlySet<string>): Problem[] {
  const rows = readRows(text)
  const users = new Map<string, string>()
  for (const { path, manifest } of dependents) {
    const groups = [
      manifest.dependencies,
      manifest.devDependencies,
      manifest.optionalDependencies,
      manifest.peerDependencies,
    ]
    for (const name of groups.flatMap((group) => Object.keys(group ?? {}))) {
      if (!ownNames.has(name) && !users.has(name)) users.set(name, path)
    }
  }
  const missing = [...users]
    .filter(([name]) => !rows.some((row) => matches(row.name, name)))
    .map(([name, path]) => ({
      where: path,
      what: `depends on ${name}, which ${tablePath} does not explain`,
      remedy: 'Add its row: what for, why this one, size, licence. Or do without it.',
    }))
  const stale = rows
    .filter((row) => ![...users.keys()].some((name) => matches(row.name, name)))
    .map((row) => ({
      where: `${tablePath}:${row.line}`,
      what: `explains ${row.name}, which nothing depends on`,
      remedy: 'Remove the row.',
    }))
  return [...missing, ...stale]
}
