import { emitConditions, quote } from './emit-leaves.js'
import { type Emitter, emitDepthCheck, type Frame, inside } from './frame.js'
import type { Plan, PlanNode, PropertyPlan } from './plan.js'

type ObjectPlan = Extract<Plan, { kind: 'object' }>
type Container = Extract<Plan, { kind: 'object' | 'record' | 'array' | 'tuple' }>

/** Up to so many properties that may be absent, each combination gets an object literal: that is fastest to make and to read. */
const LITERALS_FOR_OPTIONAL_MAX = 2

/** A larger array grows as its elements pass, so that a length alone reserves no memory. */
const PREALLOCATED_MAX = 1_000

export function emitContainer(emitter: Emitter, plan: Container, value: string, frame: Frame): string {
  switch (plan.kind) {
    case 'object':
      return emitObject(emitter, plan, value, frame)
    case 'record':
      return emitRecord(emitter, plan, value, frame)
    case 'array':
      return emitArray(emitter, plan, value, frame)
    case 'tuple':
      return emitTuple(emitter, plan, value, frame)
  }
}

/** Emits the reading of an own property. Names that every object inherits are asked for; others are simply read. */
export function emitRead(emitter: Emitter, value: string, key: string): string {
  const read = `${value}[${quote(key)}]`
  return emitter.variable(key in Object.prototype ? `hasOwn(${value}, ${quote(key)}) ? ${read} : undefined` : read)
}

function emitObject(emitter: Emitter, plan: ObjectPlan, value: string, frame: Frame): string {
  emitter.line(`if (typeof ${value} !== 'object' || ${value} === null || isArray(${value})) ${frame.refuse}`)
  emitDepthCheck(emitter, frame)
  const values = plan.properties.map(({ key }) => emitRead(emitter, value, key))
  emitPlainCheck(emitter, value, frame)
  if (plan.rest === 'refused') emitNoOtherKeys(emitter, plan, value, frame)
  const copies = plan.properties.map((property, index) =>
    emitProperty(emitter, property, values[index] as string, frame),
  )
  const copy = emitAssembly(emitter, plan.properties, copies)
  if (typeof plan.rest !== 'string') emitRest(emitter, plan.properties, plan.rest, value, copy, frame)
  return copy
}

/**
 * After the properties were read the engine knows the object's shape, so that this check costs next to nothing there; before
 * them it took a third of the whole copy.
 */
function emitPlainCheck(emitter: Emitter, value: string, frame: Frame): void {
  const prototype = emitter.variable(`prototypeOf(${value})`)
  emitter.line(`if (${prototype} !== OBJECT_PROTOTYPE && !isPlainPrototype(${prototype})) ${frame.refuse}`)
}

function emitProperty(emitter: Emitter, { node, absence }: PropertyPlan, value: string, frame: Frame): string {
  if (absence === 'refused') return emitPresent(emitter, node, value, inside(frame))
  if (absence === 'decoded' && frame.mode === 'decode') return emitter.emit(node, value, inside(frame))
  const copy = emitter.name('v')
  emitter.line(`let ${copy}`)
  emitter.line(`if (${value} !== undefined) {`)
  emitter.line(
    `${copy} = ${emitter.emit(node.plan.kind === 'optional' ? node.plan.inner : node, value, inside(frame))}`,
  )
  emitter.line('}')
  return copy
}

const REFUSES_UNDEFINED = [
  'never',
  'boolean',
  'string',
  'number',
  'literal',
  'object',
  'record',
  'array',
  'tuple',
  'discriminated',
]

/** Emits the copy of a value that must not be undefined. */
function emitPresent(emitter: Emitter, node: PlanNode, value: string, frame: Frame): string {
  if (!REFUSES_UNDEFINED.includes(node.plan.kind)) emitter.line(`if (${value} === undefined) ${frame.refuse}`)
  return emitter.emit(node, value, frame)
}

/** Emits the making of the copy, in the schema's order of properties. */
function emitAssembly(emitter: Emitter, properties: readonly PropertyPlan[], copies: readonly string[]): string {
  const entries = properties.map(({ key, absence }, index) => ({
    key,
    copy: copies[index] as string,
    optional: absence !== 'refused',
  }))
  const optional = entries.filter((entry) => entry.optional)
  if (optional.length <= LITERALS_FOR_OPTIONAL_MAX) return emitter.variable(literals(entries, optional))
  const copy = emitter.variable(objectLiteral(entries.filter((entry) => !entry.optional)))
  for (const { key, copy: property } of optional)
    emitter.line(`if (${property} !== undefined) ${copy}[${quote(key)}] = ${property}`)
  return copy
}

interface Entry {
  readonly key: string
  readonly copy: string
}

/** The expression that chooses the literal with just the properties that are there. */
function literals(entries: readonly Entry[], undecided: readonly Entry[]): string {
  const [first, ...others] = undecided
  if (first === undefined) return objectLiteral(entries)
  const without = entries.filter((entry) => entry !== first)
  return `${first.copy} === undefined ? ${literals(without, others)} : ${literals(entries, others)}`
}

