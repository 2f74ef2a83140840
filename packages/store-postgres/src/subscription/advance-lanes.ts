import type { SubscriptionKey, SubscriptionStep } from '@banyan/runtime'
import { numberArray } from '../connection/array-literal.js'
import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'

const advance = ownStatement('select banyan_advance($1, $2, $3, $4, $5, $6)')

/** Progress with its effect (P5): a lane that is not where it should be, or has another epoch, makes the unit fenced. */
export function advanceLanesPart(key: SubscriptionKey, lanes: SubscriptionStep['lanes']): FlightPart {
  const values = [
    key.subscription,
    key.source,
    numberArray(lanes.map((lane) => lane.lane)),
    numberArray(lanes.map((lane) => lane.from)),
    numberArray(lanes.map((lane) => lane.to)),
    numberArray(lanes.map((lane) => lane.epoch)),
  ]
  return { ...advance, values, quiet: true }
}
