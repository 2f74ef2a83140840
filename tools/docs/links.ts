import { dirname, posix } from 'node:path'
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
  return page.links.flatMap((link) => (isElsewhere(link.target) ? [] : checkLink(page, link, targets)))
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
  const [file = '', anchor] = decodeURIComponent(link.target).split('#')
  const path = file === '' ? page.path : posix.normalize(posix.join(dirname(page.path), file))
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
