import type { Problem } from '../support/report.js'
import { entryFile, type Graph } from './graph.js'

/** File to file, over package borders too. Imports of types count: a cycle of meaning is a cycle. */
export function fileEdges(graph: Graph): Map<string, Set<string>> {
  const edges = new Map<string, Set<string>>()
  for (const { source, edges: found } of graph.modules) {
    const targets = new Set<string>()
    for (const { target } of found) {
      if (target.kind === 'file') targets.add(target.path)
      const entry = target.kind === 'package' && target.to ? entryFile(target.to, target.subpath) : undefined
      if (entry) targets.add(entry)
    }
    edges.set(source.path, targets)
  }
  return edges
}

/** Each strongly connected set of more than one file, as the shortest way around from its first file. */
export function findCycles(edges: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const cycles: string[][] = []
  const known = new Set<string>()
  for (const start of [...edges.keys()].sort()) {
    if (known.has(start)) continue
    const way = wayBack(edges, start)
    if (!way) continue
    for (const path of way) known.add(path)
    cycles.push(way)
  }
  return cycles
}

/** Breadth first, so what is shown is the smallest circle through the file. */
function wayBack(edges: ReadonlyMap<string, ReadonlySet<string>>, start: string): string[] | undefined {
  const cameFrom = new Map<string, string>()
  let frontier = [start]
  while (frontier.length > 0) {
    const next: string[] = []
    for (const path of frontier) {
      for (const target of edges.get(path) ?? []) {
        if (target === start) return unwind(cameFrom, start, path)
        if (cameFrom.has(target)) continue
        cameFrom.set(target, path)
        next.push(target)
      }
    }
    frontier = next
  }
  return undefined
}

function unwind(cameFrom: ReadonlyMap<string, string>, start: string, last: string): string[] {
  const way = [last]
  for (let at = last; at !== start; ) {
    const before = cameFrom.get(at)
    if (before === undefined) break
    way.unshift(before)
    at = before
  }
  return way
}

export function checkCycles(graph: Graph): Problem[] {
  return findCycles(fileEdges(graph)).map((cycle) => ({
    where: cycle[0] ?? '',
    what: `imports go round in a circle: ${[...cycle, cycle[0]].join(' → ')}`,
    remedy: 'Move what both sides need into a file of its own, or pass it as a parameter.',
  }))
}
