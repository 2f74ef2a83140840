import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** The next message of a child; rejects when it ends instead. */
export async function answer<T>(child: ChildProcess): Promise<T> {
  const ended = new AbortController()
  const exit = once(child, 'exit', { signal: ended.signal }).then(([code]) => {
    throw new Error(`${child.spawnargs.slice(1).join(' ')} ended with ${code}`)
  })
  const message = once(child, 'message', { signal: ended.signal }).then(([given]) => given as T)
  try {
    return await Promise.race([message, exit])
  } finally {
    ended.abort()
    await Promise.allSettled([exit, message])
  }
}
