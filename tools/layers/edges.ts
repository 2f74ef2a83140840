import type { Problem } from '../support/report.js'
import { runtimeDependencies, type WorkspacePackage } from '../support/workspace.js'
import { type Edge, entryFile, type Graph, type Module } from './graph.js'
import type { LayerRules } from './rules.js'

const layerIndex = (rules: LayerRules, id: string): number =>
  rules.layers.findIndex((layer) => layer.packages.includes(id))

function allowedFrom(rules: LayerRules, id: string): string[] {
  const below = rules.layers.slice(0, Math.max(layerIndex(rules, id), 0)).flatMap((layer) => layer.packages)
  const within = rules.withinLayer.filter((each) => each.from === id).map((each) => each.to)
  return [...below, ...within]
}

const listOf = (names: readonly string[]): string => (names.length === 0 ? 'nothing' : names.join(', '))

/** Every package has a layer. */
export function checkPlaces(graph: Graph, rules: LayerRules): Problem[] {
  return graph.packages
    .filter((each) => layerIndex(rules, each.id) === -1)
    .map((each) => ({
      where: each.folder,
      what: 'has no layer',
      remedy: `Give ${each.id} its place in tools/layers/rules.ts: ${rules.layers.map((layer) => layer.name).join(', ')}.`,
    }))
}

/** Imports go down only, reach declared exports only, and stay portable where that is promised. */
export function checkEdges(graph: Graph, rules: LayerRules): Problem[] {
  return graph.modules.flatMap((module) => module.edges.flatMap((edge) => checkEdge(module, edge, rules)))
}

function checkEdge(module: Module, edge: Edge, rules: LayerRules): Problem[] {
  const where = `${edge.from}:${edge.line}`
  const { owner } = module
  const { target } = edge
  switch (target.kind) {
    case 'missing':
      return [{ where, what: `imports ${target.path}, which does not exist`, remedy: 'Correct the path.' }]
    case 'outside':
      return [
        {
          where,
          what: `${owner.id} reaches out of its package to ${target.path}`,
          remedy: 'Import another package by its name and one of its exports.',
        },
      ]
    case 'node':
      return checkPortable(where, owner, target.name, rules)
    case 'package':
      return target.to
        ? checkWorkspaceEdge(where, owner, target.to, target.subpath, rules)
        : checkDeclared(where, owner, target.name)
    default:
      return []
  }
}

function checkPortable(where: string, owner: WorkspacePackage, name: string, rules: LayerRules): Problem[] {
  if (!rules.portable.includes(owner.id)) return []
  return [
    {
      where,
      what: `${owner.id} imports ${name}, but ${owner.id} must run in browsers and workers too`,
      remedy: 'Use what the language offers, or take the capability as a parameter from a layer above.',
    },
  ]
}

function checkDeclared(where: string, owner: WorkspacePackage, name: string): Problem[] {
  if (name === owner.name || runtimeDependencies(owner.manifest).has(name)) return []
  return [
    {
      where,
      what: `${owner.id} imports ${name}, which its package.json does not declare`,
      remedy: `Declare it under dependencies of ${owner.folder}/package.json, or do without.`,
    },
  ]
}

function checkWorkspaceEdge(
  where: string,
  owner: WorkspacePackage,
  to: WorkspacePackage,
  subpath: string,
  rules: LayerRules,
): Problem[] {
  if (to.id === owner.id) {
    return [{ where, what: `${owner.id} imports itself by name`, remedy: 'Import the file with a relative path.' }]
  }
  const problems = checkDeclared(where, owner, to.name)
  if (!allowedFrom(rules, owner.id).includes(to.id)) {
    problems.push({
      where,
      what: `${owner.id} imports ${to.id}, against the layers`,
      remedy: `${owner.id} may import ${listOf(allowedFrom(rules, owner.id))}.`,
    })
  }
  if (entryFile(to, subpath) === undefined) {
    problems.push({
      where,
      what: `${owner.id} imports ${to.name} ${subpath}, which is internal`,
      remedy: `${to.name} exports ${listOf(Object.keys(to.manifest.exports ?? {}))}.`,
    })
  }
  return problems
}

/** What package.json and tsconfig.json declare is what the sources use: nothing missing, nothing left over. */
export function checkDeclarations(graph: Graph): Problem[] {
  const byName = new Map(graph.packages.map((each) => [each.name, each]))
  return graph.packages.flatMap((owner) => {
    const modules = graph.modules.filter((module) => module.owner === owner)
    const used = usedPackages(modules)
    const declared = [...runtimeDependencies(owner.manifest)]
    const unused = declared.filter((name) => !used(name))
    const wanted = declared.flatMap((name) => byName.get(name)?.id ?? [])
    return [
      ...(unused.length === 0
        ? []
        : [
            {
              where: `${owner.folder}/package.json`,
              what: `declares ${listOf(unused)}, which no source imports or names`,
              remedy: 'Remove it, together with its tsconfig reference.',
            },
          ]),
      ...checkReferences(owner, wanted),
    ]
  })
}

/** A package is used when it is imported, or named in a literal (plug-ins and binaries are loaded by name). */
function usedPackages(modules: readonly Module[]): (name: string) => boolean {
  const imported = new Set(
    modules.flatMap((module) => module.edges.flatMap(({ target }) => (target.kind === 'package' ? target.name : []))),
  )
  const literals = modules.flatMap((module) => module.source.literals)
  return (name) => {
    const scope = name.startsWith('@') ? name.slice(0, name.indexOf('/') + 1) : undefined
    return (
      imported.has(name) ||
      imported.has(name.replace(/^@types\//, '')) ||
      literals.some((text) => text === name || text.startsWith(`${name}/`) || text === scope)
    )
  }
}

function checkReferences(owner: WorkspacePackage, wanted: readonly string[]): Problem[] {
  const where = `${owner.folder}/tsconfig.json`
  const references = owner.references
  if (references === undefined) {
    return [{ where, what: 'does not exist', remedy: 'Every package is a TypeScript project of its own.' }]
  }
  return [
    ...wanted
      .filter((id) => !references.includes(id))
      .map((id) => ({ where, what: `lacks the reference to ${id}`, remedy: `Add { "path": "../${id}" }.` })),
    ...references
      .filter((id) => !wanted.includes(id))
      .map((id) => ({
        where,
        what: `references ${id}, which package.json does not depend on`,
        remedy: 'Remove the reference, or declare the dependency.',
      })),
  ]
}

/** Tests may look inside their own package; other packages they know by name, like everybody. */
export function checkTests(graph: Graph): Problem[] {
  return graph.tests.flatMap((test) =>
    test.edges.flatMap((edge): Problem[] => {
      const where = `${edge.from}:${edge.line}`
      const { owner } = test
      const { target } = edge
      if (target.kind === 'outside' && /^packages\/[^/]+\/(src|dist)\//.test(target.path)) {
        return [
          { where, what: `imports the internals ${target.path}`, remedy: 'Test another package through its exports.' },
        ]
      }
      if (target.kind !== 'package' || target.name === owner.name || target.name === 'vitest') return []
      const declared = target.name in (owner.manifest.devDependencies ?? {})
      if (!target.to || declared || runtimeDependencies(owner.manifest).has(target.name)) return []
      return [
        {
          where,
          what: `imports ${target.name}, which ${owner.folder}/package.json does not declare`,
          remedy: 'Declare it under devDependencies, so that the order of builds and the graph are known.',
        },
      ]
    }),
  )
}
