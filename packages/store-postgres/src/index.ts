export { embeddedAvailable } from './embedded/native-package.js'
export { startEmbedded } from './embedded/start-embedded.js'
export type {
  EmbeddedClosed,
  EmbeddedConnection,
  EmbeddedLog,
  EmbeddedLogLine,
  EmbeddedOptions,
  EmbeddedServer,
} from './embedded/types.js'
