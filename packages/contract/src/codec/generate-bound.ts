import { quote } from './emit-leaves.js'
import type { Plan, PlanNode } from './plan.js'

export type BoundFunction = (value: unknown) => number

/** What nobody can tell from the plan alone: somebody has to look at the value. */
export const unknownBound: BoundFunction = () => Number.POSITIVE_INFINITY

// A larger function would be slow to compile and to optimise, for values that take long anyway.
const NODES_MAX = 100

/**
 * The largest that a value can become as JSON, in bytes: a sum of constants, and of what strings and arrays add by their
 * length. `code` is empty where no more than the constant is needed.
 */
interface Bound {
  readonly fixed: number
  readonly code: readonly string[]
}

/**
 * Generates the function that gives an upper bound of the JSON bytes of a value that the plan's copier gave. Only what most
 * schemas are made of is told from the plan; a union, a record or an unknown part makes the bound Infinity.
 */
export function generateBound(root: PlanNode): BoundFunction {
  const bound = new BoundGenerator().of(root, 'value')
  if (bound === undefined) return unknownBound
  const body = `'use strict'\nreturn (value) => {\nlet sum = ${bound.fixed}\n${bound.code.join('\n')}\nreturn sum\n}`
  return new Function(body)() as BoundFunction
}

class BoundGenerator {
  #nodes = 0

  of(node: PlanNode, value: string): Bound | undefined {
    this.#nodes += 1
    if (node.recursive || this.#nodes > NODES_MAX) return undefined
    const { plan } = node
    switch (plan.kind) {
      case 'boolean':
        return fixed(5)
      case 'number':
        // The longest is -2.2250738585072014e-308.
        return fixed(25)
      case 'literal':
        return fixed(Math.max(5, ...plan.values.map((literal) => textBound(String(literal)))))
      case 'string':
        // Six bytes for a control character (\u0001) is the worst case of JSON.
        return { fixed: 2, code: [`sum += ${value}.length * 6`] }
      case 'object':
        return this.#object(plan, value)
      case 'array':
        return this.#array(plan.element, value)
      case 'nullable':
        return unless(`${value} !== null`, this.of(plan.inner, value))
      case 'optional':
        return unless(`${value} !== undefined`, this.of(plan.inner, value))
      case 'required':
      case 'frozen':
      case 'same':
        return this.of(plan.inner, value)
      default:
        return undefined
    }
  }

  #object(plan: Extract<Plan, { kind: 'object' }>, value: string): Bound | undefined {
    if (typeof plan.rest !== 'string') return undefined
    let size = 2
    const code: string[] = []
    for (const { key, node, absence } of plan.properties) {
      // Absent, it would read as what every object inherits.
      if (key in Object.prototype) return undefined
      const name = `v${this.#nodes}`
      const inner = this.of(node, name)
      const bound = absence === 'refused' ? inner : unless(`${name} !== undefined`, inner)
      if (bound === undefined) return undefined
      size += textBound(key) + 2 + bound.fixed
      if (bound.code.length > 0) code.push(`const ${name} = ${value}[${quote(key)}]`, ...bound.code)
    }
    return { fixed: size, code }
  }

  #array(element: PlanNode, value: string): Bound | undefined {
    const name = `v${this.#nodes}`
    const bound = this.of(element, name)
    if (bound === undefined) return undefined
    const code = [`sum += ${value}.length * ${bound.fixed + 1}`]
    if (bound.code.length > 0) code.push(`for (const ${name} of ${value}) {`, ...bound.code, '}')
    return { fixed: 2, code }
  }
}

const fixed = (size: number): Bound => ({ fixed: size, code: [] })

const textBound = (text: string): number => text.length * 6 + 2

/** The bound of a value that may be null or undefined instead. */
function unless(condition: string, bound: Bound | undefined): Bound | undefined {
  if (bound === undefined) return undefined
  const size = Math.max(5, bound.fixed)
  return { fixed: size, code: bound.code.length === 0 ? [] : [`if (${condition}) {`, ...bound.code, '}'] }
}
