import { type AccessReason, deriveAccess, explainAccess } from '@banyan/placement'
import { roleName, schemaName } from '@banyan/store-postgres'
import type { LoadedApp } from '../config/load.js'
import { topologyOf } from '../config/services/topology.js'

/** A grant of the broker or of the database, with its reason. */
export interface Reason extends Omit<AccessReason, 'may'> {
  readonly may: AccessReason['may'] | 'log in'
}

/** Who may do what, and why; service by service. @throws `invalid-config` */
export function accessReasons(loaded: LoadedApp): readonly Reason[] {
  const plan = deriveAccess(loaded.app, topologyOf(loaded))
  const broker = explainAccess(plan)
  return plan.services.flatMap(({ service, serves }) => [
    ...broker.filter((reason) => reason.service === service),
    ...serves.map(
      ({ module, because }): Reason => ({
        service,
        may: 'log in',
        what: `as ${roleName(loaded.app.name, module)}, which owns the schema ${schemaName(module)}`,
        because,
      }),
    ),
  ])
}
