import type { LogStore } from '@banyan/runtime'
import { readNumbers } from '../connection/array-literal.js'
import { onlyValue } from '../connection/rows.js'
import type { ModulePools } from '../module-pools.js'
import { readEvent } from './event-row.js'
import { headsPart, readHeads } from './heads.js'
import { listEventsPart } from './list-events.js'
import { positionsBeforePart } from './positions-before.js'
import { pruneEventsPart } from './prune-events.js'
import { readEvents, readEventsPart } from './read-events.js'
import { forgetRegistrationPart, listRegistrationsPart, readRegistrations, registerPart } from './registrations.js'

/** The event log of one module. */
export function createLogStore({ module, rows, change }: ModulePools): LogStore {
  return {
    async heads() {
      return readHeads(await rows(headsPart))
    },
    async positionsBefore(at) {
      return readNumbers(onlyValue(await rows(positionsBeforePart(at))) ?? '{}')
    },
    async read(after, limit) {
      if (after.length === 0 || limit < 1) return []
      return readEvents(await rows(readEventsPart(after, limit)), after, { source: module, subscriber: 'a subscriber' })
    },
    async list(filter) {
      return (await rows(listEventsPart(filter))).map(readEvent)
    },
    async register(subscriber, subscription, positions, at) {
      await change(registerPart(subscriber, subscription, positions, at))
    },
    async registrations() {
      return readRegistrations(await rows(listRegistrationsPart))
    },
    async forget(subscriber, subscription) {
      await change(forgetRegistrationPart(subscriber, subscription))
    },
    async prune(before, limit) {
      return change(pruneEventsPart(before, limit))
    },
  }
}
