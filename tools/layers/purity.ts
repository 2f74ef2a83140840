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

const placementNames = new Set(['local', 'remote', 'isLocal', 'isRemote', 'colocated', 'isColocated', 'isDistributed'])
/** As tests and their environment name placements. */
const placementValues = new Set(['local', 'remote', 'wire', 'distributed'])
const placementVariable = 'BANYAN_TEST_PLACEMENT'
const comparisons = new Set(['===', '!==', '==', '!='])

interface NodeLike {
  readonly type: string
  readonly start: number
  readonly name?: string
  readonly value?: unknown
  readonly operator?: string
  /** What a node is made of, under the names that count here. */
  readonly argument?: NodeLike
  readonly expression?: NodeLike
  readonly callee?: NodeLike
  readonly property?: NodeLike
  readonly left?: NodeLike
  readonly right?: NodeLike
}

/** The name at the heart of `x`, `!x`, `a.x`, `a?.x`, `a['x']`, `x()`, `await x`, `x as T`. */
function nameAt({ type, name, value, argument, expression, callee, property }: NodeLike): string | undefined {
  if (type === 'Identifier' || type === 'PrivateIdentifier') return name
  if (type === 'Literal') return typeof value === 'string' ? value : undefined
  const inner = argument ?? expression ?? callee ?? property
  return inner && nameAt(inner)
}

const isNothing = ({ type, name, value }: NodeLike): boolean =>
  (type === 'Identifier' && name === 'undefined') || (type === 'Literal' && value === null)

/** What a comparison says of placement: it compares with the name of one, or compares one. */
function comparedPlacement({ left, right }: NodeLike): string | undefined {
  for (const [one, other] of [
    [left, right],
    [right, left],
  ] as const) {
    if (!one || !other) continue
    if (one.type === 'Literal' && placementValues.has(String(one.value))) return `'${one.value}'`
    if (one.type !== 'Literal' && nameAt(one) === 'placement' && !isNothing(other)) return 'placement'
  }
  return undefined
}

/** The parts of a condition that are joined by `&&`, `||`, `??`. */
const partsOf = (test: NodeLike): NodeLike[] =>
  test.type === 'LogicalExpression' && test.left && test.right
    ? [...partsOf(test.left), ...partsOf(test.right)]
    : [test]

/** P1: whoever asks where a callee runs will sooner or later behave differently for it. */
function watchPlacement(source: Source, found: Found): void {
  const branches = (start: number, what: string): void =>
    found(start, `branches on ${what}`, 'Only placement decides where a call goes; deliver through its seam (P1).')
  const check = (test: unknown): void => {
    for (const part of partsOf(test as NodeLike)) {
      const name = part.type === 'Literal' ? undefined : nameAt(part)
      if (name !== undefined && placementNames.has(name)) branches(part.start, name)
    }
  }
  visit(source, {
    IfStatement: (node) => check(node.test),
    ConditionalExpression: (node) => check(node.test),
    WhileStatement: (node) => check(node.test),
    LogicalExpression: (node) => {
      // Its right side is what the left one decides about; where both are a condition, that looks at both.
      if (node.operator === '&&') check(node.left)
    },
    BinaryExpression: (node) => {
      const compared = comparisons.has(node.operator) ? comparedPlacement(node as NodeLike) : undefined
      if (compared !== undefined) branches(node.start, compared)
    },
    SwitchStatement: (node) => {
      if (nameAt(node.discriminant as NodeLike) === 'placement') branches(node.start, 'placement')
    },
    SwitchCase: (node) => {
      if (node.test?.type === 'Literal' && placementValues.has(String(node.test.value)))
        branches(node.start, `'${node.test.value}'`)
    },
    Identifier: (node) => {
      if (node.name === placementVariable) found(node.start, `reads ${placementVariable}`, whoSetsIt)
    },
    Literal: (node) => {
      if (node.value === placementVariable) found(node.start, `reads ${placementVariable}`, whoSetsIt)
    },
  })
}

const whoSetsIt = 'It is for `testApp` alone: the same code and the same tests run in every placement (P1).'

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
  return problems
}

/** No branch on where something runs (P1): in packages, and in everything of examples, their tests included. */
export function checkPlacement({ source, owner }: Place, rules: LayerRules): Problem[] {
  if (rules.choosePlacement.some((one) => one.package === owner)) return []
  // The condition of an `if` may be found as a comparison and as a part of another condition.
  const problems = new Map<string, Problem>()
  watchPlacement(source, (offset, what, remedy) => {
    const where = `${source.path}:${lineOf(source.text, offset)}`
    problems.set(`${where} ${what}`, { where, what, remedy })
  })
  return [...problems.values()]
}
