import type { Ambient } from '@banyan/ambient'

export interface StopSignals {
  /** Resolves at the first signal. */
  readonly first: Promise<void>
  /** Resolves at the next one that is another press of Ctrl-C. */
  readonly second: Promise<void>
  end(): void
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
// One press of Ctrl-C comes several times: from the terminal, and from each npm in between.
const samePressMs = 1_000

/** Hears Ctrl-C, SIGTERM and the end of the terminal. On a terminal also keys, of which `onKey` is told. */
export function hearStopSignals(ambient: Ambient, onKey: (key: string) => void): StopSignals {
  let pressedAt: number | undefined
  let stop: () => void = () => undefined
  let hurry: () => void = () => undefined
  const first = new Promise<void>((done) => {
    stop = done
  })
  const second = new Promise<void>((done) => {
    hurry = done
  })
  const hear = (): void => {
    const now = ambient.monotonic()
    if (pressedAt === undefined) {
      pressedAt = now
      stop()
    } else if (now - pressedAt > samePressMs) hurry()
  }
  for (const signal of signals) process.on(signal, hear)
  const endKeys = hearKeys(hear, onKey)
  return {
    first,
    second,
    end() {
      for (const signal of signals) process.off(signal, hear)
      endKeys()
    },
  }
}

/** Keys come one by one only from a terminal in raw mode, in which Ctrl-C is a key like others. */
function hearKeys(interrupted: () => void, onKey: (key: string) => void): () => void {
  const { stdin } = process
  if (!stdin.isTTY) return () => undefined
  const hear = (chunk: Buffer): void => {
    for (const key of chunk.toString('latin1'))
      if (key === '\u0003') interrupted()
      else onKey(key)
  }
  stdin.setRawMode(true)
  stdin.on('data', hear)
  return () => {
    stdin.off('data', hear)
    stdin.setRawMode(false)
    stdin.pause()
  }
}
