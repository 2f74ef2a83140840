import type { StandardSchema } from './types.js'

/**
 * What generated code is made from: a description of a schema that is proven to say exactly what the schema library does.
 * Plans form a graph (shared and recursive schemas), so children are held in nodes whose plan is filled in last.
 */
export interface PlanNode {
  plan: Plan
  /** Whether decoding may change a value at or below this node, so that its input form differs from its output form. */
  transforms: boolean
  /** Whether the node can be reached from itself. */
  recursive: boolean
}

/** The payload that a check of the library reads, judges and may rewrite. */
export interface CheckPayload {
  value: unknown
  issues: unknown[]
}

export interface LibraryCheck {
  check(payload: CheckPayload): unknown
}

export type When = (payload: CheckPayload) => unknown

/** A condition on a value that already has the right type. Conditions run in order; each must hold. */
export type Condition =
  | { kind: 'pattern'; pattern: RegExp }
  | { kind: 'starts-with' | 'ends-with'; text: string }
  | { kind: 'includes'; text: string; position: number | undefined }
  /** `exact` is the library's own check, asked where a length in UTF-16 units does not settle one in code points. */
  | { kind: 'length'; minimum: number; maximum: number; exact: LibraryCheck }
  | { kind: 'bound'; operator: '<' | '<=' | '>' | '>='; value: number }
  | { kind: 'integer'; minimum: number; maximum: number }
  /** A predicate of the schema's author, called as the library calls it. */
  | { kind: 'predicate'; owner: { fn(value: unknown): unknown }; when: When | undefined }
  /** Any other check: the library's own code. `rewrites`: it may replace a string by an equivalent one (a trimmed URL). */
  | { kind: 'library'; check: LibraryCheck; when: When | undefined; rewrites: boolean }
  /** Replaces the string (trim, toLowerCase, …); the conditions after it see the new one. */
  | { kind: 'overwrite'; owner: { tx(value: unknown): unknown } }

export type Literal = string | number | boolean | null

/** What an absent property means: refused, left out of the copy, or decoded from undefined (a default). */
export type Absence = 'refused' | 'left-out' | 'decoded'

export interface PropertyPlan {
  readonly key: string
  readonly node: PlanNode
  readonly absence: Absence
}

export interface DiscriminatedCase {
  readonly values: readonly (Literal | undefined)[]
  readonly node: PlanNode
}

export type Plan =
  | { kind: 'unknown' }
  | { kind: 'never' }
  | { kind: 'boolean' }
  | { kind: 'string'; conditions: readonly Condition[] }
  | { kind: 'number'; conditions: readonly Condition[] }
  | { kind: 'literal'; values: readonly Literal[] }
  | { kind: 'object'; properties: readonly PropertyPlan[]; rest: 'stripped' | 'refused' | PlanNode }
  | { kind: 'record'; key: PlanNode; value: PlanNode }
  | { kind: 'array'; element: PlanNode; conditions: readonly Condition[] }
  | { kind: 'tuple'; items: readonly PlanNode[]; required: number; rest: PlanNode | undefined }
  /** `exclusive`: a second option that accepts the value makes it refused. */
  | { kind: 'union'; options: readonly PlanNode[]; exclusive: boolean }
  | { kind: 'discriminated'; key: string; cases: readonly DiscriminatedCase[] }
  /** `reconciles`: the library may forgive what one side refuses (an unrecognized key) because the other side knows it. */
  | { kind: 'intersection'; left: PlanNode; right: PlanNode; reconciles: boolean }
  | { kind: 'nullable'; inner: PlanNode }
  | { kind: 'optional'; inner: PlanNode }
  | { kind: 'required'; inner: PlanNode }
  | { kind: 'frozen'; inner: PlanNode }
  | { kind: 'default'; inner: PlanNode; owner: { readonly defaultValue: unknown } }
  /** Conditions on top of any other plan. */
  | { kind: 'same'; inner: PlanNode; conditions: readonly Condition[] }
  /** Decoded by the library itself, from a copy of the input form that `input` describes. */
  | { kind: 'island'; input: PlanNode; schema: StandardSchema }

/** The nodes directly below a plan. */
export function childrenOf(plan: Plan): readonly PlanNode[] {
  switch (plan.kind) {
    case 'object': {
      const children = plan.properties.map((property) => property.node)
      return typeof plan.rest === 'string' ? children : [...children, plan.rest]
    }
    case 'record':
      return [plan.key, plan.value]
    case 'array':
      return [plan.element]
    case 'tuple':
      return plan.rest === undefined ? plan.items : [...plan.items, plan.rest]
    case 'union':
      return plan.options
    case 'discriminated':
      return plan.cases.map((found) => found.node)
    case 'intersection':
      return [plan.left, plan.right]
    case 'nullable':
    case 'optional':
    case 'required':
    case 'frozen':
    case 'default':
    case 'same':
      return [plan.inner]
    case 'island':
      return [plan.input]
    default:
      return []
  }
}

/** Whether a plan changes values by itself, whatever is below it. */
function transformsItself(plan: Plan): boolean {
  switch (plan.kind) {
    case 'default':
    case 'island':
      return true
    case 'string':
      return plan.conditions.some((condition) => condition.kind === 'overwrite')
    default:
      return false
  }
}

/** Fills in `transforms` and `recursive` of every node. */
export function annotate(nodes: readonly PlanNode[], cyclic: boolean): void {
  const transforming = nodes.some((node) => transformsItself(node.plan))
  if (!transforming && !cyclic) return
  for (const node of nodes) {
    const below = reachableFrom(node)
    node.recursive = below.has(node)
    node.transforms = transformsItself(node.plan) || [...below].some((found) => transformsItself(found.plan))
  }
}

/** Every node below a node; the node itself only where a cycle leads back to it. */
function reachableFrom(start: PlanNode): Set<PlanNode> {
  const reached = new Set<PlanNode>()
  const pending = [...childrenOf(start.plan)]
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (reached.has(node)) continue
    reached.add(node)
    pending.push(...childrenOf(node.plan))
  }
  return reached
}
