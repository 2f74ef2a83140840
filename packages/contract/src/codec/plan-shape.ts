import { childrenOf, type PlanNode } from './plan.js'
import { openShape, type Shape } from './shape.js'

/**
 * Reads from a plan which fields a value may have. Where the plan leaves several possibilities open (a union), their fields are added
 * up: the schema library, which sees the result, strips what is left.
 */
export function shapeOfPlan(root: PlanNode): Shape {
  return shapeOfNodes([root])
}

function shapeOfNodes(nodes: readonly PlanNode[]): Shape {
  const possibilities = expand(nodes)
  if (possibilities.some(({ plan }) => plan.kind === 'unknown')) return openShape
  return {
    property: (key) => {
      const found = possibilities.map((node) => propertyOf(node, key))
      if (found.includes('anything')) return openShape
      const nodesFound = found.filter((node) => typeof node === 'object')
      return nodesFound.length === 0 ? undefined : shapeOfNodes(nodesFound)
    },
    element: (index) => shapeOfNodes(possibilities.flatMap((node) => elementOf(node, index))),
  }
}

/** The nodes that describe a value themselves, in place of those that only combine or wrap others. */
function expand(nodes: readonly PlanNode[]): PlanNode[] {
  const seen = new Set<PlanNode>()
  const pending = [...nodes]
  const possibilities: PlanNode[] = []
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (seen.has(node)) continue
    seen.add(node)
    if (['object', 'record', 'array', 'tuple'].includes(node.plan.kind) || childrenOf(node.plan).length === 0)
      possibilities.push(node)
    else pending.push(...childrenOf(node.plan))
  }
  return possibilities
}

/** A key that a schema refuses is kept, for the library to say so. */
function propertyOf({ plan }: PlanNode, key: string): PlanNode | 'anything' | undefined {
  if (plan.kind === 'record') return plan.value
  if (plan.kind !== 'object') return undefined
  const named = plan.properties.find((property) => property.key === key)
  if (named !== undefined) return named.node
  if (plan.rest === 'refused') return 'anything'
  return plan.rest === 'stripped' ? undefined : plan.rest
}

function elementOf({ plan }: PlanNode, index: number): PlanNode[] {
  if (plan.kind === 'array') return [plan.element]
  const found = plan.kind === 'tuple' ? (plan.items[index] ?? plan.rest) : undefined
  return found === undefined ? [] : [found]
}
