import { lineOf } from '../support/files.js'

export interface Fence {
  readonly language: string
  readonly content: string
  /** Offset and end of the content in the page. */
  readonly start: number
  readonly end: number
  readonly line: number
  /** The HTML comments directly above the fence. */
  readonly comments: readonly string[]
}

export interface Link {
  readonly target: string
  readonly line: number
}

export interface Page {
  readonly path: string
  readonly text: string
  readonly fences: readonly Fence[]
  readonly links: readonly Link[]
  /** The anchors of the headings, as GitHub makes them, and of `id` attributes. */
  readonly anchors: ReadonlySet<string>
}

const fencePattern = /^([ \t]*)(`{3,}|~{3,})([^\n`]*)\n([\s\S]*?)^[ \t]*\2[`~]*[ \t]*$/gm

function readFences(text: string): Fence[] {
  return [...text.matchAll(fencePattern)].map((match) => {
    const [whole, indent = '', marks = '', info = '', content = ''] = match
    const start = match.index + whole.indexOf('\n') + 1
    const above = text.slice(0, match.index)
    const comments = /(?:<!--[^>]*-->\s*)+$/.exec(above)?.[0] ?? ''
    return {
      language: info.trim().split(/\s/)[0] ?? '',
      content: indent === '' ? content : content.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
      start,
      end: start + content.length,
      line: lineOf(text, match.index + indent.length + marks.length),
      comments: [...comments.matchAll(/<!--\s*(.*?)\s*-->/g)].map((comment) => comment[1] ?? ''),
    }
  })
}

/** The page with code blanked out, so that offsets and lines stay and code is not taken for prose. */
function withoutCode(text: string): string {
  const blank = (part: string): string => part.replaceAll(/[^\n]/g, ' ')
  return text
    .replaceAll(fencePattern, blank)
    .replaceAll(/<!--[\s\S]*?-->/g, blank)
    .replaceAll(/(`+)(?!`)[^\n]*?[^`\n]\1(?!`)/g, blank)
}

const linkPatterns = [
  /\]\(\s*<?([^\s)>]+)>?(?:\s+["'][^)]*["'])?\s*\)/g,
  /^\s{0,3}\[[^\]]+\]:\s+<?([^\s>]+)>?/gm,
  /\b(?:href|src|srcset)="([^"]+)"/g,
]

const readLinks = (prose: string): Link[] =>
  linkPatterns.flatMap((pattern) =>
    [...prose.matchAll(pattern)].map((match) => ({ target: match[1] ?? '', line: lineOf(prose, match.index + 1) })),
  )

/** GitHub's rule: lower case, punctuation dropped, blanks to hyphens, repetitions numbered. */
export function readAnchors(text: string): Set<string> {
  const anchors = new Set<string>()
  const prose = text.replaceAll(fencePattern, '')
  for (const match of prose.matchAll(/^#{1,6}\s+(.+?)\s*#*\s*$/gm)) {
    const title = (match[1] ?? '').replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    const slug = title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}\p{Pc} -]/gu, '')
      .replaceAll(' ', '-')
    let anchor = slug
    for (let repetition = 1; anchors.has(anchor); repetition += 1) anchor = `${slug}-${repetition}`
    anchors.add(anchor)
  }
  for (const match of prose.matchAll(/\b(?:id|name)="([^"]+)"/g)) anchors.add(match[1] ?? '')
  return anchors
}

export function readPage(path: string, text: string): Page {
  return { path, text, fences: readFences(text), links: readLinks(withoutCode(text)), anchors: readAnchors(text) }
}
