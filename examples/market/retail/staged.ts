import type { RetailPlan } from './classify.js'
import { nothingDone, type Progress, readProgress } from './progress.js'
import { openWith } from './requests.js'
import { send } from './send.js'
import type { Shop } from './shop.js'
import { Told } from './told.js'

export interface StagedOptions {
  readonly shop: Shop
  readonly plan: RetailPlan
  /** How many of its documents. */
  readonly total: number
  readonly inFlight: number
  /** Where progress is kept. */
  readonly state: string
}

/** A replay that goes on only when it is told, so that what is to happen meanwhile does, however fast the machine is. */
export class StagedReplay {
  readonly #options: StagedOptions
  readonly #stop = new AbortController()
  #progress: Progress = nothingDone

  constructor(options: StagedOptions) {
    this.#options = options
  }

  /** Products and stock. */
  open(): Promise<void> {
    return openWith(this.#options.shop, this.#options.plan)
  }

  /** How many documents are done, as it was written down a moment ago. */
  get done(): number {
    return readProgress(this.#options.state).done
  }

  /** Sends on until so many documents are done. @throws ShopAway, Told when it was stopped */
  async sendUpTo(count: number): Promise<void> {
    const { shop, plan, inFlight, state } = this.#options
    const documents = plan.documents.slice(0, count)
    const sent = await send(shop, { documents, begin: this.#progress, inFlight, state, stop: this.#stop.signal })
    this.#progress = sent.progress
    if (this.#stop.signal.aborted) throw new Told('it was stopped')
  }

  /** Sends nothing more. */
  stop(): void {
    this.#stop.abort()
  }

  /** Tells what came of it. @returns whether all was taken */
  conclude(): boolean {
    const { total, shop } = this.#options
    const { done, refused } = this.#progress
    for (const [kind, times] of Object.entries(refused)) console.log(`  ${String(times).padStart(8)}  refused: ${kind}`)
    const all = done === total && Object.keys(refused).length === 0
    console.log(`${all ? `all ${total}` : `not all of ${total}`} documents were taken, with ${shop.retries} retries`)
    return all
  }
}
