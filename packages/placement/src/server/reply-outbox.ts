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

export interface ReplyOutboxOptions {
  readonly instance: string
  /** Replies share a message up to so many bytes. */
  readonly batchBytes: number
  readonly send: (to: ReplyTo, message: Uint8Array) => void
}

/** Gathers the replies of one tick for the same process and module. */
export class ReplyOutbox {
  readonly #options: ReplyOutboxOptions
  readonly #writer = new FrameWriter()
  #boxes = new Map<string, { readonly to: ReplyTo; readonly replies: Reply[] }>()

  constructor(options: ReplyOutboxOptions) {
    this.#options = options
  }

  add(to: ReplyTo, number: number, ok: boolean, text: string | undefined): void {
    if (this.#boxes.size === 0) setImmediate(() => this.flush())
    const key = `${to.token} ${to.service} ${to.module}`
    const box = this.#boxes.get(key)
    if (box) box.replies.push({ number, ok, text })
    else this.#boxes.set(key, { to, replies: [{ number, ok, text }] })
  }

  flush(): void {
    const boxes = this.#boxes
    this.#boxes = new Map()
    for (const { to, replies } of boxes.values()) {
      let from = 0
      while (from < replies.length) {
        let end = from
        let bytes = 0
        while (
          end < replies.length &&
          end - from < frameLimits.items &&
          (end === from || bytes < this.#options.batchBytes)
        )
          bytes += (replies[end++] as Reply).text?.length ?? 0
        this.#send(to, replies.slice(from, end))
        from = end
      }
    }
  }

  #send(to: ReplyTo, replies: readonly Reply[]): void {
    const writer = this.#writer.reset()
    beginReplies(writer, this.#options.instance, replies.length)
    for (const { number, ok, text } of replies) writeReply(writer, number, ok, text)
    this.#options.send(to, writer.take())
  }
}
