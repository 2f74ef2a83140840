import { type Order, type Priced, price } from '../support/order.js'
import { orders } from './banyan.js'
import { type CallSystem, callEach } from './types.js'

async function bare(order: Order): Promise<Priced> {
  return price(order)
}

const input = orders.queries.quote.inputCodec
const output = orders.queries.quote.outputCodec

async function checked(order: Order): Promise<Priced> {
  const given = input.check(order)
  if (!given.ok) throw new Error('The sample is not valid')
  const answer = output.check(price(given.value as Order))
  if (!answer.ok) throw new Error('The answer is not valid')
  return answer.value as Priced
}

function system(call: (order: Order) => Promise<Priced>, samples: readonly Order[]): CallSystem {
  const each = (count: number): Promise<number> => callEach(samples, count, call)
  return { queries: each, commands: each, stop: async () => undefined }
}

/** An async function: nothing is checked, nothing copied. */
export const openBare = async (samples: readonly Order[]): Promise<CallSystem> => system(bare, samples)

/** An async function between the checks and copies that a contract asks for. */
export const openChecked = async (samples: readonly Order[]): Promise<CallSystem> => system(checked, samples)
