import type { Ambient } from '@banyan/ambient'
import { type Observer, observe } from '@banyan/broker-nats'
import { banyanError } from '@banyan/errors'
import { askUp } from '../up/control.js'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * An observer of an app: through the broker of NATS_URL with the credentials of `observer.env` in the environment, else through
 * the broker of the `banyan up` that runs in the folder.
 * @throws `broker-unreachable`, `up-not-running`
 */
export async function observed(
  app: string,
  folder: string,
  environment: Environment,
  ambient: Ambient,
): Promise<Observer> {
  const variables = environment.NATS_URL ? environment : await ofUp(folder)
  const { NATS_URL: servers, BANYAN_NATS_OBSERVER_SEED: seed } = variables
  const { BANYAN_NATS_CA: caFile, BANYAN_NATS_CERT: certFile, BANYAN_NATS_KEY: keyFile } = variables
  if (!servers) throw banyanError('up-not-running')
  return observe({
    servers,
    app,
    ambient,
    ...(seed ? { seed } : {}),
    ...(caFile ? { tls: { caFile, ...(certFile ? { certFile } : {}), ...(keyFile ? { keyFile } : {}) } } : {}),
  })
}

async function ofUp(folder: string): Promise<Environment> {
  const { observer } = (await askUp(folder, { command: 'status' })) as { observer: Environment }
  return observer
}
