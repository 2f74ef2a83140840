import type { Ambient } from '@banyan/ambient'
import type { Topology } from '@banyan/placement'
import type { ReplicaStatus } from './replica.js'
import { stateText, statusTable } from './status-table.js'

export interface UpConsoleOptions {
  readonly json: boolean
  readonly topology: Topology
  readonly ambient: Ambient
  readonly status: () => readonly ReplicaStatus[]
  readonly out: { write(text: string): unknown }
  readonly error: { write(text: string): unknown }
}

// Replicas become ready one shortly after the other; the table is shown when that is over.
const settleMs = 400

/** What `up` itself has to say: changes as they come, and the table when it is quiet again. */
export class UpConsole {
  readonly #options: UpConsoleOptions
  #cancelTable: (() => void) | undefined
  #quiet = false

  constructor(options: UpConsoleOptions) {
    this.#options = options
  }

  /** A line of `up`; with --json a line of the log. */
  tell(line: string): void {
    const { json, out, error, ambient } = this.#options
    if (!json) error.write(`  ${line}\n`)
    else
      out.write(
        `${JSON.stringify({ level: 30, time: new Date(ambient.now()).toISOString(), service: 'up', msg: line })}\n`,
      )
  }

  changed(status: ReplicaStatus): void {
    if (status.state === 'restarting') this.tell(`${status.service}/${status.replica} ${stateText(status)}`)
    this.#cancelTable?.()
    this.#cancelTable = this.#options.ambient.after(settleMs, () => {
      const underWay = this.#options.status().some(({ state }) => state === 'starting' || state === 'waiting')
      if (!underWay) this.table()
    })
  }

  table(): void {
    const { json, error, topology, status } = this.#options
    if (this.#quiet) return
    if (!json) error.write(`\n${statusTable(status(), topology)}\n\n`)
    else for (const one of status()) this.tell(`${one.service}/${one.replica} ${stateText(one)}`)
  }

  /** Everything is being stopped: no more tables. */
  quiet(): void {
    this.#quiet = true
    this.#cancelTable?.()
  }
}
