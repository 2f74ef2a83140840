import type { LogRegistration } from '@banyan/runtime'
import { numberArray, readNumbers } from '../connection/array-literal.js'
import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'
import type { TextRow } from '../connection/rows.js'

const register = ownStatement(`
  insert into banyan_registrations (subscriber, subscription, positions, at) values ($1, $2, $3, $4)
  on conflict (subscriber, subscription) do update set positions = excluded.positions, at = excluded.at`)
const list = ownStatement(
  'select subscriber, subscription, positions, at from banyan_registrations order by subscriber, subscription',
)
const forget = ownStatement('delete from banyan_registrations where subscriber = $1 and subscription = $2')

export function registerPart(
  subscriber: string,
  subscription: string,
  positions: readonly number[],
  at: number,
): FlightPart {
  return { ...register, values: [subscriber, subscription, numberArray(positions), at], quiet: true }
}

export const listRegistrationsPart: FlightPart = { ...list, quiet: true }

export function readRegistrations(rows: readonly TextRow[]): LogRegistration[] {
  return rows.map(([subscriber, subscription, positions, at]) => ({
    subscriber: subscriber as string,
    subscription: subscription as string,
    positions: readNumbers(positions as string),
    at: Number(at),
  }))
}

export function forgetRegistrationPart(subscriber: string, subscription: string): FlightPart {
  return { ...forget, values: [subscriber, subscription], quiet: true }
}
