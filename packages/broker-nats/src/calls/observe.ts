import type { Ambient } from '@banyan/ambient'
import { type InstanceReport, once, readReport } from '@banyan/placement'
import { observerName } from '../access/accounts.js'
import { connectNats, type NatsTls } from '../connection/connect.js'
import { speakerOf } from './subjects.js'

export interface ObserveOptions {
  readonly servers: string | readonly string[]
  /** Name of the app, as subjects have it. */
  readonly app: string
  readonly ambient: Ambient
  /** Of the observer's key; absent where the broker asks for none. */
  readonly seed?: string
  readonly tls?: NatsTls
}

// Every process answers a hello at once; a busy machine may take its time.
const quietMs = 500
const longestMs = 3_000
const tickMs = 50

/** Hears what the processes of an app tell of themselves, and says nothing of its own but hello. */
export interface Observer {
  /** Asks who is there, and gives what is told until nobody new has spoken for a while. */
  look(): Promise<readonly InstanceReport[]>
  close(): Promise<void>
}

/**
 * Looks at the processes of an app from outside: for tools.
 * @throws `broker-unreachable`
 */
export async function observe({ servers, app, ambient, seed, tls }: ObserveOptions): Promise<Observer> {
  const connection = await connectNats({
    servers,
    name: `${app} observer`,
    ambient,
    ...(seed === undefined ? {} : { credentials: { seed } }),
    ...(tls === undefined ? {} : { tls }),
  })
  let heard = new Map<string, InstanceReport>()
  let heardAt = 0
  connection.subscribe(`${app}.presence.*`, {
    callback: (error, message) => {
      const report = error ? undefined : readReport(message.data)
      // Who speaks is what the broker lets it say, not what it says of itself (P8).
      if (report && report.service === speakerOf(message.subject)) {
        if (!heard.has(report.instance)) heardAt = ambient.monotonic()
        heard.set(report.instance, report)
      }
    },
  })
  return {
    async look() {
      heard = new Map()
      const begunAt = ambient.monotonic()
      heardAt = begunAt
      connection.publish(`${app}.hello.${observerName}`)
      for (let now = begunAt; now - begunAt < longestMs; now = ambient.monotonic()) {
        if (heard.size > 0 && now - heardAt >= quietMs) break
        await new Promise<void>((done) => once(tickMs, done))
      }
      return [...heard.values()].filter(({ state }) => state !== 'stopped')
    },
    close: () => connection.close(),
  }
}
