import { obtainNats } from '../nats.js'

/** Where tests read why there is no NATS server. */
export const natsMissing = 'BANYAN_NATS_MISSING'

/** Gets once, before any test, what tests need beside npm packages; the workers inherit the environment. */
export default async function setup(): Promise<void> {
  const obtained = await obtainNats()
  if ('binary' in obtained) process.env.NATS_SERVER_BIN = obtained.binary
  else process.env[natsMissing] = obtained.missing
}
