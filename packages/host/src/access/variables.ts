/**
 * Owns the names of all that `banyan access emit` writes into an environment: secrets, and the ways to them. What is not
 * listed here cannot be emitted, and `banyan up` hands nothing of it to a service that is not the service's own.
 */
export const accessVariables = [
  'NATS_URL',
  'BANYAN_NATS_CALLS_SEED',
  'BANYAN_NATS_EVENTS_SEED',
  'BANYAN_NATS_DEPLOY_SEEDS',
  'BANYAN_NATS_OBSERVER_SEED',
  'BANYAN_NATS_CA',
  'BANYAN_NATS_CERT',
  'BANYAN_NATS_KEY',
  'DATABASE_URL',
  'BANYAN_STORE_LOGINS',
  'BANYAN_STORE_SECRET',
] as const

/** Variables for the environment of a process. Most of them are secrets. */
export type AccessEnvironment = Readonly<Partial<Record<(typeof accessVariables)[number], string>>>
