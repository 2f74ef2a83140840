import type { Ambient } from '@banyan/ambient'

/** Where a test can stop, delay or kill the delivery. Each is passed once per batch, parked event or job, or once per event. */
export const deliveryFaultPoints = [
  'feed.after-read',
  'feed.before-handle',
  'feed.before-commit',
  'feed.after-commit',
  'parked.before-handle',
  'parked.before-commit',
  'parked.after-commit',
  'jobs.before-call',
  'jobs.after-call',
  'jobs.after-done',
] as const

export type DeliveryFaultPoint = (typeof deliveryFaultPoints)[number]

/** What an armed fault point threw. It stands for a crash, so it is never taken for a failure of the handler. */
export class FaultPointError extends Error {
  constructor(point: DeliveryFaultPoint, cause: unknown) {
    super(`fault point ${point}`, { cause })
    this.name = 'FaultPointError'
  }
}

/** Passes a fault point; gives a promise only when somebody armed it, so that nothing is awaited per event otherwise. */
export function reach(
  ambient: Ambient,
  point: DeliveryFaultPoint,
  details: Readonly<Record<string, unknown>>,
): void | Promise<void> {
  try {
    const armed = ambient.reached(point, details)
    if (armed === undefined) return undefined
    return armed.catch((cause: unknown) => {
      throw new FaultPointError(point, cause)
    })
  } catch (cause) {
    throw new FaultPointError(point, cause)
  }
}
