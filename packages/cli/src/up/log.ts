import { Transform, type TransformCallback } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import type { prettyFactory } from 'pino-pretty'

export interface ServiceLogOptions {
  /** JSON lines, each with its service and replica; else lines for people. */
  readonly json: boolean
  readonly colour: boolean
  readonly destination: NodeJS.WritableStream
  /** Writes a line of JSON for people. */
  readonly pretty: ReturnType<typeof prettyFactory>
}

// Longer lines are cut into several: a process that writes without end of line must not fill the memory.
const mostLineCharacters = 65_536
const colours = [36, 33, 35, 32, 34, 91, 96, 93] as const

/** One readable log of many processes: each line says whose it is. */
export class ServiceLog {
  readonly #options: ServiceLogOptions
  readonly #services: readonly string[]
  readonly #width: number

  /** @param services all that will write, with their most replicas; lines are aligned by the longest name */
  constructor(options: ServiceLogOptions, services: readonly string[]) {
    this.#options = options
    this.#services = services
    this.#width = Math.max(...services.map((name) => name.length)) + 3
    // One pipe per stream of a process leads to it.
    options.destination.setMaxListeners(0)
  }

  /** Takes over what a process writes, line by line, no faster than the destination takes it. */
  follow(stream: NodeJS.ReadableStream | null, service: string, replica: number): void {
    stream?.pipe(this.#lines(service, replica)).pipe(this.#options.destination, { end: false })
  }

  #lines(service: string, replica: number): Transform {
    const decoder = new StringDecoder('utf8')
    let rest = ''
    const take = (text: string, done: TransformCallback): void => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() as string
      while (rest.length > mostLineCharacters) {
        lines.push(rest.slice(0, mostLineCharacters))
        rest = rest.slice(mostLineCharacters)
      }
      const told = lines.filter((line) => line !== '').map((line) => this.#told(line, service, replica))
      done(null, told.join(''))
    }
    return new Transform({
      transform: (chunk: Buffer, _, done) => take(decoder.write(chunk), done),
      flush: (done) => take(`${decoder.end()}\n`, done),
    })
  }

  #told(line: string, service: string, replica: number): string {
    return this.#options.json ? jsonLine(line, service, replica) : this.#readable(line, service, replica)
  }

  #readable(line: string, service: string, replica: number): string {
    const { colour, pretty } = this.#options
    const name = `${service}/${replica}`.padEnd(this.#width)
    const shade = colours[this.#services.indexOf(service) % colours.length]
    const prefix = colour ? `\u001B[${shade}m${name}│\u001B[0m ` : `${name}│ `
    const text = line.startsWith('{') ? pretty(line) : line
    return text
      .trimEnd()
      .split('\n')
      .map((part) => `${prefix}${part}\n`)
      .join('')
  }
}

function jsonLine(line: string, service: string, replica: number): string {
  return `${JSON.stringify({ service, replica, ...fieldsOf(line) })}\n`
}

/** What a process writes that is no JSON, such as a warning of Node, is a message. */
function fieldsOf(line: string): object {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch {
    // told below, as it is
  }
  return { msg: line }
}
