import type { Mesh } from '@banyan/placement'
import type { Runtime } from '@banyan/runtime'

/** A runtime as its edges see it in a service: ready only while the broker answers, with the figures of the mesh too. */
export function withMesh(runtime: Runtime, mesh: Mesh): Runtime {
  return {
    app: runtime.app,
    contracts: runtime.contracts,
    start: () => runtime.start(),
    stop: (deadlineMs) => runtime.stop(deadlineMs),
    execute: (call) => runtime.execute(call),
    accept: (envelope, options) => runtime.accept(envelope, options),
    log: (module) => runtime.log(module),
    route: (...parameters) => runtime.route(...parameters),
    collect: (travel, work) => runtime.collect(travel, work),
    appended: (module) => runtime.appended(module),
    health: () => runtime.health(),
    async check() {
      await Promise.all([runtime.check(), mesh.check()])
    },
    metrics: () => [...runtime.metrics(), ...mesh.metrics()],
    settled: (timeoutMs) => runtime.settled(timeoutMs),
  }
}
