import { depthAt, type Emitter, type Frame } from './frame.js'
import type { Condition, Literal, Plan } from './plan.js'

type Leaf = Extract<Plan, { kind: 'unknown' | 'never' | 'boolean' | 'string' | 'number' | 'literal' }>

/** Up to here a chain of comparisons is faster than a look-up. */
const COMPARISONS_MAX = 8

export function emitLeaf(emitter: Emitter, plan: Leaf, value: string, frame: Frame): string {
  switch (plan.kind) {
    case 'unknown': {
      // Whether undefined may stand here at all is decided by what is around: absent is not the same as anything.
      const copy = emitter.variable(`${value} === undefined ? undefined : copyPortable(${value}, ${depthAt(frame)})`)
      emitter.line(`if (${copy} === REFUSED) ${frame.refuse}`)
      return copy
    }
    case 'never':
      emitter.line(frame.refuse)
      return 'undefined'
    case 'boolean':
      emitter.line(`if (${value} !== true && ${value} !== false) ${frame.refuse}`)
      return value
    case 'literal':
      return emitLiteral(emitter, plan.values, value, frame)
    case 'string':
      return emitString(emitter, plan.conditions, value, frame)
    case 'number':
      return emitNumber(emitter, plan.conditions, value, frame)
  }
}

function emitLiteral(emitter: Emitter, values: readonly Literal[], value: string, frame: Frame): string {
  if (values.length === 0) emitter.line(frame.refuse)
  else if (values.length > COMPARISONS_MAX) {
    emitter.line(`if (!${emitter.constant(new Set(values))}.has(${value})) ${frame.refuse}`)
  } else {
    emitter.line(`if (${values.map((literal) => `${value} !== ${literalText(literal)}`).join(' && ')}) ${frame.refuse}`)
  }
  // -0 equals a literal 0, and must not come through as -0.
  return values.some((literal) => literal === 0) ? emitter.variable(`${value} === 0 ? 0 : ${value}`) : value
}

/** A literal as JavaScript source. */
export function literalText(literal: Literal | undefined): string {
  return typeof literal === 'string' ? quote(literal) : String(literal)
}

/** A string as JavaScript source; JSON leaves U+2028 and U+2029 alone, which are fine in string literals since ES2019. */
export function quote(text: string): string {
  return JSON.stringify(text)
}

function emitString(emitter: Emitter, conditions: readonly Condition[], value: string, frame: Frame): string {
  const proven = frame.mode === 'decode' && provesPortable(conditions[0])
  emitter.line(`if (typeof ${value} !== 'string'${proven ? '' : ` || !isPortableText(${value})`}) ${frame.refuse}`)
  return frame.mode === 'input' ? value : emitConditions(emitter, conditions, value, 'string', frame)
}

// Between anchors, one group of ASCII letters, digits and hyphens, classes and ranges of them, counts and alternatives.
const ASCII_ONLY = /^\^\((?:[\w|-]|\[[\w-]+\]|\{\d+\})+\)\$$/

/**
 * Whether whatever meets the condition is portable text, so that looking for what is not would be a scan for nothing: the
 * patterns of UUIDs are such. Without flags, since they may change what a class holds (`iu`) and what `$` means (`m`).
 */
function provesPortable(condition: Condition | undefined): boolean {
  return condition?.kind === 'pattern' && condition.pattern.flags === '' && ASCII_ONLY.test(condition.pattern.source)
}

function emitNumber(emitter: Emitter, conditions: readonly Condition[], value: string, frame: Frame): string {
  const integer = conditions.find((condition) => condition.kind === 'integer')
  emitter.line(
    `if (${integer === undefined ? `typeof ${value} !== 'number' || ${value} - ${value} !== 0` : notInteger(integer, value)}) ${frame.refuse}`,
  )
  // Adding 0 makes 0 of -0.
  const copy = emitter.variable(`${value} + 0`)
  return emitConditions(
    emitter,
    conditions.filter((condition) => condition !== integer),
    copy,
    'number',
    frame,
  )
}

function notInteger({ minimum, maximum }: { minimum: number; maximum: number }, value: string): string {
  if (minimum === -(2 ** 31) && maximum === 2 ** 31 - 1) return `(${value} | 0) !== ${value}`
  if (minimum === 0 && maximum === 2 ** 32 - 1) return `(${value} >>> 0) !== ${value}`
  const range = minimum === Number.MIN_SAFE_INTEGER ? '' : ` || ${value} < ${minimum} || ${value} > ${maximum}`
  return `!isSafeInteger(${value})${range}`
}

/** Emits conditions on a value of a known type; gives the expression of the value that they leave. */
export function emitConditions(
  emitter: Emitter,
  conditions: readonly Condition[],
  value: string,
  type: 'string' | 'number' | 'array' | 'other',
  frame: Frame,
): string {
  let current = value
  for (const condition of conditions) {
    if (condition.kind === 'overwrite') {
      current = emitter.variable(`${emitter.constant(condition.owner)}.tx(${current})`)
      emitter.line(`if (typeof ${current} !== 'string') throw UNDECIDED`)
    } else if (condition.kind === 'library') {
      const { check, when, rewrites } = condition
      const call = `runCheck(${emitter.constant(check)}, ${current}, ${emitter.constant(when)}, ${rewrites})`
      current = emitter.variable(call)
      emitter.line(`if (${current} === REFUSED) ${frame.refuse}`)
    } else {
      emitter.line(`if (${failing(emitter, condition, current, type)}) ${frame.refuse}`)
    }
  }
  return current
}

type PlainCondition = Exclude<Condition, { kind: 'overwrite' | 'library' }>

/** The expression that is true where a condition does not hold. */
function failing(emitter: Emitter, condition: PlainCondition, value: string, type: string): string {
  switch (condition.kind) {
    case 'pattern': {
      const pattern = emitter.constant(condition.pattern)
      const { global, sticky } = condition.pattern
      return global || sticky ? `(${pattern}.lastIndex = 0, !${pattern}.test(${value}))` : `!${pattern}.test(${value})`
    }
    case 'starts-with':
      return `!${value}.startsWith(${quote(condition.text)})`
    case 'ends-with':
      return `!${value}.endsWith(${quote(condition.text)})`
    case 'includes':
      return `!${value}.includes(${quote(condition.text)}, ${condition.position})`
    case 'bound':
      return `!(${value} ${condition.operator} ${condition.value})`
    case 'integer':
      return notInteger(condition, value)
    case 'predicate':
      return `!holds(${emitter.constant(condition.owner)}, ${value}, ${emitter.constant(condition.when)})`
    case 'length':
      return wrongLength(emitter, condition, value, type)
  }
}

/**
 * A code point is one or two UTF-16 units: so many units settle most lengths, and the library's own check the rest.
 */
function wrongLength(
  emitter: Emitter,
  { minimum, maximum, exact }: Extract<Condition, { kind: 'length' }>,
  value: string,
  type: string,
): string {
  if (type === 'array') return `!(${value}.length >= ${minimum} && ${value}.length <= ${maximum})`
  const enough = minimum <= 1 ? minimum : minimum * 2
  const settled = `${value}.length >= ${enough} && ${value}.length <= ${maximum}`
  return `!(${settled}) && runCheck(${emitter.constant(exact)}, ${value}, undefined, false) === REFUSED`
}
