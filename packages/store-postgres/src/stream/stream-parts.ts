import type { StreamEnding } from '@banyan/runtime'
import type { FlightPart } from '../connection/flight.js'
import { appendToStreamsPart } from './append-to-streams.js'
import { guardTagsPart } from './guard-tags.js'
import { saveSnapshotsPart } from './save-snapshots.js'

/** The streams' part of an ending: streams, then snapshots, then tags, each ascending, and before the lanes (L1). */
export function streamParts({ appends, snapshots, conditions }: StreamEnding): FlightPart[] {
  const guard = guardTagsPart(appends, conditions)
  return [
    ...(appends.length > 0 ? [appendToStreamsPart(appends)] : []),
    ...(snapshots.length > 0 ? [saveSnapshotsPart(snapshots)] : []),
    ...(guard ? [guard] : []),
  ]
}
