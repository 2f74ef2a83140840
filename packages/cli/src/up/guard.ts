import { spawn } from 'node:child_process'

/**
 * Ends what is left when `banyan up` itself was killed. Services notice by themselves, since their channel to it closes;
 * one that hangs does not, and the broker is no program of ours. A shell waits for the end of its input, whose other end
 * only `up` holds, so that the kernel tells it of that death, however it comes. Its input says, line by line, which
 * processes there are; of each kind the last line counts. A number given out again by the system in the meantime is told by the
 * command line of the process, which holds a word that only ours hold. That is read in /proc where there is one, since small
 * images have no `ps`; where neither tells, nothing is killed.
 */
const script = `
services=
broker=
while read -r kind rest; do
  case $kind in
    services) services=$rest ;;
    broker) broker=$rest ;;
  esac
done
ours() {
  if [ -e /proc/self/cmdline ]; then line=$(tr '\\0' ' ' < "/proc/$1/cmdline" 2>/dev/null)
  else line=$(ps -ww -o command= -p "$1" 2>/dev/null)
  fi
  case $line in *"$2"*) return 0 ;; esac
  return 1
}
waited=0
while [ "$waited" -lt "$GRACE" ]; do
  left=
  for pid in $services; do ours "$pid" "$MARK" && left="$left $pid"; done
  services=$left
  [ -z "$services" ] && break
  sleep 1
  waited=$((waited + 1))
done
for pid in $services; do ours "$pid" "$MARK" && kill -KILL "$pid"; done
if [ -n "$broker" ] && ours "$broker" "$BROKER_MARK"; then kill -TERM "$broker"; fi
`

export interface GuardOptions {
  /** How long services may take to end by themselves, milliseconds. */
  readonly graceMs: number
  /** What the command lines of services hold, and that of the broker. */
  readonly marks: { readonly services: string; readonly broker: string }
}

export interface Guard {
  /** These processes of services are there now. */
  watchServices(pids: readonly number[]): void
  /** The broker that belongs to `up` is this process now. */
  watchBroker(pid: number): void
  /** `up` has ended everything itself. */
  end(): void
}

/** Begins to watch over this process. On Windows services notice by themselves, and nobody ends the broker. */
export function startGuard({ graceMs, marks }: GuardOptions): Guard {
  if (process.platform === 'win32')
    return { watchServices: () => undefined, watchBroker: () => undefined, end: () => undefined }
  const child = spawn('/bin/sh', ['-c', script, 'banyan-up-guard'], {
    // Not the app's folder, which could not be unmounted or removed then.
    cwd: '/',
    env: {
      PATH: process.env.PATH ?? '/usr/bin:/bin',
      GRACE: String(Math.max(1, Math.ceil(graceMs / 1000))),
      MARK: marks.services,
      BROKER_MARK: marks.broker,
    },
    stdio: ['pipe', 'ignore', 'ignore'],
    // Ctrl-C in a terminal is for `up` alone.
    detached: true,
  })
  // Without a shell, or when somebody killed it, services still notice by themselves.
  child.on('error', () => undefined)
  const input = child.stdin
  input.on('error', () => undefined)
  child.unref()
  ;(input as typeof input & { unref?: () => void }).unref?.()
  return {
    watchServices: (pids) => void input.write(`services ${pids.join(' ')}\n`),
    watchBroker: (pid) => void input.write(`broker ${pid}\n`),
    end() {
      child.kill('SIGKILL')
      input.destroy()
    },
  }
}
