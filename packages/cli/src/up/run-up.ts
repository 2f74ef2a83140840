/**
 * `banyan up` once everything that services need is there: processes, log, status, control, and the way down.
 *
 * I1 The way down is one, whatever ends it: services callers first, then what they need, then the control socket. What cannot
 *    be closed does not keep the rest open.
 * I2 A second Ctrl-C ends processes at once; what was acknowledged is in the database all the same.
 * I3 The guard is there before anything that it guards, so that a kill leaves nothing at any time.
 */
import type { ChildProcess } from 'node:child_process'
import type { Ambient } from '@banyan/ambient'
import { type BanyanError, banyanError } from '@banyan/errors'
import type { Topology } from '@banyan/placement'
import { closeInOrder } from '@banyan/runtime'
import { failureText } from '../output.js'
import { UpConsole } from './console.js'
import { type Control, type ControlHandler, type ControlRequest, openControl } from './control.js'
import { type Guard, startGuard } from './guard.js'
import type { ServiceLog } from './log.js'
import { hearStopSignals, type StopSignals } from './stop-signals.js'
import { Supervisor } from './supervisor.js'

/** What services need, made ready. */
export interface Prepared {
  /** What is told of it: the database, the broker. */
  readonly lines: readonly string[]
  /** For `banyan services` on this machine. */
  readonly observer: Readonly<Record<string, string>>
  /** Resolves, never rejects, when the database is gone for good: with the reason where nobody closed it. */
  readonly closed: Promise<BanyanError | undefined>
  close(): Promise<void>
}

export interface PrepareContext {
  /** A line for people. */
  readonly tell: (line: string) => void
  /** Is told of the process of a broker that belongs to this `up`. */
  readonly guard: Pick<Guard, 'watchBroker'>
  /** Aborted when `up` is told to stop meanwhile: what was started is ended, and its reason is thrown. */
  readonly stopping: AbortSignal
}

export interface RunUpOptions {
  readonly topology: Topology
  readonly folder: string
  readonly configFile: string
  /** Where a broker of this `up` has its files; the command line of its process names it, and no other does. */
  readonly brokerFolder: string
  /** Which services should be ready before each. */
  readonly order: ReadonlyMap<string, readonly string[]>
  readonly prepare: (context: PrepareContext) => Promise<Prepared>
  /** Makes the process of a service, with what was prepared. */
  readonly spawn: (service: string, replica: number) => ChildProcess
  readonly log: ServiceLog
  readonly ambient: Ambient
  readonly json: boolean
  readonly stopDeadlineMs: number
}

// Beyond what a process gives its own work: to notice, to close what is open, to go.
export const leaveMs = 5_000

/** Runs services until it is told to stop. @returns the exit code */
export async function runUp(options: RunUpOptions): Promise<number> {
  const { topology, folder, ambient, json } = options
  const open: { control?: Control; prepared?: Prepared; guard?: Guard; supervisor?: Supervisor } = {}
  const told = new UpConsole({
    json,
    topology,
    ambient,
    status: () => open.supervisor?.status() ?? [],
    out: process.stdout,
    error: process.stderr,
  })
  const signals = hearStopSignals(ambient, (key) => {
    if (key === 's') told.table()
  })
  const handle: ControlHandler = async (request, onProgress) => {
    if (!open.supervisor || !open.prepared)
      throw banyanError('unavailable', { what: '`banyan up`, which is starting,' })
    return answerControl(open.supervisor, open.prepared, request, onProgress)
  }
  let code = 0
  const run = async (): Promise<void> => {
    open.control = await openControl(folder, handle)
    open.guard = guardOver(options) // I3
    const prepared = await prepare(options, open.guard, signals, told)
    if (!prepared) return
    open.prepared = prepared
    for (const line of prepared.lines) told.tell(line)
    open.supervisor = supervisorOver(options, open.guard, told)
    void open.supervisor.start()
    const lost = await Promise.race([signals.first, prepared.closed])
    if (lost) told.tell('the database is gone for good')
    code = await endServices(open.supervisor, lost ? signals.first : signals.second, told)
    if (lost) throw lost
  }
  await closeInOrder(
    // I1
    [run, () => open.prepared?.close(), () => open.guard?.end(), () => open.control?.close(), () => signals.end()],
    (error) => told.tell(failureText(error)),
  )
  return code
}

function guardOver({ configFile, brokerFolder, stopDeadlineMs }: RunUpOptions): Guard {
  return startGuard({ graceMs: stopDeadlineMs + leaveMs, marks: { services: configFile, broker: brokerFolder } })
}

/** @returns undefined when it was told to stop meanwhile: then nothing of it is left */
async function prepare(
  options: RunUpOptions,
  guard: Guard,
  signals: StopSignals,
  told: UpConsole,
): Promise<Prepared | undefined> {
  const stopping = new AbortController()
  let over = false
  void signals.first.then(() => {
    if (over) return
    told.tell('stopping what was started (another Ctrl-C ends at once)')
    stopping.abort()
  })
  // The guard ends the broker then, and the embedded database notices by itself.
  void signals.second.then(() => {
    if (!over) process.exit(130)
  })
  try {
    return await options.prepare({ tell: (line) => told.tell(line), guard, stopping: stopping.signal })
  } catch (error) {
    if (stopping.signal.aborted && error === stopping.signal.reason) return undefined
    throw error
  } finally {
    over = true
  }
}

function supervisorOver(options: RunUpOptions, guard: Guard, told: UpConsole): Supervisor {
  const { topology, order, ambient, stopDeadlineMs, log } = options
  return new Supervisor({
    ambient,
    stopDeadlineMs: stopDeadlineMs + leaveMs,
    services: topology.services.map(({ name, replicas }) => ({
      name,
      replicas,
      after: order.get(name) ?? [],
      spawn: (replica) => {
        const child = options.spawn(name, replica)
        log.follow(child.stdout, name, replica)
        log.follow(child.stderr, name, replica)
        return child
      },
    })),
    onChange: (status) => told.changed(status),
    onProcesses: (pids) => guard.watchServices(pids),
  })
}

/** I2 */
async function endServices(supervisor: Supervisor, hurry: Promise<void>, told: UpConsole): Promise<number> {
  told.quiet()
  told.tell('stopping, work under way is finished first (another Ctrl-C ends at once)')
  let code = 0
  void hurry.then(() => {
    code = 130
    supervisor.kill()
  })
  await supervisor.stop()
  return code
}

async function answerControl(
  supervisor: Supervisor,
  { observer }: Prepared,
  request: ControlRequest,
  onProgress: (line: string) => void,
): Promise<unknown> {
  switch (request.command) {
    case 'status':
      return { replicas: supervisor.status(), observer }
    case 'replace':
      return supervisor.replace(request.service, onProgress)
    case 'scale':
      return supervisor.scale(request.service, request.replicas)
    default:
      throw banyanError('unknown-command', { summary: 'this `banyan up` is of another version; it does not know that' })
  }
}
