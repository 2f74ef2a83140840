/** Set in the environment of a process that `banyan up` supervises: the number of the replica. */
export const supervisedVariable = 'BANYAN_UP_REPLICA'

/** What only `up` itself may know: with it a service could become the admin of the database. */
const kept = ['DATABASE_URL', 'PGUSER', 'PGPASSWORD', 'PGPASSFILE', 'BANYAN_STORE_SECRET', 'BANYAN_STORE_CONNECTION']

/** What the environment of a service begins with, so that what `up` was started with does not shine through. */
const own = ['BANYAN_STORE_LOGINS', 'BANYAN_NATS_CALLS_SEED', 'BANYAN_NATS_EVENTS_SEED', 'NATS_URL']

/**
 * The environment of one process of a service: that of `up`, without what is the admin's, and with what the service may know.
 * What it may not know is set empty instead of left out, so that a `.env` beside the configuration does not bring it back.
 */
export function replicaEnvironment(
  inherited: Readonly<Record<string, string | undefined>>,
  ofService: Readonly<Record<string, string>>,
  replica: number,
): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const [name, value] of Object.entries(inherited)) if (value !== undefined) environment[name] = value
  for (const name of [...kept, ...own]) environment[name] = ''
  // Of many processes on one machine each would want the same port; `banyan services` tells how they are.
  environment.PROBE_PORT = '0'
  environment.BANYAN_LANE = '127.0.0.1:0'
  return { ...environment, ...ofService, [supervisedVariable]: String(replica) }
}
