import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Told } from './told.js'
import { dataIn } from './victim.js'

const market = fileURLToPath(new URL('..', import.meta.url))
// Resolved as this process resolves modules: from the sources where it runs from the sources.
const banyan = fileURLToPath(import.meta.resolve('@banyan/cli/main'))

const answerMs = 30_000
/** Codes by which `banyan` tells that there is nobody to ask. */
const away = ['up-not-running', 'broker-unreachable', 'unavailable']

export interface HouseOptions {
  /** All its own: data, keys, logs. Absolute. */
  readonly folder: string
  readonly port: string
  /** Attempts at an event before it is a dead letter. Default: as the example has it. */
  readonly attempts?: number
}

/**
 * A folder of its own that the example can be run in by `banyan`: what `up` keeps lies beside the configuration, so an `up`
 * of the example itself is not in the way.
 */
export class House {
  /** What those who were in it said. */
  readonly log: string
  /** Names the house, and no other, on the command lines of its processes. */
  readonly config: string
  readonly #environment: NodeJS.ProcessEnv

  constructor({ folder, port, attempts }: HouseOptions) {
    this.log = join(folder, 'house.log')
    this.config = join(folder, 'banyan.config.ts')
    this.#environment = { ...process.env, PORT: port, BANYAN_DATA: dataIn(folder) }
    mkdirSync(folder, { recursive: true })
    if (!isLink(join(folder, 'src'))) symlinkSync(join(market, 'src'), join(folder, 'src'))
    const example = relative(folder, join(market, 'banyan.config.js')).replaceAll('\\', '/')
    const changes = attempts === undefined ? '' : `, delivery: { ...market.delivery, attempts: ${attempts} }`
    writeFileSync(this.config, `import market from '${example}'\n\nexport default { ...market${changes} }\n`)
  }

  /** Runs a command of `banyan` in it, such as `up`. */
  run(command: string): ChildProcess {
    const log = openSync(this.log, 'a')
    try {
      return spawn(process.execPath, [...process.execArgv, banyan, command, '--config', this.config], {
        stdio: ['ignore', log, log],
        env: this.#environment,
      })
    } finally {
      closeSync(log)
    }
  }

  /**
   * What a command of `banyan` answers with `--json`; undefined while there is nobody who could: no `up`, no broker, or none
   * that answers in time.
   * @throws Told when it fails for another reason
   */
  async ask(command: string): Promise<unknown> {
    const words = [...process.execArgv, banyan, command, '--json', '--config', this.config]
    try {
      const { stdout } = await promisify(execFile)(process.execPath, words, {
        env: this.#environment,
        timeout: answerMs,
      })
      return JSON.parse(stdout)
    } catch (error) {
      const { killed, stderr = '', message } = error as { killed?: boolean; stderr?: string; message: string }
      if (killed || away.some((code) => stderr.includes(`"code":"${code}"`))) return undefined
      throw new Told(`banyan ${command} failed: ${stderr.trim() || message}`)
    }
  }
}

function isLink(path: string): boolean {
  try {
    return readlinkSync(path) !== ''
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
