export { locateNatsServer } from './server/binary.js'
export { type NatsServer, type NatsServerOptions, startNatsServer } from './server/local-server.js'
