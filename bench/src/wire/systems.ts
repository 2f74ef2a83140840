import type { NamedWire } from './types.js'

/** Ours is to be ahead of each of these from 16 in flight on. */
export const frameworks = {
  moleculerTcp: 'Moleculer, TCP',
  moleculerNats: 'Moleculer, NATS',
  nestTcp: 'NestJS, TCP',
  nestNats: 'NestJS, NATS',
  grpc: 'grpc-js',
  trpc: 'tRPC, a request per call',
  undici: 'undici to Fastify',
} as const

export const wires: readonly NamedWire[] = [
  { name: 'Banyan by lane', role: 'ours', file: 'ours', system: 'queryByLane' },
  { name: 'Banyan over NATS', role: 'peer', file: 'ours', system: 'queryOverNats' },
  { name: 'raw TCP frames', role: 'limit', file: 'frames', system: 'frames' },
  { name: 'NATS client, request and reply', role: 'peer', file: 'nats', system: 'plainNats' },
  { name: frameworks.moleculerTcp, role: 'peer', file: 'moleculer', system: 'moleculerTcp' },
  { name: frameworks.moleculerNats, role: 'peer', file: 'moleculer', system: 'moleculerNats' },
  { name: frameworks.nestTcp, role: 'peer', file: 'nest', system: 'nestTcp' },
  { name: frameworks.nestNats, role: 'peer', file: 'nest', system: 'nestNats' },
  { name: frameworks.grpc, role: 'peer', file: 'grpc', system: 'grpc' },
  { name: frameworks.trpc, role: 'peer', file: 'trpc', system: 'trpc' },
  { name: frameworks.undici, role: 'peer', file: 'fastify', system: 'undiciToFastify' },
]
