/**
 * The package check: what would be published is complete, alike and clean, and every dependency is explained.
 * Reads built files: run `npm run build` before. `--write` copies the licence into each package.
 */
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkLock, type LockFile } from './packages/lock.js'
import { checkManifest } from './packages/manifest.js'
import { checkTable, type Dependent, tablePath } from './packages/table.js'
import { checkPacked, checkPublint, packedFiles } from './packages/tarball.js'
import { readJson, readText, repositoryRoot, sourceFiles } from './support/files.js'
import { isMain } from './support/main.js'
import { nothingSeen, type Outcome, type Problem, report } from './support/report.js'
import { type Manifest, readPackages, type WorkspacePackage } from './support/workspace.js'

async function checkPackage(root: string, each: WorkspacePackage): Promise<Problem[]> {
  const paths = await packedFiles(root, each.folder)
  return [
    ...checkManifest(root, each),
    ...checkPacked(root, each.folder, paths),
    ...(await checkPublint(root, each, paths)),
  ]
}

/** Every package.json of the workspace; templates of new projects are not part of it. */
function readDependents(root: string, files: readonly string[]): Dependent[] {
  return files
    .filter((path) => /^(package\.json|bench\/package\.json|(packages|examples)\/[^/]+\/package\.json)$/.test(path))
    .map((path) => ({ path, manifest: readJson<Manifest>(root, path) }))
}

export async function checkPackages(root: string, write: boolean): Promise<Outcome> {
  const packages = readPackages(root).filter((each) => each.manifest.private !== true)
  if (write) for (const each of packages) copyFileSync(join(root, 'LICENSE'), join(root, each.folder, 'LICENSE'))
  const problems: Problem[] = packages.length === 0 ? [nothingSeen('packages', 'packages')] : []
  for (const each of packages) problems.push(...(await checkPackage(root, each)))
  const lock = readJson<LockFile>(root, 'package-lock.json')
  const folders = packages.map((each) => each.folder)
  problems.push(...checkLock(lock, folders))
  const dependents = readDependents(root, sourceFiles(root))
  const ownNames = new Set(dependents.map((each) => each.manifest.name))
  problems.push(...checkTable(readText(root, tablePath), dependents, ownNames))
  const installed = Object.keys(lock.packages).length
  return { check: 'packages', saw: `saw ${packages.length} packages and a lock file of ${installed} entries`, problems }
}

if (isMain(import.meta.url)) report(await checkPackages(repositoryRoot, process.argv.includes('--write')))
