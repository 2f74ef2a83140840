import { request } from 'node:http'
import { describe, expect, test } from 'vitest'
import { parseTraceparent } from '../../src/index.js'
import { serve } from '../support/gateways.js'
import { hasSharedData, readSharedJson } from '../support/shared-data.js'
import { inventory } from '../support/shop.js'

interface Expression {
  readonly expr?: string
  readonly value?: string
}
interface Vector {
  readonly suite: string
  readonly name: string
  readonly steps: readonly {
    readonly headers: readonly (readonly [string, string])[]
    readonly checks: readonly { readonly op: string; readonly args: readonly [Expression, Expression] }[]
  }[]
}

const file = 'w3c-trace-context/vectors.json'
const vectors = hasSharedData(file) ? readSharedJson<{ tests: readonly Vector[] }>(file).tests : []

/** What the gateway makes of the headers: the trace context of the call, which is what it sends on. */
async function outgoing(
  headers: readonly (readonly [string, string])[],
): Promise<{ parent: string; state: string | undefined }> {
  const { url, runtime, gateway } = await serve({
    contracts: [inventory],
    operations: { 'inventory.level': () => null },
  })
  await new Promise<void>((resolve, reject) => {
    // As pairs, so that a header may be sent twice.
    const raw = [...headers.flat(), 'host', new URL(url).host, 'connection', 'close']
    const sent = request(`${url}/stock/tea`, { headers: raw as never }, (response) =>
      response.resume().on('end', resolve),
    )
    sent.on('error', reject).end()
  })
  await gateway.close(0)
  const call = runtime.calls[0]
  return { parent: call?.traceparent ?? '', state: call?.tracestate }
}

describe('W3C trace context, vectors of its test harness (P7)', () => {
  if (vectors.length === 0) test.skip(`all vectors [skipped: ${file} is absent]`, () => undefined)

  test.each(vectors.map((vector) => [`${vector.suite}.${vector.name}`, vector] as const))(
    '%s',
    async (_, { steps }) => {
      const states: number[] = []
      for (const { headers, checks } of steps) {
        const { parent, state } = await outgoing(headers)
        const parsed = parseTraceparent(parent)
        expect(parsed, `one well-formed traceparent, not ${parent}`).toBeDefined()
        states.push(state === undefined ? 0 : state.split(',').length)
        const known: Record<string, unknown> = {
          'traceparent.trace_id': parsed?.traceId,
          'traceparent.parent_id': parsed?.parentId,
          'len(tracestate1)': states[0],
          'len(tracestate2)': states[1],
        }
        for (const { op, args } of checks) {
          const [left, right] = args.map(({ expr, value }) => {
            if (expr === undefined) return value
            expect(Object.keys(known)).toContain(expr)
            return known[expr]
          })
          expect(['equal', 'notequal']).toContain(op)
          if (op === 'equal') expect(left).toBe(right)
          else expect(left).not.toBe(right)
        }
      }
    },
  )
})
