import { emitConditions } from './emit-leaves.js'
import type { Emitter, Frame } from './frame.js'
import type { Plan, PlanNode } from './plan.js'

type Wrapper = Extract<Plan, { kind: 'nullable' | 'optional' | 'required' | 'frozen' | 'default' | 'same' | 'island' }>

export function emitWrapper(emitter: Emitter, plan: Wrapper, value: string, frame: Frame): string {
  switch (plan.kind) {
    case 'nullable':
      return emitUnless(emitter, `${value} === null`, 'null', plan.inner, value, frame)
    case 'optional':
      return emitUnless(emitter, `${value} === undefined`, 'undefined', plan.inner, value, frame)
    case 'required': {
      const copy = emitter.emit(plan.inner, value, frame)
      emitter.line(`if (${copy} === undefined) ${frame.refuse}`)
      return copy
    }
    case 'frozen': {
      const copy = emitter.emit(plan.inner, value, frame)
      return frame.mode === 'input' ? copy : emitter.variable(`freeze(${copy})`)
    }
    case 'same': {
      const copy = emitter.emit(plan.inner, value, frame)
      return frame.mode === 'input' ? copy : emitConditions(emitter, plan.conditions, copy, 'other', frame)
    }
    case 'default':
      return emitDefault(emitter, plan, value, frame)
    case 'island':
      return emitIsland(emitter, plan, value, frame)
  }
}

/** Emits: where `condition` holds the copy is `instead`, otherwise that of the inner node. */
function emitUnless(
  emitter: Emitter,
  condition: string,
  instead: string,
  inner: PlanNode,
  value: string,
  frame: Frame,
): string {
  const copy = emitter.name('v')
  emitter.line(`let ${copy}`)
  emitter.line(`if (${condition}) ${copy} = ${instead}`)
  emitter.line('else {')
  emitter.line(`${copy} = ${emitter.emit(inner, value, frame)}`)
  emitter.line('}')
  return copy
}

function emitDefault(emitter: Emitter, plan: Extract<Plan, { kind: 'default' }>, value: string, frame: Frame): string {
  if (frame.mode === 'input')
    return emitUnless(emitter, `${value} === undefined`, 'undefined', plan.inner, value, frame)
  const fallback = `freshDefault(${emitter.constant(plan.owner)})`
  const copy = emitUnless(emitter, `${value} === undefined`, fallback, plan.inner, value, frame)
  return plan.inner.transforms ? emitter.variable(`${copy} === undefined ? ${fallback} : ${copy}`) : copy
}

function emitIsland(emitter: Emitter, plan: Extract<Plan, { kind: 'island' }>, value: string, frame: Frame): string {
  if (frame.mode === 'input') return emitter.emit(plan.input, value, frame)
  const decoded = emitter.name('v')
  emitter.line(`let ${decoded}`)
  emitter.line(`if (${value} === undefined) ${decoded} = runIsland(${emitter.constant(plan.schema)}, undefined)`)
  emitter.line('else {')
  const copy = emitter.emit(plan.input, value, { ...frame, mode: 'input' })
  emitter.line(`${decoded} = runIsland(${emitter.constant(plan.schema)}, ${copy})`)
  emitter.line(`if (${decoded} === REFUSED) ${frame.refuse}`)
  emitter.line('}')
  return decoded
}
