export { deriveAccess } from './access/derive.js'
export { type AccessReason, explainAccess } from './access/explain.js'
export type {
  AccessPlan,
  CallGrant,
  PublishGrant,
  ReadGrant,
  ReplyGrant,
  RouteGrant,
  ServeGrant,
  ServiceAccess,
  SourceAccess,
} from './access/grants.js'
export { type CallCheck, createCallCheck } from './access/may-call.js'
export { type RemoteOptions, RemotePlacement } from './caller/remote-placement.js'
export { RemoteSource } from './caller/remote-source.js'
export { Requests, type RequestTo, type RequestWire } from './caller/requests.js'
export { type CallLimits, type CallWire, defaultCallLimits, type ReplicaChooser } from './caller/wire.js'
export { Directory, type DirectoryOptions, type Provider, type Replicas } from './directory/directory.js'
export { type Every, every, once } from './directory/every.js'
export { readReport } from './directory/read-report.js'
export { beginCalls, type CallItem, writeCall } from './frames/call-frame.js'
export { frameKind, kindOf } from './frames/frame-kind.js'
export { frameLimits } from './frames/limits.js'
export { readReplies } from './frames/reply-frame.js'
export { readResponse } from './frames/request-frame.js'
export { FrameWriter } from './frames/writer.js'
export type { InstanceReport, LeftOut, Mesh, MeshHost, ModuleReport } from './mesh.js'
export { askRoute } from './route/routes.js'
export { routeByModule } from './router.js'
export { CallServer, type CallServerOptions, type CallSubject } from './server/call-server.js'
export { ReplyOutbox, type ReplyTo } from './server/reply-outbox.js'
export { RequestServer, type RequestSubject } from './server/request-server.js'
export { type ServicePlan, serviceOf, type Topology } from './topology.js'
export { type VersionParts, versionParts } from './version-line.js'
