export { observerName, principalName, streamName } from './access/accounts.js'
export { natsConfiguration, principalsOf } from './access/configuration.js'
export { createUserKey, publicKeyOf, type UserKey } from './access/keys.js'
export { connectMesh, type MeshOptions } from './calls/connect-mesh.js'
export { type ObserveOptions, type Observer, observe } from './calls/observe.js'
export { connectNats, type NatsOptions, type NatsTls } from './connection/connect.js'
export { type DeployStreamsOptions, deployStreams } from './events/deploy-streams.js'
export { type BrokerEvents, createBrokerEvents, type EventsOptions } from './events/events.js'
export {
  type EnsureStreamsOptions,
  ensureStreams,
  publishedModules,
  removeStreams,
  type StreamPlan,
} from './events/streams.js'
export { locateNatsServer } from './server/binary.js'
export { type NatsServer, type NatsServerOptions, startNatsServer } from './server/local-server.js'
