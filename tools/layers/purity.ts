import { lineOf } from '../support/files.js'
import type { Problem } from '../support/report.js'
import { type Source, visit } from '../support/source.js'
import type { LayerRules } from './rules.js'

type Found = (offset: number, what: string, remedy: string) => void

const fromAmbient =
  'Take it from the ambient of the process or the context of the handler, so that a run can be replayed (P10).'

/** Reads of the clock, of randomness and of fresh ids outside the one place that may make them. */
function watchAmbient(source: Source, found: Found): void {
  visit(source, {
    MemberExpression: (node) => {
      if (node.object.type !== 'Identifier' || node.computed || node.property.type !== 'Identifier') return
      const name = `${node.object.name}.${node.property.name}`
      if (name === 'Date.now' || name === 'Math.random') found(node.start, `reads ${name}`, fromAmbient)
    },
    NewExpression: (node) => {
      if (node.callee.type === 'Identifier' && node.callee.name === 'Date' && node.arguments.length === 0) {
        found(node.start, 'reads the clock with new Date()', fromAmbient)
      }
    },
    CallExpression: (node) => {
      if (node.callee.type === 'Identifier' && node.callee.name === 'Date') {
        found(node.start, 'reads the clock with Date()', fromAmbient)
      }
    },
    Identifier: (node) => {
      if (node.name === 'randomUUID') found(node.start, 'makes an id with randomUUID', fromAmbient)
    },
  })
}

const oneOwner = 'Give the state an owner: an object that is created, passed and released.'

/** State of a module file lives as long as the process and is shared by everything in it: it has no owner. */
function watchModuleState(source: Source, found: Found): void {
  for (const statement of source.program.body) {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement
    if (declaration?.type !== 'VariableDeclaration' || declaration.declare) continue
    if (declaration.kind === 'let' || declaration.kind === 'var') {
      found(declaration.start, `keeps state in a module-level ${declaration.kind}`, oneOwner)
    }
    for (const { init } of declaration.declarations) {
      if (init?.type !== 'NewExpression' || init.callee.type !== 'Identifier' || init.arguments.length > 0) continue
      if (init.callee.name === 'Map' || init.callee.name === 'Set') {
        found(init.start, `keeps state in a module-level ${init.callee.name} that starts empty`, oneOwner)
      }
    }
  }
}

const placementNames = new Set(['local', 'remote', 'isLocal', 'isRemote', 'colocated', 'isColocated'])

/** P1: whoever asks where a callee runs will sooner or later behave differently for it. */
function watchPlacement(source: Source, found: Found): void {
  const check = (test: unknown): void => {
    const name = testedName(test)
    if (name === undefined || !placementNames.has(name.name)) return
    found(
      name.start,
      `branches on ${name.name}`,
      'Only placement decides where a call goes; deliver through its seam (P1).',
    )
  }
  visit(source, {
    IfStatement: (node) => check(node.test),
    ConditionalExpression: (node) => check(node.test),
  })
}

interface NodeLike {
  readonly type: string
  readonly name?: string
  readonly start: number
  readonly argument?: unknown
  readonly callee?: unknown
  readonly property?: unknown
}

/** The name at the heart of `x`, `!x`, `a.x`, `x()`. */
function testedName(node: unknown): { name: string; start: number } | undefined {
  const { type, name, start, argument, callee, property } = node as NodeLike
  if (type === 'Identifier' && name !== undefined) return { name, start }
  if (type === 'UnaryExpression') return testedName(argument)
  if (type === 'CallExpression') return testedName(callee)
  if (type === 'MemberExpression') return testedName(property)
  return undefined
}

export interface Place {
  readonly source: Source
  /** Id of the package; undefined for what lies outside packages/. */
  readonly owner: string | undefined
}

/** The rules about constructs that the layers forbid, for sources (tests, benchmarks and tools are free of them). */
export function checkPurity({ source, owner }: Place, rules: LayerRules): Problem[] {
  const problems: Problem[] = []
  const found: Found = (offset, what, remedy) => {
    problems.push({ where: `${source.path}:${lineOf(source.text, offset)}`, what, remedy })
  }
  if (owner !== rules.ambient) watchAmbient(source, found)
  if (owner !== undefined) watchModuleState(source, found)
  if (owner !== undefined && !rules.choosePlacement.includes(owner)) watchPlacement(source, found)
  return problems
}
