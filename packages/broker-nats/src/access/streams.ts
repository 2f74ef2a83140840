import type { AccessPlan, SourceAccess } from '@banyan/placement'
import { eventsAccount, serviceAccount, streamName } from './accounts.js'

/*
 * How the stream of a module is reached from the accounts of services. Subjects of the JetStream API are imported under
 * a name of the app: under their own name the API of the importing account would answer (tried on 2.9.10). A reply to what
 * is asked through an import can reach the asking account only, and no import lets anybody make a consumer.
 */

/** One subject that an account offers or takes, as the broker's configuration says it. */
export interface Shared {
  readonly kind: 'stream' | 'service'
  /** In the account of the stream. */
  readonly subject: string
  /** In the account of the service, where it differs. */
  readonly to?: string
}

/** What the service that hosts a module needs: to append, to look, and to clear a stream that it fills again. */
function hostShares(app: string, module: string): Shared[] {
  const stream = streamName(app, module)
  return [
    { kind: 'service', subject: `${app}.event.${module}.*.*` },
    { kind: 'service', subject: `$JS.API.STREAM.INFO.${stream}`, to: `${app}.stream.${module}.info` },
    { kind: 'service', subject: `$JS.API.STREAM.MSG.GET.${stream}`, to: `${app}.stream.${module}.get` },
    { kind: 'service', subject: `$JS.API.STREAM.PURGE.${stream}`, to: `${app}.stream.${module}.purge` },
  ]
}

/** What a service needs that reads a module: what is new as it comes, and single events that are stored. */
function readerShares(app: string, module: string): Shared[] {
  return [
    { kind: 'stream', subject: `${app}.live.${module}.*.*` },
    {
      kind: 'service',
      subject: `$JS.API.DIRECT.GET.${streamName(app, module)}`,
      to: `${app}.stream.${module}.direct`,
    },
  ]
}

/** What the account of a stream offers, and to which accounts alone. */
export interface Export extends Shared {
  readonly accounts: readonly string[]
}

export function exportsOf(app: string, { module, host, readers }: SourceAccess): Export[] {
  const offered = (shares: Shared[], services: readonly string[]): Export[] =>
    services.length === 0 ? [] : shares.map((share) => ({ ...share, accounts: services.map(serviceAccount) }))
  return [...offered(hostShares(app, module), [host]), ...offered(readerShares(app, module), readers)]
}

/** What the account of a service takes, and from which account. */
export interface Import extends Shared {
  readonly account: string
}

export function importsOf({ app, sources }: AccessPlan, service: string): Import[] {
  return sources.flatMap(({ module, host, readers }) => {
    const shares = [
      ...(host === service ? hostShares(app, module) : []),
      ...(readers.includes(service) ? readerShares(app, module) : []),
    ]
    return shares.map((share) => ({ ...share, account: eventsAccount(module) }))
  })
}
