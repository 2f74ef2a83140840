import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LaneClaims } from '../../src/delivery/lane-claims.js'
import { allBlocks, type LaneShare, ownBlocks } from '../../src/delivery/lane-share.js'
import { LeaseKeeper } from '../../src/delivery/lease-keeper.js'
import { type DeliveryHost, defaultDeliveryLimits } from '../../src/delivery/options.js'
import { FakeModule, fakeStore } from './fake-store.js'

const name = 'sub:on:orders'
const spreadOf = (loads: readonly number[]): number => Math.max(...loads) - Math.min(...loads)
const sharesOf = (count: number): readonly number[][] =>
  Array.from({ length: count }, (_, index) => [...ownBlocks({ index, count })])

describe('the own blocks of replicas', () => {
  test.each(Array.from({ length: 20 }, (_, index) => index + 1))('of %i are all blocks, each once, evenly', (count) => {
    const shares = sharesOf(count)
    expect(shares.flat().sort()).toEqual(allBlocks)
    expect(spreadOf(shares.map((share) => share.length))).toBeLessThanOrEqual(1)
    if (count === 1) return
    // One replica more: nothing moves but to it.
    const before = sharesOf(count - 1)
    for (const [index, share] of shares.slice(0, -1).entries())
      expect(before[index]).toEqual(expect.arrayContaining(share))
  })

  test('of who is not listed yet are none', () => {
    expect(ownBlocks({ index: -1, count: 3 })).toEqual([])
    expect(ownBlocks({ index: -1, count: 1 })).toEqual([])
  })
})

/** Replicas over one table of leases, with a directory that they see late, and timers that the test lets run. */
class Simulation {
  readonly module = new FakeModule()
  /** Who is listed, in the order of joining; may hold who is dead. */
  listed: Replica[] = []
  live: Replica[] = []
  #serial = 0
  #timers: { at: number; run: () => void }[] = []
  #round = 0

  join(): void {
    const replica = new Replica(this, `replica ${this.#serial++}`)
    this.listed.push(replica)
    this.live.push(replica)
  }

  async leave(at: number): Promise<void> {
    const replica = this.#remove(at)
    if (!replica) return
    this.listed = this.listed.filter((one) => one !== replica)
    await replica.claims.release()
  }

  /** Its sessions end; it stays listed. */
  kill(at: number): void {
    const replica = this.#remove(at)
    for (const lease of this.module.leases.values()) if (lease.owner === replica?.id) lease.owner = undefined
  }

  #remove(at: number): Replica | undefined {
    return this.live.splice(at % Math.max(1, this.live.length), 1)[0]
  }

  lapse(): void {
    this.listed = this.listed.filter((one) => this.live.includes(one))
  }

  see(which: (replica: Replica) => boolean): void {
    for (const replica of this.live.filter(which))
      replica.share = { index: this.listed.indexOf(replica), count: this.listed.length }
  }

  after(rounds: number, run: () => void): () => void {
    const timer = { at: this.#round + rounds, run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer)
    }
  }

  async round(order: (replicas: readonly Replica[]) => readonly Replica[] = (all) => all): Promise<void> {
    this.#round++
    for (const timer of this.#timers.filter(({ at }) => at <= this.#round)) timer.run()
    this.#timers = this.#timers.filter(({ at }) => at > this.#round)
    for (const replica of order(this.live)) await replica.tick()
  }

  /** Who holds each block, `nobody` where it is free, and under which epoch. */
  owners(): string[] {
    return allBlocks.map((block) => {
      const lease = this.module.leases.get(`${name}#${block}`)
      return `${lease?.owner ?? 'nobody'}@${lease?.epoch ?? 0}`
    })
  }

  loads(): number[] {
    const owners = this.owners().map((owner) => owner.split('@')[0])
    return this.live.map(({ id }) => owners.filter((owner) => owner === id).length)
  }
}

class Replica {
  readonly id: string
  readonly claims: LaneClaims
  share: LaneShare = { index: -1, count: 0 }
  #held: readonly number[] = []

