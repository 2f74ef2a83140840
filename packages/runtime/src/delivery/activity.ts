/**
 * What goes on in the delivery of this process, so that `settled` can tell rest from a pause.
 *
 * I1 Whoever may change what is committed is between `begin` and `end` while it does.
 * I2 The serial moves with every begin, end and note: equal before and after a look means nothing happened in between.
 */
export class Activity {
  serial = 0
  busy = 0
  readonly #watchers = new Set<() => void>()

  begin(): void {
    this.busy++
    this.serial++
  }

  end(): void {
    this.busy--
    this.note()
  }

  /** Something became known that may change the picture. */
  note(): void {
    this.serial++
    for (const watcher of this.#watchers) watcher()
  }

  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }
}
