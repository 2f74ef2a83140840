import type { Lease } from '../ports/store.js'
import type { After } from './bell.js'
import { allBlocks, type LaneShare, ownBlocks } from './lane-share.js'
import type { LeaseKeeper } from './lease-keeper.js'

/** What a look at the blocks of a subscription gave. */
export interface Claim {
  /** All that this process holds now. */
  readonly leases: readonly Lease[]
  /** Of those: what is another replica's own, and what it asks for. */
  readonly surplus: readonly number[]
}

interface Seen {
  /** Held by this process. */
  readonly mine: ReadonlySet<number>
  /** Asked for by others. */
  readonly wanted: ReadonlySet<number>
}

const nothingSeen: Seen = { mine: new Set(), wanted: new Set() }

export interface ClaimSetting {
  readonly share: () => LaneShare
  /** How long what is somebody else's must have been free before it is taken. */
  readonly unclaimedMs: number
  readonly after: After
}

/**
 * Which blocks of one subscription this process asks for, and which it gives to the other replicas.
 *
 * I1 Only what is not its own is given away, and only to a replica that asks for it: so a block never waits for a replica
 *    that is listed and takes nothing, and two replicas that see different shares do not take it from each other in turn.
 * I2 What is not its own is taken only after it was free for a while: then whose own it is has died, or does not work.
 * I3 Who lacks a block of its own holds its `want` for as long, as a lease of the same liveness.
 */
export class LaneClaims {
  readonly #keeper: LeaseKeeper
  readonly #name: string
  readonly #wantName: string
  readonly #share: () => LaneShare
  readonly #unclaimedMs: number
  readonly #after: After
  /** Blocks that nobody held at the last look: how to stop waiting for their owner, or that it was waited for enough. */
  readonly #free = new Map<number, (() => void) | 'long'>()
  #wanted: readonly number[] = []

  constructor(keeper: LeaseKeeper, name: string, setting: ClaimSetting) {
    this.#keeper = keeper
    this.#name = name
    this.#wantName = `want:${name}`
    this.#share = setting.share
    this.#unclaimedMs = setting.unclaimedMs
    this.#after = setting.after
  }

  /** Whether there is nothing to take and nobody to give to. */
  isComplete(held: readonly number[]): boolean {
    return held.length === allBlocks.length && ownBlocks(this.#share()).length === allBlocks.length
  }

  /** Takes what is free of the own blocks, and what nobody else took. */
  async take(held: readonly number[], lost: (reason: string) => void): Promise<Claim> {
    const own = ownBlocks(this.#share())
    const isAlone = own.length === allBlocks.length
    if (isAlone) this.#forget(allBlocks)
    const { wanted, mine: kept } = isAlone ? nothingSeen : await this.#look(own)
    const asked = allBlocks.filter(
      (block) => own.includes(block) || held.includes(block) || kept.has(block) || this.#free.get(block) === 'long',
    )
    const leases = asked.length === 0 ? [] : await this.#keeper.acquire(this.#name, asked, lost)
    const mine = leases.map(({ block }) => block)
    await this.#want(isAlone ? [] : own.filter((block) => !mine.includes(block)))
    return { leases, surplus: mine.filter((block) => !own.includes(block) && wanted.has(block)) }
  }

  /** Lets go of blocks, or of all that is held and wanted. */
  async release(blocks?: readonly number[]): Promise<void> {
    if (blocks) return this.#keeper.release(this.#name, blocks)
    this.#forget(allBlocks)
    await this.#keeper.release(this.#name)
    await this.#want([])
  }

  /** Sees what is free, and for how long (I2). */
  async #look(own: readonly number[]): Promise<Seen> {
    const holders = await this.#keeper.holders([this.#name, this.#wantName])
    const taken = holders.filter(({ name }) => name === this.#name)
    const isTaken = new Set(taken.map(({ block }) => block))
    for (const block of allBlocks) {
      if (isTaken.has(block) || own.includes(block)) this.#forget([block])
      else if (!this.#free.has(block)) {
        const long = (): void => void this.#free.set(block, 'long')
        this.#free.set(block, this.#after(this.#unclaimedMs, long))
      }
    }
    const wants = holders.filter(({ name, mine }) => name === this.#wantName && !mine)
    return {
      mine: new Set(taken.filter(({ mine }) => mine).map(({ block }) => block)),
      wanted: new Set(wants.map(({ block }) => block)),
    }
  }

  /** I3 */
  async #want(blocks: readonly number[]): Promise<void> {
    const over = this.#wanted.filter((block) => !blocks.includes(block))
    this.#wanted = blocks
    if (over.length > 0) await this.#keeper.release(this.#wantName, over)
    if (blocks.length > 0) await this.#keeper.acquire(this.#wantName, blocks, () => undefined)
  }

  #forget(blocks: readonly number[]): void {
    for (const block of blocks) {
      const waited = this.#free.get(block)
      if (typeof waited === 'function') waited()
      this.#free.delete(block)
    }
  }
}
