import { type App, modulesOf } from '@banyan/module'
import { serviceOf, type Topology } from '@banyan/placement'

/**
 * Which services should be ready before each: those that its modules call, and for the gateway all. Modules never call in a
 * circle, but services may; of such a circle the call that would close it is left out.
 */
export function startOrder(app: App, topology: Topology): ReadonlyMap<string, readonly string[]> {
  const calls = new Map<string, Set<string>>(topology.services.map(({ name }) => [name, new Set()]))
  for (const module of modulesOf(app)) {
    const caller = serviceOf(topology, module.name)?.name
    if (caller === undefined) continue
    for (const used of Object.values(module.uses)) {
      const callee = serviceOf(topology, used.name)?.name
      if (callee !== undefined && callee !== caller) calls.get(caller)?.add(callee)
    }
  }
  for (const { name, gateway } of topology.services)
    if (gateway) for (const other of topology.services) if (!other.gateway) calls.get(name)?.add(other.name)
  return withoutCircles(calls)
}

function withoutCircles(calls: ReadonlyMap<string, ReadonlySet<string>>): ReadonlyMap<string, readonly string[]> {
  const after = new Map<string, readonly string[]>()
  const path = new Set<string>()
  const visit = (name: string): void => {
    if (after.has(name)) return
    path.add(name)
    const kept: string[] = []
    for (const callee of calls.get(name) ?? []) {
      if (path.has(callee)) continue
      visit(callee)
      kept.push(callee)
    }
    path.delete(name)
    after.set(name, kept)
  }
  for (const name of calls.keys()) visit(name)
  return after
}
