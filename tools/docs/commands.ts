import { posix } from 'node:path'
import { lineOf } from '../support/files.js'
import type { Problem } from '../support/report.js'
import type { Page } from './markdown.js'

export interface Scripts {
  /** Names of the scripts of a package.json; undefined when there is none at the path. */
  readonly of: (manifestPath: string) => readonly string[] | undefined
}

/** Package files whose scripts a page may name: the root's, those of the folders above it, and those it points at. */
function manifestsFor(page: Page): string[] {
  const paths = ['package.json']
  for (let folder = posix.dirname(page.path); folder !== '.'; folder = posix.dirname(folder)) {
    paths.push(`${folder}/package.json`)
  }
  for (const match of page.text.matchAll(/<!--\s*commands:\s*(\S+)\s*-->/g)) paths.push(match[1] ?? '')
  return paths
}

/** Every `npm run x`, `npm test` and `npm start` that a page tells somebody to type exists. */
export function checkCommands(page: Page, scripts: Scripts): Problem[] {
  const manifests = manifestsFor(page)
  const known = new Set(manifests.flatMap((path) => scripts.of(path) ?? []))
  const commands = page.text.matchAll(/\bnpm (?:run(?:-script)? (?:-s |--silent )?([\w:.-]*\w)|(test|start)\b)/g)
  return [...commands].flatMap((match): Problem[] => {
    const name = match[1] ?? match[2] ?? ''
    if (known.has(name)) return []
    return [
      {
        where: `${page.path}:${lineOf(page.text, match.index + 1)}`,
        what: `tells the reader to run \`${match[0]}\`, which does not exist`,
        remedy:
          `${manifests.filter((path) => scripts.of(path)).join(', ')} have ${[...known].sort().join(', ')}. ` +
          'Scripts of another package: <!-- commands: path/to/package.json --> on the page.',
      },
    ]
  })
}
