import type { IncomingMessage } from 'node:http'
import type { FastifyReply } from 'fastify'

const next = Symbol.for('banyan.gateway.next')

type Middled = IncomingMessage & { [next]?: () => void }

/** Says who takes a request that no route of the gateway fits. */
export function passOnTo(request: IncomingMessage, take: () => void): void {
  ;(request as Middled)[next] = take
}

/** Gives the request to who is next, if anybody is; from then on the reply is theirs. */
export function passOn(request: IncomingMessage, reply: FastifyReply): boolean {
  const take = (request as Middled)[next]
  if (take === undefined) return false
  reply.hijack()
  take()
  return true
}
