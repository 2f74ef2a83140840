import type { Placement } from '@banyan/runtime'

/**
 * Where a call goes: to the dispatcher of this process when the module runs here, else to the others. The only place that
 * asks.
 */
export function routeByModule(hosts: Iterable<string>, here: Placement, elsewhere: Placement): Placement {
  const hosted = new Set(hosts)
  return {
    deliver: (envelope, scope, receiver) =>
      (hosted.has(envelope.module) ? here : elsewhere).deliver(envelope, scope, receiver),
  }
}
