import type { Ambient } from '@banyan/ambient'
import { deployStreams, publishedModules } from '@banyan/broker-nats'
import { problemsError } from '@banyan/errors'
import { type LoadedApp, streamLimits } from '@banyan/host'
import { modulesOf } from '@banyan/module'
import type { Topology } from '@banyan/placement'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Makes the streams of the modules that other services hear, or brings them to the limits of the configuration. Services may
 * not: who deploys does it, with what `banyan access emit` wrote into `deploy.env`.
 * @param environment NATS_URL, BANYAN_NATS_DEPLOY_SEEDS, BANYAN_NATS_CA, BANYAN_NATS_CERT, BANYAN_NATS_KEY
 * @returns the modules that have a stream
 * @throws `invalid-config`, `broker-unreachable`
 */
export async function makeStreams(
  { app, config }: LoadedApp,
  topology: Topology,
  ambient: Ambient,
  environment: Environment,
): Promise<readonly string[]> {
  const { NATS_URL: url, BANYAN_NATS_DEPLOY_SEEDS: seeds } = environment
  const { BANYAN_NATS_CA: ca, BANYAN_NATS_CERT: certificate, BANYAN_NATS_KEY: key } = environment
  if (!url) throw missing('NATS_URL', 'is not set', 'set it to the NATS server that all services of the app share')
  const listens = new Map(modulesOf(app).map(({ name, on }) => [name, Object.keys(on)]))
  const modules = publishedModules(topology, (module) => listens.get(module) ?? [])
  const limits = streamLimits(config.events)
  await deployStreams({
    url,
    app: app.name,
    ambient,
    plans: modules.map((module) => ({ module, ...limits })),
    ...(seeds ? { seeds: readSeeds(seeds, modules) } : {}),
    ...(ca ? { tls: { ca, ...(certificate ? { certificate } : {}), ...(key ? { key } : {}) } } : {}),
  })
  return modules
}

/** By module. The text holds secrets, so nothing of it is repeated. */
function readSeeds(text: string, modules: readonly string[]): Record<string, string> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined // told below
  }
  const seeds = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  const without = modules.filter((module) => typeof seeds[module] !== 'string')
  if (without.length === 0) return seeds as Record<string, string>
  throw missing(
    'BANYAN_NATS_DEPLOY_SEEDS',
    `has no key for ${without.join(', ')}`,
    'take it from the deploy.env that banyan access emit wrote for this configuration',
  )
}

const missing = (where: string, what: string, remedy: string): Error =>
  problemsError('invalid-config', {}, [{ who: 'environment', where, what, remedy }])
