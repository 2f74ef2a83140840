import { type ChildProcess, spawn } from 'node:child_process'
import cluster from 'node:cluster'
import type { AccessEnvironment } from '@banyan/host'
import { replicaEnvironment } from './replica-environment.js'

export interface ServiceProcessesOptions {
  /** Options of Node, and the file of this program. */
  readonly execArgv: readonly string[]
  readonly program: string
  /** Absolute path of the configuration. */
  readonly configFile: string
  readonly folder: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** What the environment of each service holds beside that. */
  readonly environmentOf: (service: string) => AccessEnvironment
  readonly json: boolean
}

/** Makes processes that are services of a topology. */
export class ServiceProcesses {
  readonly #options: ServiceProcessesOptions

  constructor(options: ServiceProcessesOptions) {
    this.#options = options
  }

  spawn(service: string, replica: number): ChildProcess {
    const { execArgv, program, folder } = this.#options
    return spawn(process.execPath, [...execArgv, program, ...this.#parameters(service)], {
      cwd: folder,
      env: this.#environment(service, replica),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
  }

  /**
   * A process of a service that listens for people. Node's cluster hands every process of it the same port, so that there may
   * be several, and so that one takes over from another without a moment in which nobody listens. The system gives a new
   * connection to one of them; it does not pass through this process.
   */
  spawnListening(service: string, replica: number): ChildProcess {
    const { execArgv, program, folder } = this.#options
    cluster.schedulingPolicy = cluster.SCHED_NONE
    cluster.setupPrimary({
      exec: program,
      args: this.#parameters(service),
      execArgv: [...execArgv],
      cwd: folder,
      silent: true,
    })
    const worker = cluster.fork(this.#environment(service, replica))
    // An error of the process is one of the worker too, and nobody else hears that one.
    worker.on('error', () => undefined)
    return worker.process
  }

  #parameters(service: string): string[] {
    const { configFile, json } = this.#options
    return ['serve', service, '--config', configFile, ...(json ? ['--json'] : [])]
  }

  #environment(service: string, replica: number): Record<string, string> {
    const { environment, environmentOf } = this.#options
    return replicaEnvironment(environment, environmentOf(service), replica)
  }
}
