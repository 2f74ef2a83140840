import { describe, expect, test } from 'vitest'
import { exposition } from '../../src/index.js'
import { serve } from '../support/gateways.js'
import { inventory } from '../support/shop.js'

const line =
  /^(?:# (?:HELP|TYPE) [a-z_]+ .+|[a-z_:][a-z0-9_:]*(?:\{(?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)+\})? (?:[-+0-9.e]+|NaN|[-+]Inf))$/

describe('/metrics', () => {
  test('is the text format of Prometheus, of the runtime and of HTTP', async () => {
    const { get } = await serve({
      contracts: [inventory],
      operations: { 'inventory.level': () => null },
      metrics: [
        {
          name: 'banyan_calls_total',
          help: 'Calls',
          type: 'counter',
          samples: [{ labels: { module: 'a' }, value: 2 }],
        },
      ],
    })
    await get('/stock/tea')
    await get('/stock/milk')
    await get('/nowhere/1')
    await get('/nowhere/2')
    const response = await get('/metrics')
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    const text = await response.text()
    for (const one of text.trimEnd().split('\n')) expect(one).toMatch(line)
    expect(text.endsWith('\n')).toBe(true)
    expect(text).toContain('banyan_calls_total{module="a"} 2')
    expect(text).toContain('banyan_http_requests_total{method="GET",route="/stock/{sku}",status="404"} 2')
    expect(text).toContain('banyan_http_requests_total{method="GET",route="unmatched",status="404"} 2')
    expect(text).toContain('banyan_http_request_duration_seconds_bucket{method="GET",route="/stock/{sku}",le="+Inf"} 2')
    expect(text).toContain('banyan_http_request_duration_seconds_count{method="GET",route="/stock/{sku}"} 2')
  })

  test('labels are escaped', () => {
    const text = exposition([
      {
        name: 'a',
        help: 'one\ntwo \\',
        type: 'gauge',
        samples: [{ labels: { l: 'q"\\\n' }, value: Number.POSITIVE_INFINITY }],
      },
    ])
    expect(text).toBe('# HELP a one\\ntwo \\\\\n# TYPE a gauge\na{l="q\\"\\\\\\n"} +Inf\n')
  })

  test('buckets of a histogram add up', async () => {
    const { get } = await serve({ contracts: [inventory], operations: { 'inventory.level': () => null } })
    for (let index = 0; index < 5; index++) await get('/stock/tea')
    const text = await (await get('/metrics')).text()
    const buckets = [
      ...text.matchAll(/duration_seconds_bucket\{method="GET",route="\/stock\/\{sku\}",le="[^"]+"\} (\d+)/g),
    ]
    const values = buckets.map(([, value]) => Number(value))
    expect(values).toHaveLength(14)
    expect(values).toEqual([...values].sort((one, other) => one - other))
    expect(values.at(-1)).toBe(5)
  })
})
