import type { Document } from './classify.js'
import { type Progress, writeProgress } from './progress.js'
import { requestOf } from './requests.js'
import { Refused, type Shop } from './shop.js'

/** What to send, and how. */
export interface Sending {
  readonly documents: readonly Document[]
  /** How far an earlier run came. */
  readonly begin: Progress
  /** Requests under way at a time. */
  readonly inFlight: number
  /** File that progress is kept in. */
  readonly state: string
  /** Ends the sending: requests under way are finished, and the rest is left for the next run. */
  readonly stop: AbortSignal
}

/** What came of it. */
export interface Sent {
  readonly progress: Progress
  /** Documents sent by this run. */
  readonly count: number
  readonly seconds: number
}

const keptEveryMs = 200
const shownEveryMs = 5_000
const examplesShown = 5

/** Sends documents in order of the file, a bounded number at a time, and remembers how far all before are done. */
export async function send(shop: Shop, sending: Sending): Promise<Sent> {
  const { documents, begin, inFlight, state, stop } = sending
  const done = new Set<number>()
  const refused: Record<string, number> = { ...begin.refused }
  let next = begin.done
  let floor = begin.done
  let count = 0
  const begunAt = Date.now()
  let keptAt = begunAt
  let shownAt = begunAt
  const progress = (): Progress => ({ done: floor, refused })

  const one = async (index: number): Promise<void> => {
    const document = documents[index] as Document
    const [path, body] = requestOf(document)
    try {
      await shop.post(path, `retail-${document.id}`, body)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      const times = (refused[error.kind] ?? 0) + 1
      refused[error.kind] = times
      if (times <= examplesShown) console.error(`✗ ${document.id}: ${error.message}`)
    }
    count++
    done.add(index)
    while (done.delete(floor)) floor++
  }
  const tell = (): void => {
    const now = Date.now()
    if (now - keptAt >= keptEveryMs) {
      keptAt = now
      writeProgress(state, progress())
    }
    if (now - shownAt < shownEveryMs) return
    shownAt = now
    const rate = (count / (now - begunAt)) * 1000
    const togo = Math.ceil((documents.length - begin.done - count) / Math.max(1, rate))
    console.log(
      `${begin.done + count} of ${documents.length} documents · ${Math.round(rate)}/s · ${togo} s to go · ${shop.retries} retries`,
    )
  }
  const worker = async (): Promise<void> => {
    while (!stop.aborted && next < documents.length) {
      await one(next++)
      tell()
    }
  }
  // All of them end before progress is written for the last time, also when one of them fails.
  const ended = await Promise.allSettled(Array.from({ length: inFlight }, worker))
  writeProgress(state, progress())
  for (const end of ended) if (end.status === 'rejected') throw end.reason
  return { progress: progress(), count, seconds: (Date.now() - begunAt) / 1000 }
}
