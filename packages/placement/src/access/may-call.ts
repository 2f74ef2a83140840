import type { App } from '@banyan/module'
import type { CallSubject } from '../server/call-server.js'
import type { Topology } from '../topology.js'
import { deriveAccess } from './derive.js'

/** Whether a service may call an operation: what the broker is told to let through, for those who take calls past it. */
export type CallCheck = (call: CallSubject) => boolean

export function createCallCheck(app: App, topology: Topology): CallCheck {
  const allowed = new Map(
    deriveAccess(app, topology).services.map(({ service, calls }) => [
      service,
      new Set(calls.map(({ module, operation }) => `${module}.${operation}`)),
    ]),
  )
  return ({ service, module, operation }) => allowed.get(service)?.has(`${module}.${operation}`) === true
}
