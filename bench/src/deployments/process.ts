import type { EmbeddedServer } from '@banyan/store-postgres'
import type { ServiceName } from './contracts.js'

export type DatabaseAddress = Omit<EmbeddedServer['connection'], 'database'> & { readonly database: string }

/** Connections for units of work that each service has, in every deployment. */
export const connectionsOfEach = 6

/** What a process of a deployment is told when it starts. */
export type ProcessPlan = { readonly database: DatabaseAddress | undefined } & (
  | { readonly kind: 'one' }
  | { readonly kind: 'service'; readonly service: ServiceName; readonly natsUrl: string }
  | {
      readonly kind: 'plain'
      readonly service: ServiceName
      readonly urls: Partial<Record<ServiceName, string>>
      readonly keepsIds: boolean
    }
)

/** What it tells when it is asked. */
export interface ProcessReport {
  /** Up to now, microseconds. */
  readonly processorTime: number
  /** How long checkouts waited for their calls since it was asked the last time, milliseconds. */
  readonly waits: readonly number[]
}
