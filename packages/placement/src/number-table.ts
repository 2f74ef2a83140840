/** What a table holds: it keeps its number, and its place in the table, itself. */
export interface Numbered<Item> {
  readonly number: number
  /** Of the table. */
  nextInTable: Item | undefined
}

const firstBuckets = 256

/**
 * Finds what has a number while it is under way: as `Map` does, for things that come and go at the rate of calls.
 *
 * A `Map` that is as full as empty is made anew every so many changes, and each one refers to its successor: one that has
 * grown old when it is left keeps alive all that stood in those after it, so the short-lived is moved to the old generation,
 * call by call, and full collections follow one another. Here nothing refers to what was taken out.
 */
export class NumberTable<Item extends Numbered<Item>> implements Iterable<Item> {
  #buckets: (Item | undefined)[] = new Array(firstBuckets).fill(undefined)
  #size = 0

  get size(): number {
    return this.#size
  }

  add(item: Item): void {
    if (this.#size === this.#buckets.length) this.#grow()
    this.#size++
    this.#place(item)
  }

  /** Of several with one number, the one that `is`. */
  get(number: number, is?: (item: Item) => boolean): Item | undefined {
    let item = this.#buckets[number & (this.#buckets.length - 1)]
    while (item && (item.number !== number || (is && !is(item)))) item = item.nextInTable
    return item
  }

  /** Takes it out, if it is there. */
  delete(item: Item): void {
    const bucket = item.number & (this.#buckets.length - 1)
    let before: Item | undefined
    let at = this.#buckets[bucket]
    while (at && at !== item) {
      before = at
      at = at.nextInTable
    }
    if (!at) return
    if (before) before.nextInTable = item.nextInTable
    else this.#buckets[bucket] = item.nextInTable
    item.nextInTable = undefined
    this.#size--
  }

  /** As it is now: what is done with them may take them out. */
  [Symbol.iterator](): Iterator<Item> {
    const items: Item[] = []
    for (const first of this.#buckets) for (let item = first; item; item = item.nextInTable) items.push(item)
    return items[Symbol.iterator]()
  }

  #place(item: Item): void {
    const bucket = item.number & (this.#buckets.length - 1)
    item.nextInTable = this.#buckets[bucket]
    this.#buckets[bucket] = item
  }

  #grow(): void {
    const items = [...this]
    this.#buckets = new Array(this.#buckets.length * 2).fill(undefined)
    for (const item of items) this.#place(item)
  }
}
