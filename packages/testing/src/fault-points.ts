import type { Problem } from '@banyan/errors'
import {
  type CommandFaultPoint,
  commandFaultPoints,
  type DeliveryFaultPoint,
  deliveryFaultPoints,
} from '@banyan/runtime'

/** Every point at which a test may let the process crash. */
export const faultPoints = [...commandFaultPoints, ...deliveryFaultPoints] as const

export type FaultPoint = CommandFaultPoint | DeliveryFaultPoint

type ShortName<Point> = Point extends `command.${infer Name}` ? Name : never

/** A fault point by its name; those of commands also without `command.`, such as `after-commit`. */
export type FaultPointName = FaultPoint | ShortName<FaultPoint>

/** The whole name of a fault point; undefined when there is none of that name. */
export function faultPointOf(name: string): FaultPoint | undefined {
  return faultPoints.find((point) => point === name || point === `command.${name}`)
}

/** What is wrong with arming this point for this module. */
export function armingProblems(app: string, modules: readonly string[], module: string, point: string): Problem[] {
  const who = `test of ${app}`
  const where = `crash('${module}', '${point}')`
  const problems: Problem[] = []
  if (!modules.includes(module))
    problems.push({
      who,
      where,
      what: `the app has no module '${module}'`,
      allowed: modules.join(', '),
      remedy: 'Correct the name of the module.',
    })
  if (faultPointOf(point) === undefined)
    problems.push({
      who,
      where,
      what: `there is no fault point '${point}'`,
      allowed: faultPoints.map((known) => known.replace(/^command\./, '')).join(', '),
      remedy: 'Correct the name of the fault point.',
    })
  return problems
}

/** A fault point that a test armed, as data: the process that passes it may be another one. */
export interface ArmedPoint {
  readonly serial: number
  readonly module: string
  readonly point: FaultPoint
  readonly operation: string | undefined
  /** How often it is to be passed yet: the last time is the crash. */
  readonly left: number
}

interface Armed {
  readonly fire: () => void
  point: ArmedPoint
}

/**
 * The fault points that are armed now. Each fires once and is disarmed by that.
 */
export class FaultPoints {
  readonly #armed = new Map<number, Armed>()
  #serial = 0

  arm(point: Omit<ArmedPoint, 'serial'>, fire: () => void): ArmedPoint {
    const armed = { ...point, serial: ++this.#serial }
    this.#armed.set(armed.serial, { point: armed, fire })
    return armed
  }

  /** Whether the process is to crash here: an armed point has been passed as often as it was armed for. */
  passed(name: string, details: Readonly<Record<string, unknown>> | undefined): boolean {
    for (const { point } of this.#armed.values()) if (isPassed(point, name, details) && this.count(point)) return true
    return false
  }

  /** A process has passed this point once. True when that was the last time. */
  count({ serial }: ArmedPoint): boolean {
    const armed = this.#armed.get(serial)
    if (!armed) return false
    armed.point = { ...armed.point, left: armed.point.left - 1 }
    if (armed.point.left > 0) return false
    this.#armed.delete(serial)
    armed.fire()
    return true
  }

  /** What is armed for these modules, and has not fired. */
  of(modules: readonly string[]): ArmedPoint[] {
    return [...this.#armed.values()].map(({ point }) => point).filter(({ module }) => modules.includes(module))
  }

  /** What was armed and has not been passed, in words. */
  waiting(): string[] {
    return [...this.#armed.values()].map(({ point: { module, point } }) => `${point} of ${module}`)
  }
}

/** Whether this is the place that was armed. */
export function isPassed(
  armed: ArmedPoint,
  name: string,
  details: Readonly<Record<string, unknown>> | undefined,
): boolean {
  if (armed.point !== name || armed.module !== details?.module) return false
  return armed.operation === undefined || armed.operation === details?.operation
}
