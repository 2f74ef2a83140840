import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { isFile, readText } from '../support/files.js'
import type { Problem } from '../support/report.js'
import type { WorkspacePackage } from '../support/workspace.js'

interface Packed {
  readonly files: readonly { readonly path: string }[]
}

/** The files that `npm publish` would send. Nothing is written. */
export async function packedFiles(root: string, folder: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: join(root, folder),
    maxBuffer: 16 * 1024 * 1024,
  })
  const [packed] = JSON.parse(stdout) as Packed[]
  return (packed?.files ?? []).map((file) => file.path)
}

/** What must not be in a tarball: tests, build records, and built files that name a place on the builder's disk. */
export function checkPacked(root: string, folder: string, paths: readonly string[]): Problem[] {
  const problems: Problem[] = []
  const where = `${folder} (as published)`
  for (const path of paths) {
    if (/(^|\/)(test|node_modules)\/|\.tsbuildinfo$|\.test\.[jt]sx?$/.test(path) && !path.startsWith('templates/')) {
      problems.push({
        where,
        what: `contains ${path}`,
        remedy: 'Exclude it under "files", for example "!dist/.tsbuildinfo".',
      })
    }
    if (!/^dist\/.*\.(js|d\.ts)$/.test(path)) continue
    const text = readText(root, `${folder}/${path}`)
    if (text.includes(root)) {
      problems.push({
        where,
        what: `${path} names the folder it was built in`,
        remedy: 'Build paths from import.meta.url.',
      })
    }
    if (/(from|import)\s*\(?['"](\.\.?\/)+src\//.test(text)) {
      problems.push({
        where,
        what: `${path} imports from src`,
        remedy: 'Import the built sibling; src holds no JavaScript.',
      })
    }
  }
  if (!paths.includes('LICENSE')) {
    problems.push({ where, what: 'contains no LICENSE', remedy: 'Run `npm run packages -- --write`, which copies it.' })
  }
  return problems
}

/** publint knows how Node and bundlers read a package; every word of it counts. */
export async function checkPublint(root: string, each: WorkspacePackage, paths: readonly string[]): Promise<Problem[]> {
  const pkgDir = join(root, each.folder)
  const readable = paths.filter((path) => isFile(join(pkgDir, path)))
  const files = readable.map((path) => ({ name: join(pkgDir, path), data: readText(root, `${each.folder}/${path}`) }))
  const { messages, pkg } = await publint({ pkgDir, level: 'suggestion', strict: true, pack: { files } })
  return messages.map((message) => ({
    where: each.folder,
    what: `publint: ${formatMessage(message, pkg, { color: false }) ?? message.code}`,
    remedy: `See https://publint.dev/rules#${message.code.toLowerCase()}.`,
  }))
}
