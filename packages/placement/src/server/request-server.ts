import { type BanyanError, banyanError, errorData, isBanyanError } from '@banyan/errors'
import type { Logger } from '@banyan/runtime'
import type { Response } from '../caller/requests.js'
import { GarbledFrame } from '../frames/reader.js'
import { type RequestFrame, readRequest, writeResponse } from '../frames/request-frame.js'
import { FrameWriter } from '../frames/writer.js'
import { answerLog } from '../log/log-server.js'
import type { MeshHost } from '../mesh.js'
import { answerRoute } from '../route/routes.js'
import type { Topology } from '../topology.js'
import type { ReplyTo } from './reply-outbox.js'

export interface RequestServerOptions {
  readonly host: MeshHost
  readonly topology: Topology
  readonly logger: Logger
  readonly messageBytes: () => number
  readonly send: (to: ReplyTo, message: Uint8Array) => void
  readonly garbled: (service: string) => void
  /** What opens a lane to this process, for a service that the broker knows; undefined: none is to be had. */
  readonly laneTicket: (service: string) => object | undefined
}

export type RequestSubject = { readonly module: string; readonly service: string } & (
  | { readonly kind: 'log'; readonly operation: string }
  | { readonly kind: 'route' }
  | { readonly kind: 'lane' }
)

/** Requests beyond are refused at once (P9); those of routes are bounded by their modules too. */
const mostRequests = 256
const retryAfterMs = 100
/** What a message needs beside the body. */
const headBytes = 16_384
const noBody = new Uint8Array(0)

/** Answers what other processes ask of modules here beside calls. Whatever was taken is answered. */
export class RequestServer {
  readonly #options: RequestServerOptions
  readonly #writer = new FrameWriter()
  #underWay = 0
  #idle: (() => void) | undefined

  constructor(options: RequestServerOptions) {
    this.#options = options
  }

  /** Takes a message. Never throws. */
  take(subject: RequestSubject, message: Uint8Array): void {
    const frame = readRequest(message)
    if (!frame) {
      this.#options.garbled(subject.service)
      return
    }
    const to: ReplyTo = { service: subject.service, module: subject.module, token: frame.token }
    if (this.#underWay >= mostRequests) {
      const what = `module ${subject.module}`
      this.#fail(to, frame, banyanError('overloaded', { what, retryAfterMs }, { details: { retryAfterMs } }))
      return
    }
    this.#underWay++
    void this.#answer(subject, frame)
      .then(
        (response) => this.#send(to, frame, response),
        (error: unknown) => this.#fail(to, frame, this.#known(subject, error)),
      )
      .finally(() => {
        if (--this.#underWay === 0) this.#idle?.()
      })
  }

  idle(): Promise<void> {
    if (this.#underWay === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#idle = resolve
    })
  }

  async #answer(subject: RequestSubject, frame: RequestFrame): Promise<Response> {
    const { host, topology, messageBytes } = this.#options
    const { module } = subject
    if (subject.kind === 'route') return answerRoute(host, module, frame)
    if (subject.kind === 'lane') return this.#ticket(subject.service)
    return answerLog(host.log(module), topology, { ...subject, head: frame.head }, messageBytes() - headBytes)
  }

  #ticket(service: string): Response {
    const ticket = this.#options.laneTicket(service)
    if (!ticket) throw banyanError('unavailable', { what: 'a lane' })
    return { head: ticket, body: noBody }
  }

  #known({ module }: RequestSubject, error: unknown): BanyanError {
    if (isBanyanError(error)) return error
    if (error instanceof GarbledFrame) return banyanError('invalid-request', { summary: error.message })
    this.#options.logger.error({ err: error, module }, 'a request of another process failed')
    return banyanError('unavailable', { what: `module ${module}` })
  }

  #send(to: ReplyTo, { number }: RequestFrame, { head, body }: Response): void {
    const writer = this.#writer.reset()
    writeResponse(writer, { number, ok: true, head, body })
    const limitBytes = this.#options.messageBytes()
    if (writer.length > limitBytes) {
      const error = banyanError('payload-too-large', { what: `an answer of module ${to.module}`, limitBytes })
      writeResponse(writer.reset(), { number, ok: false, error: errorData(error) })
    }
    this.#options.send(to, writer.take())
  }

  #fail(to: ReplyTo, { number }: RequestFrame, error: BanyanError): void {
    const writer = this.#writer.reset()
    writeResponse(writer, { number, ok: false, error: errorData(error) })
    this.#options.send(to, writer.take())
  }
}
