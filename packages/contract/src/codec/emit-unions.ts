import { emitRead } from './emit-containers.js'
import { literalText } from './emit-leaves.js'
import type { Emitter, Frame } from './frame.js'
import type { Plan, PlanNode } from './plan.js'

type Union = Extract<Plan, { kind: 'union' | 'discriminated' | 'intersection' }>

export function emitUnion(emitter: Emitter, plan: Union, value: string, frame: Frame): string {
  switch (plan.kind) {
    case 'union':
      return emitOptions(emitter, plan, value, frame)
    case 'discriminated':
      return emitCases(emitter, plan, value, frame)
    case 'intersection': {
      const side: Frame = plan.reconciles ? { ...frame, refuse: 'throw UNDECIDED' } : frame
      const left = emitter.emit(plan.left, value, side)
      const right = emitter.emit(plan.right, value, side)
      return emitter.variable(`merge(${left}, ${right})`)
    }
  }
}

/** The first option that accepts the value wins, as in the library. */
function emitOptions(emitter: Emitter, plan: Extract<Plan, { kind: 'union' }>, value: string, frame: Frame): string {
  const copy = emitter.name('v')
  const done = emitter.name('done')
  emitter.line(`let ${copy} = REFUSED`)
  emitter.line(`${done}: {`)
  for (const option of plan.options) {
    const next = emitter.name('next')
    emitter.line(`${next}: {`)
    const found = emitOption(emitter, option, value, { ...frame, refuse: `break ${next}` })
    if (plan.exclusive) emitter.line(`if (${copy} !== REFUSED) ${frame.refuse}`)
    emitter.line(`${copy} = ${found}`)
    if (!plan.exclusive) emitter.line(`break ${done}`)
    emitter.line('}')
  }
  emitter.line(`if (${copy} === REFUSED) ${frame.refuse}`)
  emitter.line('}')
  return copy
}

/** The input form of an option is copied only once it is known to be one that decodes the value. */
function emitOption(emitter: Emitter, option: PlanNode, value: string, frame: Frame): string {
  if (frame.mode === 'input' && option.transforms) emitter.emitCall(option, value, { ...frame, mode: 'decode' })
  return emitter.emit(option, value, frame)
}

/** One option is chosen by the value of a property, and decides alone. */
function emitCases(
  emitter: Emitter,
  plan: Extract<Plan, { kind: 'discriminated' }>,
  value: string,
  frame: Frame,
): string {
  emitter.line(`if (typeof ${value} !== 'object' || ${value} === null) ${frame.refuse}`)
  const tag = emitRead(emitter, value, plan.key)
  const copy = emitter.name('v')
  emitter.line(`let ${copy}`)
  for (const { values, node } of plan.cases) {
    emitter.line(`if (${values.map((found) => `${tag} === ${literalText(found)}`).join(' || ')}) {`)
    emitter.line(`${copy} = ${emitter.emit(node, value, frame)}`)
    emitter.line('} else')
  }
  emitter.line(`{ ${frame.refuse} }`)
  return copy
}
