/**
 * The docs check: snippets are regions of compiled files, links and anchors lead somewhere, commands exist.
 * `--write` takes the snippets anew.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkCommands } from './docs/commands.js'
import { checkLinks, checkReachable } from './docs/links.js'
import { readPage } from './docs/markdown.js'
import { checkSnippets, refreshSnippets } from './docs/snippets.js'
import { isFile, readJson, readText, repositoryRoot, sourceFiles } from './support/files.js'
import { isMain } from './support/main.js'
import { nothingSeen, type Outcome, report } from './support/report.js'
import type { Manifest } from './support/workspace.js'

export function checkDocs(root: string, write: boolean, files: readonly string[] = sourceFiles(root)): Outcome {
  const read = (path: string): string | undefined => (isFile(join(root, path)) ? readText(root, path) : undefined)
  const targets = { read, exists: (path: string) => existsSync(join(root, path)) }
  const scripts = {
    of: (path: string) =>
      isFile(join(root, path)) ? Object.keys(readJson<Manifest>(root, path).scripts ?? {}) : undefined,
  }
  const paths = files.filter((path) => path.endsWith('.md'))
  const pages = paths.map((path) => {
    const page = readPage(path, readText(root, path))
    const text = write ? refreshSnippets(page, targets) : page.text
    if (text === page.text) return page
    writeFileSync(join(root, path), text)
    return readPage(path, text)
  })
  const problems = [
    ...pages.flatMap((page) => [
      ...checkSnippets(page, targets),
      ...checkLinks(page, targets),
      ...checkCommands(page, scripts),
    ]),
    ...checkReachable(pages),
  ]
  const links = pages.reduce((sum, page) => sum + page.links.length, 0)
  const fences = pages.reduce((sum, page) => sum + page.fences.length, 0)
  return {
    check: 'docs',
    saw: `saw ${pages.length} pages with ${links} links and ${fences} code blocks`,
    problems: pages.length === 0 ? [nothingSeen('docs', 'pages')] : problems,
  }
}

if (isMain(import.meta.url)) report(checkDocs(repositoryRoot, process.argv.includes('--write')))
