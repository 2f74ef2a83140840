import { frameLimits } from '../frames/limits.js'
import { beginReplies, writeReply } from '../frames/reply-frame.js'
import { FrameWriter } from '../frames/writer.js'

/** Who hears a reply: a process of a service, in the name of the module that answers. */
export interface ReplyTo {
  readonly service: string
  readonly module: string
  readonly token: string
}

interface Reply {
  readonly number: number
  readonly ok: boolean
  readonly text: string | undefined
}

interface Box {
  readonly to: ReplyTo
  readonly replies: Reply[]
}

export interface ReplyOutboxOptions {
  readonly instance: string
  /** Replies share a message up to so many bytes. */
  readonly batchBytes: number
  readonly send: (to: ReplyTo, message: Uint8Array) => void
}

/**
 * Gathers the replies of one tick for the same process and module: they leave at its end, or as soon as there are enough for a
 * message, so that the caller goes on while this process works. When nothing is left that could join them, they leave at once.
 */
export class ReplyOutbox {
  readonly #options: ReplyOutboxOptions
  readonly #writer = new FrameWriter()
  #boxes = new Map<string, Box>()

  constructor(options: ReplyOutboxOptions) {
    this.#options = options
  }

  /** @param last whether no other call runs here */
  add(to: ReplyTo, number: number, ok: boolean, text: string | undefined, last: boolean): void {
    if (this.#boxes.size === 0) setImmediate(() => this.flush())
    const key = `${to.token} ${to.service} ${to.module}`
    let box = this.#boxes.get(key)
    if (!box) {
      box = { to, replies: [] }
      this.#boxes.set(key, box)
    }
    box.replies.push({ number, ok, text })
    if (last || box.replies.length >= frameLimits.batch) this.#empty(box)
  }

  flush(): void {
    const boxes = this.#boxes
    this.#boxes = new Map()
    for (const box of boxes.values()) this.#empty(box)
  }

  #empty({ to, replies }: Box): void {
    const all = replies.splice(0)
    let from = 0
    while (from < all.length) {
      let end = from
      let bytes = 0
      while (end < all.length && (end === from || bytes < this.#options.batchBytes))
        bytes += (all[end++] as Reply).text?.length ?? 0
      this.#send(to, all.slice(from, end))
      from = end
    }
  }

  #send(to: ReplyTo, replies: readonly Reply[]): void {
    const writer = this.#writer.reset()
    beginReplies(writer, this.#options.instance, replies.length)
    for (const { number, ok, text } of replies) writeReply(writer, number, ok, text)
    this.#options.send(to, writer.take())
  }
}
