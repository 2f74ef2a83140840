import type { SubscriptionKey, SubscriptionStep } from '@banyan/runtime'
import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'

const handled = ownStatement('select banyan_handled($1, $2, $3, $4, $5)')

/** A parked event that the unit handled: gone with its effect, guarded by the epoch of its lane. */
export function markHandledPart(key: SubscriptionKey, event: NonNullable<SubscriptionStep['handled']>): FlightPart {
  const values = [key.subscription, key.source, event.lane, event.position, event.epoch]
  return { ...handled, values, quiet: true }
}
