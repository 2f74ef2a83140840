import type { Problem } from '../support/report.js'
import type { Fence, Page } from './markdown.js'

export interface SnippetSources {
  /** Text of a file of the repository; undefined when there is none. */
  readonly read: (path: string) => string | undefined
}

const compiled = new Set(['ts', 'tsx', 'typescript', 'mts'])

const indentOf = (line: string): number => /^\s*/.exec(line)?.[0].length ?? 0

const isMark = (line: string): boolean => /^\s*(\/\/|--|#|\/\*)\s*#(end)?region\b/.test(line)

/** The lines between `#region name` and its `#endregion`, without inner marks, moved to the left margin. */
export function readRegion(text: string, name: string): string | undefined {
  const lines = text.split('\n')
  const begin = lines.findIndex(
    (line) => isMark(line) && new RegExp(`#region\\s+${escapePattern(name)}(\\s|$)`).test(line),
  )
  if (begin === -1) return undefined
  let depth = 1
  let end = begin
  while (depth > 0) {
    end += 1
    const line = lines[end]
    if (line === undefined) return undefined
    if (isMark(line)) depth += line.includes('#endregion') ? -1 : 1
  }
  const body = lines.slice(begin + 1, end).filter((line) => !isMark(line))
  const margin = Math.min(...body.filter((line) => line.trim() !== '').map(indentOf))
  const moved = body.map((line) => line.slice(Number.isFinite(margin) ? margin : 0))
  return `${moved.join('\n').trim()}\n`
}

const escapePattern = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')

interface Snippet {
  readonly fence: Fence
  readonly wanted: string
}

type Reading = { readonly snippet: Snippet } | { readonly problem: Problem } | undefined

function readSnippet(page: Page, fence: Fence, sources: SnippetSources): Reading {
  const where = `${page.path}:${fence.line}`
  const named = fence.comments.map((comment) => /^snippet:\s*(\S+)$/.exec(comment)?.[1]).find(Boolean)
  if (named === undefined) {
    const excused = fence.comments.some((comment) => /^not compiled:\s*\S/.test(comment))
    if (excused || !compiled.has(fence.language)) return undefined
    return {
      problem: {
        where,
        what: `shows ${fence.language} code that nobody compiles`,
        remedy:
          'Take it from a compiled file with <!-- snippet: path/to/file.ts#region --> above the fence, ' +
          'or say why not with <!-- not compiled: reason -->.',
      },
    }
  }
  const [path = '', region] = named.split('#')
  const text = sources.read(path)
  if (text === undefined) {
    return {
      problem: { where, what: `takes a snippet from ${path}, which does not exist`, remedy: 'Correct the path.' },
    }
  }
  const wanted = region === undefined ? text : readRegion(text, region)
  if (wanted === undefined) {
    const remedy = `Put // #region ${region} and // #endregion around it in ${path}.`
    return { problem: { where, what: `takes the region ${region} of ${path}, which is missing or never ends`, remedy } }
  }
  return { snippet: { fence, wanted } }
}

export function checkSnippets(page: Page, sources: SnippetSources): Problem[] {
  return page.fences.flatMap((fence): Problem[] => {
    const reading = readSnippet(page, fence, sources)
    if (!reading) return []
    if ('problem' in reading) return [reading.problem]
    if (reading.snippet.wanted === fence.content) return []
    return [
      {
        where: `${page.path}:${fence.line}`,
        what: 'shows code that differs from its source',
        remedy: 'Run `npm run docs -- --write`, and read whether the text around it is still true.',
      },
    ]
  })
}

/** The page with every snippet taken anew from its source. */
export function refreshSnippets(page: Page, sources: SnippetSources): string {
  let text = page.text
  for (const fence of [...page.fences].reverse()) {
    const reading = readSnippet(page, fence, sources)
    if (reading && 'snippet' in reading)
      text = text.slice(0, fence.start) + reading.snippet.wanted + text.slice(fence.end)
  }
  return text
}
