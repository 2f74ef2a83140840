import { posix } from 'node:path'
import type { Problem } from '../support/report.js'
import { type Link, type Page, readAnchors } from './markdown.js'

export interface LinkTargets {
  /** Whether a file or folder of the repository has this path. */
  readonly exists: (path: string) => boolean
  readonly read: (path: string) => string | undefined
}

const isElsewhere = (target: string): boolean => /^[a-z][a-z0-9+.-]*:|^\/\//i.test(target)

/** Every relative link leads to a file, and every anchor to a heading of it. */
export function checkLinks(page: Page, targets: LinkTargets): Problem[] {
  return page.links.flatMap((link) => checkLink(page, link, targets))
}

/** What a relative link leads to; undefined for a link to elsewhere. */
function follow(page: Page, target: string): { path: string; anchor: string | undefined } | undefined {
  if (isElsewhere(target)) return undefined
  const [file = '', anchor] = decodeURIComponent(target).split('#')
  return { path: file === '' ? page.path : posix.join(posix.dirname(page.path), file), anchor }
}

/** Every page of docs/ can be reached from the README by following links. */
export function checkReachable(pages: readonly Page[], start = 'README.md'): Problem[] {
  const byPath = new Map(pages.map((page) => [page.path, page]))
  const reached = new Set<string>()
  const open = [start]
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const page = byPath.get(path)
    if (!page || reached.has(path)) continue
    reached.add(path)
    open.push(...page.links.flatMap((link) => follow(page, link.target)?.path ?? []))
  }
  return pages
    .filter((page) => page.path.startsWith('docs/') && !reached.has(page.path))
    .map((page) => ({
      where: page.path,
      what: `cannot be reached from ${start}`,
      remedy: 'Link to it from docs/README.md or from a page that is listed there.',
    }))
}

function checkLink(page: Page, link: Link, targets: LinkTargets): Problem[] {
  const where = `${page.path}:${link.line}`
  if (link.target.startsWith('/')) {
    return [
      {
        where,
        what: `links to ${link.target}`,
        remedy: 'Link relative to the page, so that it works in a checkout too.',
      },
    ]
  }
  const followed = follow(page, link.target)
  if (!followed) return []
  const { path, anchor } = followed
  if (path.startsWith('..') || !targets.exists(path)) {
    return [
      {
        where,
        what: `links to ${link.target}, which does not exist`,
        remedy: `There is no ${path}; correct the link.`,
      },
    ]
  }
  if (anchor === undefined || !path.endsWith('.md')) return []
  const anchors = path === page.path ? page.anchors : readAnchors(targets.read(path) ?? '')
  if (anchors.has(anchor)) return []
  return [
    {
      where,
      what: `links to #${anchor}, which is no heading of ${path}`,
      remedy: `It has ${[...anchors].map((each) => `#${each}`).join(', ') || 'no headings'}.`,
    },
  ]
}
