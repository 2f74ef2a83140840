import { join } from 'node:path'
import { isFile, readJson } from '../support/files.js'
import type { Problem } from '../support/report.js'

interface Solution {
  readonly references?: readonly { readonly path: string }[]
}

const readReferences = (root: string, path: string): Set<string> => {
  const references = isFile(join(root, path)) ? (readJson<Solution>(root, path).references ?? []) : []
  return new Set(references.map((reference) => reference.path.replace(/^\.\//, '')))
}

/** `packages/errors`, `examples/market`, `bench`: what owns a TypeScript file that is neither a test nor a template. */
function projectOf(path: string): string | undefined {
  if (!/\.(ts|tsx|mts)$/.test(path) || /\/(test|templates?)\//.test(path)) return undefined
  return /^((packages|examples)\/[^/]+|bench)\//.exec(path)?.[1]
}

/** Every folder with sources is built, and the tests are checked against all of them. */
export function checkSolution(root: string, files: readonly string[]): Problem[] {
  const projects = new Set(files.flatMap((path) => projectOf(path) ?? []))
  return ['tsconfig.json', 'tsconfig.tests.json'].flatMap((where) => {
    const references = readReferences(root, where)
    return [...projects]
      .filter((project) => !references.has(project))
      .map((project) => ({
        where,
        what: `does not reference ${project}, so nobody checks its types`,
        remedy: `Add { "path": "${project}" } to the references; it needs a tsconfig.json of its own.`,
      }))
  })
}
