import type { LaneOptions } from '@banyan/broker-nats/types'
import type { Problem } from '@banyan/errors'
import type { ModuleLogin, StoreLogins } from '@banyan/store-postgres'
import type { Environment } from '../composition.js'

/** How a service reaches the broker, as its environment says. */
export interface BrokerAccess {
  readonly url: string
  /** Seeds of the service's keys for calls and for events; absent: the broker asks for none. */
  readonly callsSeed?: string
  readonly eventsSeed?: string
  /** Files, with absolute paths; absent: no TLS. */
  readonly tls?: { readonly ca: string; readonly certificate?: string; readonly key?: string }
}

/** What the environment of a process says of the service that it is. */
export interface ServiceEnvironment {
  readonly broker: BrokerAccess
  /** By module; absent: DATABASE_URL is the admin of the database. */
  readonly logins?: StoreLogins
  /** Where calls are taken past the broker; absent: nowhere. */
  readonly lane?: LaneOptions
}

const who = 'environment'

/**
 * Reads what `banyan up` and `banyan access emit` write for a service. What is wrong is told without values: they are secrets.
 * @param modules those that the service hosts
 */
export function readServiceEnvironment(
  environment: Environment,
  modules: readonly string[],
): { readonly problems: readonly Problem[]; readonly service?: ServiceEnvironment } {
  const problems: Problem[] = []
  const broker = brokerOf(environment, problems)
  const logins = loginsOf(environment, modules, problems)
  const lane = laneOf(environment, problems)
  if (modules.length > 0 && !environment.DATABASE_URL)
    problems.push({
      who,
      where: 'DATABASE_URL',
      what: 'is not set: a service among others starts no database of its own',
      allowed: 'postgresql://host:5432/database',
      remedy: 'set it to the database that all services of the app share, or use `banyan up`, which does',
    })
  if (problems.length > 0 || !broker) return { problems }
  return { problems, service: { broker, ...(logins && { logins }), ...(lane && { lane }) } }
}

function brokerOf(environment: Environment, problems: Problem[]): BrokerAccess | undefined {
  const { NATS_URL: url, BANYAN_NATS_CALLS_SEED: calls, BANYAN_NATS_EVENTS_SEED: events } = environment
  const { BANYAN_NATS_CA: ca, BANYAN_NATS_CERT: certificate, BANYAN_NATS_KEY: key } = environment
  if (!url) {
    problems.push({
      who,
      where: 'NATS_URL',
      what: 'is not set',
      allowed: 'nats://host:4222, or several with commas between them',
      remedy: 'set it to the NATS server that all services of the app share, or use `banyan up`, which does',
    })
    return undefined
  }
  together(problems, { BANYAN_NATS_CALLS_SEED: calls, BANYAN_NATS_EVENTS_SEED: events })
  together(problems, { BANYAN_NATS_CERT: certificate, BANYAN_NATS_KEY: key })
  return {
    url,
    ...(calls ? { callsSeed: calls } : {}),
    ...(events ? { eventsSeed: events } : {}),
    ...(ca ? { tls: { ca, ...(certificate ? { certificate } : {}), ...(key ? { key } : {}) } } : {}),
  }
}

/** BANYAN_LANE: `0.0.0.0:7422`, and after a comma what the others connect to, where it is another. */
function laneOf({ BANYAN_LANE: text }: Environment, problems: Problem[]): LaneOptions | undefined {
  if (!text) return undefined
  const [, host, port, advertise] = /^([^,]+):(\d{1,5})(?:,([^,:]+))?$/.exec(text) ?? []
  if (host !== undefined && Number(port) < 65_536) return { host, port: Number(port), ...(advertise && { advertise }) }
  problems.push({
    who,
    where: 'BANYAN_LANE',
    what: `is ${JSON.stringify(text)}`,
    allowed: 'host:port, or host:port,name — the name that other processes connect to; port 0 takes any free one',
    remedy: 'correct the variable, or unset it: then all calls go through the broker',
  })
  return undefined
}

/** Variables of which both are set, or none. */
function together(problems: Problem[], pair: Readonly<Record<string, string | undefined>>): void {
  const missing = Object.keys(pair).filter((name) => !pair[name])
  if (missing.length !== 1) return
  problems.push({
    who,
    where: missing[0] as string,
    what: `is not set, and ${Object.keys(pair).find((name) => pair[name])} is`,
    allowed: 'both, or none',
    remedy: 'take all variables that `banyan access emit` wrote for the service',
  })
}

function loginsOf(
  { BANYAN_STORE_LOGINS: text }: Environment,
  modules: readonly string[],
  problems: Problem[],
): StoreLogins | undefined {
  if (!text) return undefined
  const remedy = 'take all variables that `banyan access emit` wrote for the service'
  const where = 'BANYAN_STORE_LOGINS'
  const logins = parsed(text)
  if (!logins) {
    const allowed = '{ "module": { "user": "…", "password": "…" }, … }'
    problems.push({ who, where, what: 'is not JSON of the form that is asked for', allowed, remedy })
    return undefined
  }
  const missing = modules.filter((module) => !logins[module])
  if (missing.length > 0) problems.push({ who, where, what: `has no login for ${missing.join(', ')}`, remedy })
  return logins
}

function parsed(text: string): StoreLogins | undefined {
  try {
    const value = JSON.parse(text) as unknown
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    const isLogin = (login: Partial<ModuleLogin> | null): boolean =>
      typeof login?.user === 'string' && typeof login.password === 'string'
    return Object.values(value).every(isLogin) ? (value as StoreLogins) : undefined
  } catch {
    return undefined // told by the caller, without the text, which holds passwords
  }
}