function objectLiteral(entries: readonly Entry[]): string {
  return `{ ${entries.map(({ key, copy }) => `${quote(key)}: ${copy}`).join(', ')} }`
}

/** An undefined value counts as no value, whatever its key. */
function emitNoOtherKeys(emitter: Emitter, plan: ObjectPlan, value: string, frame: Frame): void {
  emitter.line(`for (const key in ${value}) {`)
  emitter.line(`if (${unknownKey(emitter, plan.properties)} && ${value}[key] !== undefined) ${frame.refuse}`)
  emitter.line('}')
}

function unknownKey(emitter: Emitter, properties: readonly PropertyPlan[]): string {
  const keys = properties.map(({ key }) => key)
  if (keys.length === 0) return 'true'
  if (keys.length > 8) return `!${emitter.constant(new Set(keys))}.has(key)`
  return keys.map((key) => `key !== ${quote(key)}`).join(' && ')
}

/** Emits the copy of the properties that the schema does not name. */
function emitRest(
  emitter: Emitter,
  properties: readonly PropertyPlan[],
  rest: PlanNode,
  value: string,
  copy: string,
  frame: Frame,
): void {
  emitter.line(`for (const key of keysOf(${value})) {`)
  if (properties.length > 0) emitter.line(`if (!(${unknownKey(emitter, properties)})) continue`)
  const property = emitter.variable(`${value}[key]`)
  emitter.line(`if (${property} === undefined) continue`)
  emitter.line(`if (key === '__proto__' || !isPortableText(key)) ${frame.refuse}`)
  emitter.line(`${copy}[key] = ${emitter.emit(rest, property, inside(frame))}`)
  emitter.line('}')
}

function emitRecord(emitter: Emitter, plan: Extract<Plan, { kind: 'record' }>, value: string, frame: Frame): string {
  emitter.line(`if (typeof ${value} !== 'object' || ${value} === null || isArray(${value})) ${frame.refuse}`)
  emitDepthCheck(emitter, frame)
  emitPlainCheck(emitter, value, frame)
  const copy = emitter.variable('{}')
  const key = emitter.name('key')
  emitter.line(`for (const ${key} of keysOf(${value})) {`)
  const property = emitter.variable(`${value}[${key}]`)
  emitter.line(`if (${property} === undefined) continue`)
  emitter.line(`if (${key} === '__proto__') ${frame.refuse}`)
  emitter.emit(plan.key, key, inside(frame))
  const copied = emitter.emit(plan.value, property, inside(frame))
  emitter.line(`if (${copied} !== undefined) ${copy}[${key}] = ${copied}`)
  emitter.line('}')
  return copy
}

function emitArray(emitter: Emitter, plan: Extract<Plan, { kind: 'array' }>, value: string, frame: Frame): string {
  emitter.line(`if (!isArray(${value})) ${frame.refuse}`)
  emitDepthCheck(emitter, frame)
  const length = emitter.variable(`${value}.length`)
  const settled = plan.conditions.filter((condition) => condition.kind === 'length')
  for (const { minimum, maximum } of settled) {
    emitter.line(`if (!(${length} >= ${minimum} && ${length} <= ${maximum})) ${frame.refuse}`)
  }
  const copy = emitter.variable(`${length} > ${PREALLOCATED_MAX} ? [] : new Array(${length})`)
  emitElements(emitter, plan.element, value, copy, '0', length, frame)
  const others = plan.conditions.filter((condition) => condition.kind !== 'length')
  return frame.mode === 'input' ? copy : emitConditions(emitter, others, copy, 'array', frame)
}

function emitElements(
  emitter: Emitter,
  element: PlanNode,
  value: string,
  copy: string,
  from: string,
  length: string,
  frame: Frame,
): void {
  const index = emitter.name('index')
  emitter.line(`for (let ${index} = ${from}; ${index} < ${length}; ${index}++) {`)
  const found = emitter.variable(`${value}[${index}]`)
  emitter.line(`${copy}[${index}] = ${emitPresent(emitter, element, found, inside(frame))}`)
  emitter.line('}')
}

function emitTuple(emitter: Emitter, plan: Extract<Plan, { kind: 'tuple' }>, value: string, frame: Frame): string {
  const { items, required, rest } = plan
  emitter.line(`if (!isArray(${value})) ${frame.refuse}`)
  emitDepthCheck(emitter, frame)
  const length = emitter.variable(`${value}.length`)
  const bound = rest === undefined ? ` || ${length} > ${items.length}` : ''
  emitter.line(`if (${length} < ${required}${bound}) ${frame.refuse}`)
  const copy = emitter.variable('[]')
  items.forEach((item, index) => {
    if (index >= required) emitter.line(`if (${length} > ${index}) {`)
    const found = emitter.variable(`${value}[${index}]`)
    emitter.line(`${copy}.push(${emitPresent(emitter, item, found, inside(frame))})`)
    if (index >= required) emitter.line('}')
  })
  if (rest !== undefined) emitElements(emitter, rest, value, copy, String(items.length), length, frame)
  return copy
}
