import { spawn } from 'node:child_process'
import type { Home } from './home.js'
import type { OwnerLock } from './owner-lock.js'
import { postmasterFilePath } from './postmaster-file.js'
import { programEnvironment } from './program.js'
import type { EmbeddedLog } from './types.js'

/**
 * Shuts the server down when its owner was killed and nobody takes it over. PostgreSQL itself goes on without us, which
 * is what lets the next start take it over at once; but a server that nobody wants must not stay for ever.
 *
 * A shell waits for the end of its input, whose other end only this process holds, so that the kernel tells it of our
 * death, however we die. It needs 0.3 MB. It asks three things before it sends the signal: no successor in the lock, the
 * same lock as ours, and a process that works in the cluster.
 */
const script = `
while read -r ignored; do :; done
waited=0
while [ "$waited" -lt "$GRACE" ]; do
  sleep 1
  waited=$((waited + 1))
  [ -e "$SUCCESSOR" ] && exit 0
  [ -e "$LOCK" ] || exit 0
done
read -r pid < "$PIDFILE" || exit 0
if [ -d /proc/self ]; then
  [ "/proc/$pid/cwd" -ef "$CLUSTER" ] || exit 0
else
  ps -o command= -p "$pid" | grep -q postgres || exit 0
fi
kill -INT "$pid"
`

/** Begins to watch over this process. Returns the function that ends the watch. */
export function watchForOrphan(home: Home, lock: OwnerLock, graceMs: number, log: EmbeddedLog): () => void {
  if (process.platform === 'win32') return () => undefined
  const child = spawn('/bin/sh', ['-c', script, 'banyan-orphan-watch'], {
    // Not the app's folder, which could not be unmounted or removed then.
    cwd: '/',
    env: {
      ...programEnvironment(),
      PATH: process.env.PATH ?? '/usr/bin:/bin',
      GRACE: String(Math.max(1, Math.ceil(graceMs / 1000))),
      LOCK: lock.path,
      SUCCESSOR: lock.successorPath,
      PIDFILE: postmasterFilePath(home),
      CLUSTER: home.cluster,
    },
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true, // Ctrl-C in a terminal is for Banyan alone
  })
  child.once('error', (error) => {
    log({ level: 'warn', message: `A PostgreSQL left by a killed process will stay: ${error.message}` })
  })
  child.unref()
  const input = child.stdin as typeof child.stdin & { unref?: () => void }
  input.on('error', () => undefined) // the shell was killed: nothing is ever written to it
  input.unref?.()
  return () => {
    child.kill('SIGKILL')
    input.destroy()
  }
}
