import { request } from 'node:http'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { serve } from '../support/gateways.js'
import { inventory } from '../support/shop.js'

const items = Array.from({ length: 200 }, (_, index) => ({ sku: `sku-${index}`, available: index }))

async function served() {
  return serve({
    contracts: [inventory],
    operations: { 'inventory.search': () => ({ items, total: 200 }), 'inventory.level': () => items[0] },
  })
}

// fetch undoes the encoding by itself, so the bytes are looked at with node:http.
function raw(
  url: string,
  acceptEncoding?: string,
): Promise<{ encoding: string | undefined; vary: string | undefined; bytes: Buffer }> {
  return new Promise((resolve, reject) => {
    const headers = acceptEncoding === undefined ? {} : { 'accept-encoding': acceptEncoding }
    request(url, { headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          encoding: response.headers['content-encoding'],
          vary: response.headers.vary,
          bytes: Buffer.concat(chunks),
        }),
      )
    })
      .on('error', reject)
      .end()
  })
}

describe('compression', () => {
  test.each([
    [undefined, undefined],
    ['gzip, deflate, br', 'br'],
    ['gzip', 'gzip'],
    ['br;q=0.5, gzip;q=0.9', 'gzip'],
    ['br;q=0, gzip;q=0', undefined],
    ['*', 'br'],
    ['identity', undefined],
    ['deflate', undefined],
    ['gzip;q=nonsense', undefined],
  ])('Accept-Encoding %s gets %s', async (accept, expected) => {
    const { url } = await served()
    const { encoding, vary, bytes } = await raw(`${url}/stock`, accept)
    expect(encoding).toBe(expected)
    expect(vary).toBe('accept-encoding')
    const text = encoding === 'br' ? brotliDecompressSync(bytes) : encoding === 'gzip' ? gunzipSync(bytes) : bytes
    expect(JSON.parse(text.toString())).toEqual({ items, total: 200 })
  })

  test('small responses are sent as they are', async () => {
    const { url } = await served()
    const { encoding, bytes } = await raw(`${url}/stock/tea`, 'br')
    expect(encoding).toBeUndefined()
    expect(JSON.parse(bytes.toString())).toEqual(items[0])
  })
})
