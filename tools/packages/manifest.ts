import { join } from 'node:path'
import { isFile } from '../support/files.js'
import type { Problem } from '../support/report.js'
import type { WorkspacePackage } from '../support/workspace.js'

/** What every published package.json says, so that no package behaves unlike its siblings. */
export function checkManifest(root: string, each: WorkspacePackage): Problem[] {
  const { manifest, folder } = each
  const where = `${folder}/package.json`
  const problems: Problem[] = []
  const expect = (holds: boolean, what: string, remedy: string): void => {
    if (!holds) problems.push({ where, what, remedy })
  }
  expect(manifest.license === 'Apache-2.0', 'has another licence', 'Set "license": "Apache-2.0".')
  expect(manifest.type === 'module', 'is not ESM', 'Set "type": "module".')
  expect(Boolean(manifest.description), 'has no description', 'Say in one line what the package is for.')
  expect(manifest.engines?.node !== undefined, 'names no Node version', 'Set "engines": { "node": ">=20.19" }.')
  expect(Boolean(manifest.files?.includes('dist')), 'does not publish dist', 'Set "files": ["dist", "src"].')
  for (const script of ['preinstall', 'install', 'postinstall', 'prepare']) {
    expect(manifest.scripts?.[script] === undefined, `has a ${script} script`, 'Nothing runs at install time.')
  }
  return [...problems, ...checkExports(root, each)]
}

function checkExports(root: string, { manifest, folder }: WorkspacePackage): Problem[] {
  const where = `${folder}/package.json`
  const targets = Object.entries(manifest.exports ?? {}).flatMap(([subpath, value]) => {
    const conditions = typeof value === 'string' ? { default: value } : value
    return Object.entries(conditions).map(([condition, path]) => ({ subpath, condition, path }))
  })
  const problems: Problem[] = []
  for (const { subpath, condition, path } of targets) {
    const name = `exports["${subpath}"].${condition}`
    const isSource = path.startsWith('./src/')
    if (isSource && condition !== 'banyan-source') {
      problems.push({
        where,
        what: `${name} leads to ${path}`,
        remedy: 'Only banyan-source leads to src; users get dist.',
      })
    }
    if (!isFile(join(root, folder, path))) {
      problems.push({
        where,
        what: `${name} leads to ${path}, which does not exist`,
        remedy: 'Build, or correct the path.',
      })
    }
  }
  for (const [subpath, value] of Object.entries(manifest.exports ?? {})) {
    if (typeof value === 'string' || value.types !== undefined) continue
    problems.push({ where, what: `exports["${subpath}"] has no types`, remedy: 'Name the .d.ts under "types", first.' })
  }
  for (const path of binaries(manifest.bin)) {
    if (isFile(join(root, folder, path))) continue
    problems.push({ where, what: `bin leads to ${path}, which does not exist`, remedy: 'Build, or correct the path.' })
  }
  return problems
}

const binaries = (bin: string | Readonly<Record<string, string>> | undefined): string[] =>
  bin === undefined ? [] : typeof bin === 'string' ? [bin] : Object.values(bin)
