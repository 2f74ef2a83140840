import type { CallSubject, Provider, ReplyTo, RequestSubject } from '@banyan/placement'
import { versionParts } from '@banyan/placement'

/**
 * The subjects of the account of calls (decision 0017). The service of who speaks is the last token of what it publishes,
 * or the module in whose name it answers stands in the subject: the broker lets nobody else do so (P8).
 */
export class CallSubjects {
  readonly #app: string
  readonly #service: string
  readonly #token: string

  constructor(app: string, service: string, token: string) {
    this.#app = app
    this.#service = service
    this.#token = token
  }

  call({ module, line, step, instance }: Provider, operation: string): string {
    return `${this.#app}.call.${module}.${line}.${step}.${instance}.${operation}.${this.#service}`
  }

  cancel(module: string): string {
    return `${this.#app}.cancel.${module}.${this.#service}`
  }

  log(module: string, operation: string): string {
    return `${this.#app}.log.${module}.${operation}.${this.#service}`
  }

  route(module: string, version: string): string {
    const { line, step } = versionParts(version)
    return `${this.#app}.route.${module}.${line}.${step}.any.${this.#service}`
  }

  /** Asks one process for a ticket of its lane. */
  lane(module: string, instance: string): string {
    return `${this.#app}.lane.${module}.${instance}.${this.#service}`
  }

  lanes(module: string, instance: string): string {
    return `${this.#app}.lane.${module}.${instance}.*`
  }

  /** Where the broker tells that nobody listens; `what` comes back with that. */
  replyHere(module: string, what: string): string {
    return `${this.#app}.reply.${this.#service}.${module}.${this.#token}.${what}`
  }

  replyTo({ service, module, token }: ReplyTo): string {
    return `${this.#app}.reply.${service}.${module}.${token}.0`
  }

  get presence(): string {
    return `${this.#app}.presence.${this.#service}`
  }

  get hello(): string {
    return `${this.#app}.hello.${this.#service}`
  }

  get replies(): string {
    return `${this.#app}.reply.${this.#service}.*.${this.#token}.*`
  }

  get presences(): string {
    return `${this.#app}.presence.*`
  }

  get hellos(): string {
    return `${this.#app}.hello.*`
  }

  calls(module: string, version: string, instance: string): string {
    const { line, step } = versionParts(version)
    return `${this.#app}.call.${module}.${line}.${step}.${instance}.*.*`
  }

  cancels(module: string): string {
    return `${this.#app}.cancel.${module}.*`
  }

  logs(module: string): string {
    return `${this.#app}.log.${module}.*.*`
  }

  routes(module: string, version: string): string {
    const { line, step } = versionParts(version)
    return `${this.#app}.route.${module}.${line}.${step}.any.*`
  }
}

// The broker hands over only what matches the subscription, so the number of tokens is known.

export function readCallSubject(subject: string): CallSubject {
  const tokens = subject.split('.')
  return { module: tokens[2] as string, operation: tokens[6] as string, service: tokens[7] as string }
}

/** Of what this process published itself and the broker refused. */
export function readRefusedCall(subject: string): { module: string; instance: string; operation: string } | undefined {
  const [, kind, module, , , instance, operation] = subject.split('.')
  return kind === 'call' && module && instance && operation ? { module, instance, operation } : undefined
}

export function readLogSubject(subject: string): RequestSubject {
  const tokens = subject.split('.')
  return { kind: 'log', module: tokens[2] as string, operation: tokens[3] as string, service: tokens[4] as string }
}

export function readLaneSubject(subject: string): RequestSubject {
  const tokens = subject.split('.')
  return { kind: 'lane', module: tokens[2] as string, service: tokens[4] as string }
}

export function readRouteSubject(subject: string): RequestSubject {
  const tokens = subject.split('.')
  return { kind: 'route', module: tokens[2] as string, service: tokens[6] as string }
}

export function readReplySubject(subject: string): { module: string; what: string } {
  const tokens = subject.split('.')
  return { module: tokens[3] as string, what: tokens[5] as string }
}

/** The last token: the service that speaks. */
export const speakerOf = (subject: string): string => subject.slice(subject.lastIndexOf('.') + 1)
