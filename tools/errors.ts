/**
 * The page of all errors is made from their catalogue, so that both always say the same. `--write` makes it anew;
 * without it the committed page is compared.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CatalogueEntry, catalogue } from '@banyan/errors'
import { isFile, readText, repositoryRoot } from './support/files.js'
import { isMain } from './support/main.js'
import { nothingSeen, type Outcome, report } from './support/report.js'

export const errorPagePath = 'docs/reference/errors.md'

type Catalogue = Readonly<Record<string, CatalogueEntry>>

const introduction = `# Error codes

Generated from [packages/errors/src/catalogue.ts](../../packages/errors/src/catalogue.ts) by \`npm run errors -- --write\`.
What the columns mean, and how errors travel: [Errors](../errors.md). Errors that a contract declares are named
\`<module>.<error>\` and stand in the contract.
`

const yesOrNo = (value: boolean): string => (value ? 'yes' : 'no')

function indexRow([code, { status, retryable, message }]: [string, CatalogueEntry]): string {
  return `| [\`${code}\`](#${code}) | ${status} | ${yesOrNo(retryable)} | ${message.replaceAll('|', '\\|')} |`
}

function section([code, { message, cause, remedy, status, retryable }]: [string, CatalogueEntry]): string {
  return `## ${code}

> ${message}

- **Why:** ${cause}
- **What to do:** ${remedy}
- Status ${status}. ${retryable ? 'The same request, under the same id, may succeed later.' : 'Repeating the same request changes nothing.'}
`
}

/** The whole page for a catalogue. */
export function errorPage(entries: Catalogue): string {
  const all = Object.entries(entries)
  const sorted = [...all].sort(([a], [b]) => (a < b ? -1 : 1))
  const index = ['| code | status | retryable | message |', '| --- | --- | --- | --- |', ...sorted.map(indexRow)]
  return [introduction, `${index.join('\n')}\n`, ...all.map(section)].join('\n')
}

/** The codes that a page has a section for. */
export function codesOnPage(page: string): string[] {
  return [...page.matchAll(/^## (\S+)$/gm)].map((match) => match[1] ?? '')
}

export function checkErrors(root: string, write: boolean, entries: Catalogue = catalogue): Outcome {
  const wanted = errorPage(entries)
  const path = join(root, errorPagePath)
  if (write) writeFileSync(path, wanted)
  const count = Object.keys(entries).length
  const found = isFile(path) ? readText(root, errorPagePath) : ''
  const stale = {
    where: errorPagePath,
    what: 'differs from the catalogue of errors',
    remedy: 'Run `npm run errors -- --write`, and commit the page with the change of the catalogue.',
  }
  return {
    check: 'errors',
    saw: `saw ${count} errors`,
    problems: count === 0 ? [nothingSeen('errors', 'errors')] : found === wanted ? [] : [stale],
  }
}

if (isMain(import.meta.url)) report(checkErrors(repositoryRoot, process.argv.includes('--write')))
