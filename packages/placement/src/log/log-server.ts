import { banyanError } from '@banyan/errors'
import { type LanePosition, laneCount, type SourceLog } from '@banyan/runtime'
import { isPositions } from '../caller/remote-source.js'
import type { Response } from '../caller/requests.js'
import { serviceOf, type Topology } from '../topology.js'
import { writeEvents } from './events.js'

/** Events of one answer: a page of a feed has no more. */
const mostEvents = 5_000
const noBody = new Uint8Array(0)

/** What a subscriber of another process asks of the log of a module here. Rejects with a BanyanError. */
export async function answerLog(
  log: SourceLog,
  topology: Topology,
  asked: { readonly module: string; readonly operation: string; readonly service: string; readonly head: unknown },
  maxBytes: number,
): Promise<Response> {
  const head = (typeof asked.head === 'object' && asked.head !== null ? asked.head : {}) as Record<string, unknown>
  switch (asked.operation) {
    case 'heads':
      return { head: await log.heads(), body: noBody }
    case 'positionsBefore':
      if (typeof head.at !== 'number') break
      return { head: { positions: await log.positionsBefore(head.at) }, body: noBody }
    case 'read': {
      const { after, limit } = head
      if (!isAfter(after) || !Number.isSafeInteger(limit) || (limit as number) < 1) break
      return writeEvents(await log.read(after, Math.min(limit as number, mostEvents)), maxBytes)
    }
    case 'register': {
      const { subscriber, subscription, positions, at } = head
      if (typeof subscriber !== 'string' || typeof subscription !== 'string' || typeof at !== 'number') break
      if (!isPositions(positions) || positions.length !== laneCount) break
      // A service tells how far its own modules are, so that nobody lets events go that another still needs.
      if (serviceOf(topology, subscriber)?.name !== asked.service)
        throw banyanError('access-denied', { operation: `the log of ${asked.module} for ${subscriber}` })
      await log.register(subscriber, subscription, positions, at)
      return { head: {}, body: noBody }
    }
    default:
      throw banyanError('unknown-operation', { module: asked.module, operation: `log.${asked.operation}` })
  }
  throw banyanError('invalid-request', { summary: `${asked.operation} of the log of ${asked.module}` })
}

function isAfter(value: unknown): value is readonly LanePosition[] {
  return (
    Array.isArray(value) &&
    value.length <= laneCount &&
    value.every(({ lane, after }) => isPositions([lane, after]) && (lane as number) < laneCount)
  )
}
