import type { Role } from '../harness/types.js'
import { openBanyan } from './banyan.js'
import { openBare, openChecked } from './bare.js'
import { openMoleculer } from './moleculer.js'
import { openNest, openTrustingNest } from './nest.js'
import { openTrpc } from './trpc.js'
import type { OpenCallSystem } from './types.js'

export const moleculer = 'Moleculer, its validator'

export interface NamedSystem {
  readonly name: string
  readonly role: Role
  readonly open: OpenCallSystem
}

export const systems: readonly NamedSystem[] = [
  { name: 'Banyan', role: 'ours', open: openBanyan },
  { name: 'bare async function', role: 'limit', open: openBare },
  { name: 'bare, checked and copied by the same codecs', role: 'variant', open: openChecked },
  { name: moleculer, role: 'peer', open: openMoleculer },
  { name: 'NestJS CQRS, nothing validated', role: 'peer', open: openTrustingNest },
  { name: 'NestJS CQRS, zod', role: 'peer', open: openNest },
  { name: 'tRPC caller, zod', role: 'peer', open: openTrpc },
]
