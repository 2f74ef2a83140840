import { type AccessEnvironment, accessVariables } from '@banyan/host'

/** Set in the environment of a process that `banyan up` supervises: the number of the replica. */
export const supervisedVariable = 'BANYAN_UP_REPLICA'

/** Other ways than DATABASE_URL by which a service could become the admin of the database. */
const ofAdmin = ['PGUSER', 'PGPASSWORD', 'PGPASSFILE', 'BANYAN_STORE_CONNECTION']

/**
 * The environment of one process of a service: that of `up`, without secrets and what is the admin's, and with what the
 * service may know. What it may not know is set empty instead of left out, so that a `.env` beside the configuration does not bring it back.
 */
export function replicaEnvironment(
  inherited: Readonly<Record<string, string | undefined>>,
  ofService: AccessEnvironment,
  replica: number,
): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const [name, value] of Object.entries(inherited)) if (value !== undefined) environment[name] = value
  for (const name of [...accessVariables, ...ofAdmin]) environment[name] = ''
  // Of many processes on one machine each would want the same port; `banyan services` tells how they are.
  environment.PROBE_PORT = '0'
  environment.BANYAN_LANE = '127.0.0.1:0'
  return { ...environment, ...ofService, [supervisedVariable]: String(replica) }
}