  constructor(simulation: Simulation, id: string) {
    this.id = id
    const after = simulation.after.bind(simulation)
    const store = fakeStore({ billing: simulation.module }, id)
    const host = { limits: defaultDeliveryLimits, upkeepAfter: after } as unknown as DeliveryHost
    const keeper = new LeaseKeeper('billing', store.module('billing').leases, host)
    this.claims = new LaneClaims(keeper, name, { share: () => this.share, unclaimedMs: 3, after })
  }

  /** What the subscription does at each look, with every batch ended at once. */
  async tick(): Promise<void> {
    const { leases, surplus } = await this.claims.take(this.#held, () => undefined)
    this.#held = leases.map(({ block }) => block).filter((block) => !surplus.includes(block))
    if (surplus.length > 0) await this.claims.release(surplus)
  }
}

type Step =
  | { readonly kind: 'join' }
  | { readonly kind: 'lapse' }
  | { readonly kind: 'leave' | 'kill'; readonly at: number }
  | { readonly kind: 'see'; readonly bits: number }
  | { readonly kind: 'round'; readonly turn: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.constant<Step>({ kind: 'join' }),
  fc.constant<Step>({ kind: 'lapse' }),
  fc.record({ kind: fc.constantFrom('leave' as const, 'kill' as const), at: fc.nat(20) }),
  fc.record({ kind: fc.constant('see' as const), bits: fc.nat(1023) }),
  fc.record({ kind: fc.constant('round' as const), turn: fc.nat(20) }),
)

async function run(simulation: Simulation, one: Step): Promise<void> {
  const { live } = simulation
  if (one.kind === 'join') simulation.join()
  else if (one.kind === 'lapse') simulation.lapse()
  else if (one.kind === 'see') simulation.see((replica) => ((one.bits >> (live.indexOf(replica) % 10)) & 1) === 1)
  else if (one.kind === 'round') {
    const { turn } = one
    await simulation.round((all) => [...all.slice(turn % all.length), ...all.slice(0, turn % all.length)])
  } else if (one.kind === 'leave') await simulation.leave(one.at)
  else simulation.kill(one.at)
}

describe('blocks over replicas that come and go', () => {
  test('end with every block held once, evenly, and then stay', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.nat(20), async (steps, turn) => {
        const simulation = new Simulation()
        simulation.join()
        for (const one of steps) await run(simulation, one)
        if (simulation.live.length === 0) simulation.join()
        simulation.lapse()
        simulation.see(() => true)
        // What is somebody's own is asked for, given, and taken.
        for (let round = 0; round < 3; round++) await run(simulation, { kind: 'round', turn })
        expect(simulation.loads().reduce((sum, load) => sum + load, 0)).toBe(allBlocks.length)
        expect(spreadOf(simulation.loads())).toBeLessThanOrEqual(1)
        const settled = simulation.owners()
        for (let round = 0; round < 5; round++) await simulation.round()
        expect(simulation.owners()).toEqual(settled)
      }),
      { numRuns: 300 },
    )
  })

  test('are held all, and stay, while the directory lists whoever takes nothing and replicas see it differently', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const simulation = new Simulation()
        simulation.join()
        for (const one of steps) await run(simulation, one)
        simulation.join()
        // Long enough for what is another's own to count as free for long, and for every want to be answered.
        for (let round = 0; round < 12; round++) await simulation.round()
        const settled = simulation.owners()
        expect(settled.filter((owner) => owner.startsWith('nobody'))).toEqual([])
        for (let round = 0; round < 5; round++) await simulation.round()
        expect(simulation.owners()).toEqual(settled)
      }),
      { numRuns: 300 },
    )
  })

  test('a replica that starts late gets its own at once when it asks', async () => {
    const simulation = new Simulation()
    simulation.join()
    simulation.join()
    const late = simulation.live.pop() as Replica
    simulation.see(() => true)
    for (let round = 0; round < 5; round++) await simulation.round()
    expect(simulation.loads()).toEqual([8])
    simulation.live.push(late)
    simulation.see(() => true)
    for (let round = 0; round < 2; round++) await simulation.round()
    expect(simulation.loads()).toEqual([4, 4])
  })
})
