import type { Measurement } from '../harness/types.js'

const batch = 2_000

/** Nanoseconds of a call, made one after the other for about so long. */
export async function perCall(call: () => Promise<unknown>, ms: number): Promise<Measurement> {
  const from = process.hrtime.bigint()
  const until = from + BigInt(Math.round(ms * 1e6))
  let calls = 0
  let now = from
  while (now < until) {
    for (let made = 0; made < batch; made++) await call()
    calls += batch
    now = process.hrtime.bigint()
  }
  return { value: Number(now - from) / calls }
}
