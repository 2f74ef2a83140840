export type { InstanceReport, Mesh, MeshHost, ModuleReport } from './mesh.js'
export { type ServicePlan, serviceOf, type Topology } from './topology.js'
