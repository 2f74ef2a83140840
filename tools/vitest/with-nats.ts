import { natsMissing } from './global-setup.js'
import { skipUnless } from './skip-unless.js'

/** `test` and `describe` for what needs a real NATS server, which the global setup got or could not get. */
export const withNats = skipUnless(
  process.env.NATS_SERVER_BIN !== undefined,
  process.env[natsMissing] ?? 'no nats-server',
)
