/** Which module runs in which service: configuration, never code. Plain data, the same in every process of the app. */
export interface Topology {
  readonly app: string
  readonly services: readonly ServicePlan[]
}

/** A deployable process that hosts modules, or the gateway, or both; scaled as replicas. */
export interface ServicePlan {
  readonly name: string
  readonly modules: readonly string[]
  /** Processes of this service that `banyan up` runs. */
  readonly replicas: number
  /** Whether the HTTP gateway of the app runs in it. */
  readonly gateway: boolean
}

/** The service that hosts a module; undefined when none does. */
export function serviceOf(topology: Topology, module: string): ServicePlan | undefined {
  return topology.services.find(({ modules }) => modules.includes(module))
}
