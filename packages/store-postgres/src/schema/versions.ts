import { ownTables } from './0001-own-tables.js'
import { takeover } from './0002-takeover.js'
import { timeline } from './0003-timeline.js'
import { streams } from './0004-streams.js'

/** Steps of Banyan's own tables: step n makes version n of version n-1. */
export const ownSchemaSteps: readonly string[] = [ownTables, takeover, timeline, streams]

/** The version that this release works with. */
export const ownSchemaVersion: number = ownSchemaSteps.length
