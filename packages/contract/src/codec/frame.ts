import type { PlanNode } from './plan.js'
import { DEPTH_MAX } from './portable.js'

/**
 * `decode` gives the output form; `input` gives a copy of the input form, for schemas where that differs. Copying the input form
 * checks no more than it needs to know what to strip: decoding that copy is what validates it.
 */
export type Mode = 'decode' | 'input'

/** Where code is being emitted: how it refuses, and how deep the value is in containers. */
export interface Frame {
  readonly mode: Mode
  /** The statement that refuses the value: leaves the function, or goes on to the next option of a union. */
  readonly refuse: string
  /** How many containers are around the value, within the function. */
  readonly depth: number
}

/** What emits code: the generator, as the emitters of the several kinds of plan see it. */
export interface Emitter {
  /** Emits the code for a value that is in the variable `value`; gives the expression of the copy. */
  emit(node: PlanNode, value: string, frame: Frame): string
  /** The same by a call of a function of its own. */
  emitCall(node: PlanNode, value: string, frame: Frame): string
  line(code: string): void
  /** A name that is not in use. */
  name(prefix: string): string
  /** Emits a constant variable and gives its name. */
  variable(expression: string): string
  /** Makes a value of this side available to the generated code; gives its name there. */
  constant(value: unknown): string
}

/** The expression of how many containers are around the value. */
export function depthAt(frame: Frame): string {
  return frame.depth === 0 ? 'depth' : `depth + ${frame.depth}`
}

/** Emits the refusal of a container that is nested too deep. */
export function emitDepthCheck(emitter: Emitter, frame: Frame): void {
  emitter.line(`if (depth > ${DEPTH_MAX - 1 - frame.depth}) ${frame.refuse}`)
}

/** The frame of what is in a container. */
export function inside(frame: Frame): Frame {
  return { ...frame, depth: frame.depth + 1 }
}
