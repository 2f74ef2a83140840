import type { LoadedApp } from '@banyan/host'
import { startApp } from '@banyan/host'
import { urls } from '../commands/start.js'
import type { Output } from '../output.js'
import { type CommonOptions, load } from '../session.js'
import type { FromApp, ToApp } from './messages.js'

/**
 * The app as a process of `banyan dev`. It is started ahead of need: by the time it is told to load the app, Banyan
 * itself is loaded, which is most of the time that a start takes.
 */
export async function runAppProcess(options: CommonOptions, output: Output): Promise<number> {
  const told = commands()
  // Ctrl-C reaches the whole group; who stops what, and when, is the parent's to say.
  process.on('SIGINT', () => undefined)
  const stopped = new Promise<void>((done) => {
    process.once('SIGTERM', () => done())
    process.once('disconnect', () => done())
  })
  try {
    const loaded = await Promise.race([told('load').then(() => load(options)), stopped])
    if (loaded) await run(loaded, told, stopped, output)
    return 0
  } finally {
    // An open channel to the parent would keep the process, also when the app could not be started.
    if (process.connected) process.disconnect()
  }
}

async function run(
  loaded: LoadedApp,
  told: (command: ToApp) => Promise<void>,
  stopped: Promise<void>,
  output: Output,
): Promise<void> {
  if ((await Promise.race([told('start').then(() => 'start'), stopped])) !== 'start') return
  const running = await startApp({ loaded, environment: process.env })
  const message: FromApp = { ready: { text: urls(running, loaded) } }
  if (process.connected) process.send?.(message)
  else output.note(message.ready.text)
  await stopped
  await running.stop()
}

/** Waits for commands of the parent; one that came before somebody waits for it is kept. */
function commands(): (command: ToApp) => Promise<void> {
  const come = new Map<ToApp, { promise: Promise<void>; resolve: () => void }>()
  const entry = (command: ToApp) => {
    const known = come.get(command)
    if (known) return known
    let resolve = (): void => undefined
    const promise = new Promise<void>((done) => {
      resolve = done
    })
    const made = { promise, resolve }
    come.set(command, made)
    return made
  }
  process.on('message', (command: ToApp) => entry(command).resolve())
  return (command) => entry(command).promise
}
