import { posix } from 'node:path'
import type { Graph } from './graph.js'
import type { LayerRules } from './rules.js'

type Edges = Map<string, Set<string>>

const connect = (edges: Edges, from: string, to: string): void => {
  const targets = edges.get(from) ?? new Set()
  edges.set(from, targets.add(to))
}

/** Package to package, by id. */
export function packageEdges(graph: Graph): Edges {
  const edges: Edges = new Map(graph.packages.map((each) => [each.id, new Set<string>()]))
  for (const module of graph.modules) {
    for (const { target } of module.edges) {
      if (target.kind === 'package' && target.to && target.to !== module.owner) {
        connect(edges, module.owner.id, target.to.id)
      }
    }
  }
  return edges
}

/** Package to library: what each package needs from the registry or from Node. */
export function libraryEdges(graph: Graph): Edges {
  const edges: Edges = new Map(graph.packages.map((each) => [each.id, new Set<string>()]))
  for (const module of graph.modules) {
    for (const { target } of module.edges) {
      if (target.kind === 'package' && !target.to) connect(edges, module.owner.id, target.name)
      if (target.kind === 'node') connect(edges, module.owner.id, `node:${target.name.replace(/^node:/, '')}`)
    }
  }
  return edges
}

const topFolder = (folder: string, path: string): string => {
  const inside = posix.relative(`${folder}/src`, path).split('/')
  return inside.length > 1 ? `${inside[0]}/` : '(top)'
}

/** Folder to folder inside one package. */
function folderEdges(graph: Graph, folder: string): Edges {
  const edges: Edges = new Map()
  for (const module of graph.modules) {
    if (module.owner.folder !== folder) continue
    const from = topFolder(folder, module.source.path)
    for (const { target } of module.edges) {
      if (target.kind !== 'file') continue
      const to = topFolder(folder, target.path)
      if (to !== from) connect(edges, from, to)
    }
  }
  return edges
}

function reaches(edges: Edges, from: string, goal: string, seen = new Set<string>()): boolean {
  for (const next of edges.get(from) ?? []) {
    if (next === goal) return true
    if (seen.has(next)) continue
    seen.add(next)
    if (reaches(edges, next, goal, seen)) return true
  }
  return false
}

/** Leaves out each edge that a longer way implies, so that a picture stays readable. */
export function reduceEdges(edges: Edges): Edges {
  const reduced: Edges = new Map([...edges].map(([from, targets]) => [from, new Set(targets)]))
  for (const [from, targets] of edges) {
    for (const target of targets) {
      const implied = [...targets].some((other) => other !== target && reaches(edges, other, target))
      if (implied) reduced.get(from)?.delete(target)
    }
  }
  return reduced
}

const nodeId = (id: string): string => id.replaceAll('-', '_')

const sorted = (values: Iterable<string>): string[] => [...values].sort()

/** The picture of ARCHITECTURE.md: one box per layer, top layer first. */
export function drawMermaid(graph: Graph, rules: LayerRules): string {
  const present = new Set(graph.packages.map((each) => each.id))
  const lines = ['```mermaid', 'flowchart TD']
  for (const [level, layer] of [...rules.layers.entries()].reverse()) {
    const members = layer.packages.filter((id) => present.has(id))
    if (members.length === 0) continue
    lines.push(`  subgraph L${level}["${level} ${layer.name}"]`)
    for (const id of members) lines.push(`    ${nodeId(id)}["${id}"]`)
    lines.push('  end')
  }
  const edges = reduceEdges(packageEdges(graph))
  for (const from of sorted(edges.keys())) {
    for (const to of sorted(edges.get(from) ?? [])) lines.push(`  ${nodeId(from)} --> ${nodeId(to)}`)
  }
  return [...lines, '```', ''].join('\n')
}

const cell = (values: Iterable<string>): string =>
  sorted(values)
    .map((value) => `\`${value}\``)
    .join(', ') || 'nothing'

/** The whole graph as a page. A new edge is a changed line of it, visible in review. */
export function writeReference(graph: Graph, rules: LayerRules): string {
  const packages = packageEdges(graph)
  const libraries = libraryEdges(graph)
  const lines = [
    '# Dependencies between and inside packages',
    '',
    'Generated from the imports of the sources by `npm run layers -- --write`; `npm run layers` fails when it differs.',
    'The layers and their rules are explained in [ARCHITECTURE.md](../../ARCHITECTURE.md).',
    '',
    '## Between packages',
    '',
    '| layer | package | imports | from Node and the registry |',
    '| --- | --- | --- | --- |',
  ]
  for (const [level, layer] of rules.layers.entries()) {
    for (const id of layer.packages.filter((each) => packages.has(each))) {
      lines.push(
        `| ${level} ${layer.name} | \`${id}\` | ${cell(packages.get(id) ?? [])} | ${cell(libraries.get(id) ?? [])} |`,
      )
    }
  }
  lines.push('', '## Allowed inside a layer', '', '| from | to | why |', '| --- | --- | --- |')
  for (const { from, to, why } of rules.withinLayer) lines.push(`| \`${from}\` | \`${to}\` | ${why} |`)
  lines.push('', '## Between the folders of a package', '')
  for (const each of graph.packages) lines.push(...describeFolders(graph, each.folder, each.id))
  return `${lines.join('\n').trimEnd()}\n`
}

function describeFolders(graph: Graph, folder: string, id: string): string[] {
  const edges = folderEdges(graph, folder)
  if (edges.size === 0) return []
  const rows = sorted(edges.keys()).map((from) => `| \`${from}\` | ${cell(edges.get(from) ?? [])} |`)
  return [`### ${id}`, '', '| folder | imports |', '| --- | --- |', ...rows, '']
}
