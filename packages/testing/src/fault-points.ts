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

/** A fault point that a test armed. */
interface Armed {
  readonly module: string
  readonly point: FaultPoint
  readonly operation: string | undefined
  left: number
  fire(): void
}

/**
 * The fault points that are armed now. Each fires once and is disarmed by that.
 */
export class FaultPoints {
  readonly #armed = new Set<Armed>()

  arm(armed: Armed): void {
    this.#armed.add(armed)
  }

  /** Whether the process is to crash here: an armed point has been passed as often as it was armed for. */
  passed(point: string, details: Readonly<Record<string, unknown>> | undefined): boolean {
    for (const armed of this.#armed) {
      if (armed.point !== point || armed.module !== details?.module) continue
      if (armed.operation !== undefined && armed.operation !== details?.operation) continue
      if (--armed.left > 0) continue
      this.#armed.delete(armed)
      armed.fire()
      return true
    }
    return false
  }

  /** What was armed and has not been passed, in words. */
  waiting(): string[] {
    return [...this.#armed].map(({ module, point }) => `${point} of ${module}`)
  }
}
