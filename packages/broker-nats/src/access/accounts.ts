/*
 * Names of accounts, streams and users in the configuration of the broker. Dashes cannot be in the names of modules, and
 * no name of a service begins with an underscore, so nothing here can meet another name.
 */

/** Calls, presence and log requests of all services. */
export const callsAccount = 'CALLS'
/** The account of the server itself; it has no user. */
export const systemAccount = 'SYSTEM'
/** The name under which a tool speaks that only looks. */
export const observerName = '_observer'

/** The stream of a module, and nothing else. */
export const eventsAccount = (module: string): string => `EVENTS_${module}`
/** What a service sees of streams. */
export const serviceAccount = (service: string): string => `SERVICE_${service}`
/** The stream of a module. */
export const streamName = (app: string, module: string): string => `${app}-${module}`

/** Who has a key of its own. */
export type Principal =
  | { readonly kind: 'calls'; readonly service: string }
  | { readonly kind: 'events'; readonly service: string }
  /** Makes the stream of a module, at deployment. */
  | { readonly kind: 'deploy'; readonly module: string }
  | { readonly kind: 'observer' }

/** What a principal is called in a keyring: `calls.orders`, `deploy.orders`, `observer`. */
export function principalName(principal: Principal): string {
  if (principal.kind === 'observer') return principal.kind
  return `${principal.kind}.${principal.kind === 'deploy' ? principal.module : principal.service}`
}
