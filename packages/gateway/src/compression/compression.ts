import { brotliCompress, constants, gzip } from 'node:zlib'

type Done = (error: Error | null, bytes: Buffer) => void

/** A way to compress that the client accepts. */
export interface Compression {
  readonly encoding: 'br' | 'gzip'
  compress(bytes: Buffer, done: Done): void
}

// Levels where a further one costs more time than it saves bytes on responses made for one caller.
const brotli: Compression = {
  encoding: 'br',
  compress: (bytes, done) =>
    brotliCompress(
      bytes,
      { params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } },
      done,
    ),
}
const gzipped: Compression = { encoding: 'gzip', compress: (bytes, done) => gzip(bytes, { level: 5 }, done) }

/** The best compression that `Accept-Encoding` (RFC 9110, 12.5.3) allows; `undefined`: send as it is. */
export function compressed(acceptEncoding: string | string[] | undefined): Compression | undefined {
  if (typeof acceptEncoding !== 'string' || acceptEncoding.length > 256) return undefined
  const weights = new Map<string, number>()
  for (const part of acceptEncoding.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((piece) => piece.trim())
    const weight = parameters.find((parameter) => parameter.startsWith('q='))
    weights.set(name, weight === undefined ? 1 : Number(weight.slice(2)))
  }
  const weightOf = (name: string): number => weights.get(name) ?? weights.get('*') ?? 0
  const best = weightOf('br') >= weightOf('gzip') ? brotli : gzipped
  const identity = weights.get('identity') ?? 0
  const weight = weightOf(best.encoding)
  return weight > 0 && weight >= identity ? best : undefined
}
