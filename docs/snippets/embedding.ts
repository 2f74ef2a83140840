import { embed } from 'banyan/embed'
import Fastify from 'fastify'
import { theatre } from './app.js'
import { bookings } from './bookings/contract.js'

// #region embed
export const banyan = embed(theatre, { work: 'all' })
// #endregion

// #region fastify
export const fastify = Fastify()
await fastify.register(banyan.fastify, { prefix: '/api' })
// #endregion

// #region fetch
export const GET = (request: Request) => banyan.fetch(request, { prefix: '/api' })
// #endregion

// #region script
export async function cancelAll(bookingIds: readonly string[]): Promise<void> {
  await using script = embed(theatre, { work: 'calls' })
  const operator = { subject: 'script', permissions: [] }
  for (const bookingId of bookingIds) await script.call(bookings, operator).expire({ bookingId })
}
// #endregion

// #region identify
export const guarded = embed(theatre, {
  work: 'all',
  identify: ({ headers }) =>
    headers['x-user'] === undefined ? undefined : { subject: String(headers['x-user']), permissions: [] },
})
// #endregion
