import { percentile } from '../harness/statistics.js'
import type { Measurement } from '../harness/types.js'
import { countProcessorTime } from './processor-time.js'

/** Callers that each make the next call when the last one has answered. */
export async function closedLoop(
  concurrency: number,
  ms: number,
  call: (caller: number) => Promise<unknown>,
): Promise<Measurement> {
  const latencies: number[] = []
  const processorTime = countProcessorTime()
  const begunAt = performance.now()
  const until = begunAt + ms
  const caller = async (number: number): Promise<void> => {
    for (let now = performance.now(); now < until; ) {
      await call(number)
      const ended = performance.now()
      latencies.push(ended - now)
      now = ended
    }
  }
  await Promise.all(Array.from({ length: concurrency }, (_, number) => caller(number)))
  return {
    value: latencies.length / ((performance.now() - begunAt) / 1_000),
    details: {
      'p50 ms': percentile(latencies, 0.5),
      'p99 ms': percentile(latencies, 0.99),
      'Node CPU µs': processorTime() / latencies.length,
    },
  }
}
