import type { ServiceAccess } from '@banyan/placement'
import { observerName } from './accounts.js'

/** Exactly what a user may publish to and subscribe to; nothing else. */
export interface Permissions {
  readonly publish: readonly string[]
  readonly subscribe: readonly string[]
}

/**
 * What a service may say and hear in the account of calls (decision 0017).
 *
 * I1 Whatever it publishes ends in its own name, or begins as a reply in the name of a module that it hosts: it cannot
 *    speak for another (P8).
 * I2 It hears what is asked of its own modules, replies to itself, and who is there.
 */
export function callPermissions(app: string, access: ServiceAccess): Permissions {
  const { service, serves, calls, routes, reads, replies } = access
  const asked = new Set([...calls, ...routes].map(({ module }) => module))
  return {
    // I1
    publish: [
      ...calls.map(({ module, line, operation }) => `${app}.call.${module}.${line}.*.*.${operation}.${service}`),
      ...routes.map(({ module, line }) => `${app}.route.${module}.${line}.*.any.${service}`),
      ...reads.map(({ source }) => `${app}.log.${source}.*.${service}`),
      ...[...asked].flatMap((module) => [`${app}.cancel.${module}.${service}`, `${app}.lane.${module}.*.${service}`]),
      ...replies.map(({ to, module }) => `${app}.reply.${to}.${module}.*.*`),
      `${app}.presence.${service}`,
      `${app}.hello.${service}`,
    ],
    // I2; every version of a module, since the next one is started beside this one under the same key
    subscribe: [
      ...serves.flatMap(({ module }) => [
        `${app}.call.${module}.*.*.*.*.*`,
        `${app}.route.${module}.*.*.any.*`,
        `${app}.log.${module}.*.*`,
        `${app}.cancel.${module}.*`,
        `${app}.lane.${module}.*.*`,
      ]),
      `${app}.reply.${service}.*.*.*`,
      `${app}.presence.*`,
      `${app}.hello.*`,
    ],
  }
}

/** What a tool may that looks who is there. */
export function observerPermissions(app: string): Permissions {
  return { publish: [`${app}.hello.${observerName}`], subscribe: [`${app}.presence.*`] }
}

/** What a service may in its own account for events: the names under which streams of others are imported. */
export function eventPermissions(app: string, { service, reads, publishes }: ServiceAccess): Permissions {
  return {
    publish: [
      ...publishes.flatMap(({ module }) => [
        `${app}.event.${module}.*.*`,
        ...['info', 'get', 'purge'].map((verb) => `${app}.stream.${module}.${verb}`),
        bell(app, module),
      ]),
      ...reads.map(({ source }) => `${app}.stream.${source}.direct`),
    ],
    subscribe: [
      ...publishes.map(({ module }) => bell(app, module)),
      ...reads.map(({ source }) => `${app}.live.${source}.*.*`),
      `_INBOX.${service}.>`,
    ],
  }
}

/** Inside the account of a service: one of its processes tells the others that it appended to the log of a module. */
const bell = (app: string, module: string): string => `${app}.bell.${module}`
