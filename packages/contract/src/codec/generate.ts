import { emitContainer } from './emit-containers.js'
import { emitLeaf } from './emit-leaves.js'
import { emitUnion } from './emit-unions.js'
import { emitWrapper } from './emit-wrappers.js'
import type { Emitter, Frame, Mode } from './frame.js'
import { depthAt } from './frame.js'
import { generatedRuntime } from './generated-runtime.js'
import type { PlanNode } from './plan.js'

export type GeneratedFunction = (value: unknown) => unknown

// Functions beyond some size are slow to optimise, or never are; this is a few hundred lines of generated code.
const NODES_PER_FUNCTION = 60

/** Generates code for plans and compiles it. Where the platform forbids that (a content security policy), `compile` throws. */
export class Generator implements Emitter {
  readonly #constants: unknown[] = []
  readonly #functions: string[] = []
  readonly #named = new Map<PlanNode, Map<Mode, string>>()
  readonly #queue: (() => void)[] = []
  #lines: string[] = []
  #nodes = 0
  #names = 0

  /** Gives the function that copies values of a node in a mode: REFUSED for what the library refuses, a throw where it must decide. */
  compile(root: PlanNode, mode: Mode): GeneratedFunction {
    const entry = this.functionFor(root, mode)
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) next()
    const runtime = Object.keys(generatedRuntime).join(', ')
    const body = `'use strict'\nconst { ${runtime} } = runtime\n${this.#constantNames()}\n${this.#functions.join('\n')}\nreturn (value) => ${entry}(value, 0)`
    return new Function('runtime', 'constants', body)(generatedRuntime, this.#constants) as GeneratedFunction
  }

  /** Emits the code for a value that is in the variable `value`; gives the expression of the copy. */
  emit(node: PlanNode, value: string, frame: Frame): string {
    this.#nodes += 1
    if (node.recursive || (this.#nodes > NODES_PER_FUNCTION && isLarge(node))) return this.emitCall(node, value, frame)
    return this.#emitInline(node, value, frame)
  }

  /** Emits a call of the function that copies values of a node. */
  emitCall(node: PlanNode, value: string, frame: Frame): string {
    const name = this.functionFor(node, frame.mode)
    const copy = this.variable(`${name}(${value}, ${depthAt(frame)})`)
    this.line(`if (${copy} === REFUSED) ${frame.refuse}`)
    return copy
  }

  /** The name of the function that copies values of a node; its code is generated when the current function is done. */
  functionFor(node: PlanNode, requested: Mode): string {
    const mode = node.transforms ? requested : 'decode'
    const names = this.#named.get(node) ?? new Map<Mode, string>()
    this.#named.set(node, names)
    const known = names.get(mode)
    if (known !== undefined) return known
    const name = this.name('copy')
    names.set(mode, name)
    this.#queue.push(() => this.#generateFunction(name, node, mode))
    return name
  }

  #generateFunction(name: string, node: PlanNode, mode: Mode): void {
    this.#lines = []
    this.#nodes = 0
    const copy = this.#emitInline(node, 'value', { mode, refuse: 'return REFUSED', depth: 0 })
    this.#functions.push(`function ${name}(value, depth) {\n${this.#lines.join('\n')}\nreturn ${copy}\n}`)
  }

  #emitInline(node: PlanNode, value: string, outer: Frame): string {
    const frame: Frame = node.transforms ? outer : { ...outer, mode: 'decode' }
    const { plan } = node
    switch (plan.kind) {
      case 'object':
      case 'record':
      case 'array':
      case 'tuple':
        return emitContainer(this, plan, value, frame)
      case 'union':
      case 'discriminated':
      case 'intersection':
        return emitUnion(this, plan, value, frame)
      case 'unknown':
      case 'never':
      case 'boolean':
      case 'string':
      case 'number':
      case 'literal':
        return emitLeaf(this, plan, value, frame)
      default:
        return emitWrapper(this, plan, value, frame)
    }
  }

  line(code: string): void {
    this.#lines.push(code)
  }

  name(prefix: string): string {
    this.#names += 1
    return `${prefix}${this.#names}`
  }

  /** Emits a constant variable and gives its name. */
  variable(expression: string): string {
    const name = this.name('v')
    this.line(`const ${name} = ${expression}`)
    return name
  }

  /** Makes a value of the generator's side available to the generated code; gives its name there. */
  constant(value: unknown): string {
    const known = this.#constants.indexOf(value)
    return `constant${known === -1 ? this.#constants.push(value) - 1 : known}`
  }

  #constantNames(): string {
    return this.#constants.map((_, index) => `const constant${index} = constants[${index}]`).join('\n')
  }
}

function isLarge(node: PlanNode): boolean {
  return ['object', 'record', 'array', 'tuple', 'union', 'discriminated', 'intersection'].includes(node.plan.kind)
}
