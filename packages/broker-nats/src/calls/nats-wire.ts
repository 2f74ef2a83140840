import type { CallWire, Provider, ReplyTo, RequestTo, RequestWire } from '@banyan/placement'
import type { NatsConnection } from '@nats-io/transport-node'
import type { CallSubjects } from './subjects.js'

/** So many bytes go out before the broker is asked whether it has them. */
const confirmBytes = 1_048_576

/**
 * Sends what calls need through one connection, and knows whether it stands.
 *
 * I1 Nothing is handed to a broken connection: the library would keep it, without a bound, and send it when nobody waits.
 */
export class NatsWire implements CallWire, RequestWire {
  readonly token: string
  connected = true
  readonly #connection: NatsConnection
  readonly #subjects: CallSubjects
  #sent = 0
  #confirmed = 0
  #confirming = false

  constructor(connection: NatsConnection, subjects: CallSubjects, token: string) {
    this.#connection = connection
    this.#subjects = subjects
    this.token = token
  }

  get messageBytes(): number {
    return this.#connection.info?.max_payload ?? confirmBytes
  }

  /** Bytes that the broker has not confirmed: a bound on what waits in this process to be sent. */
  get backlog(): number {
    return this.#sent - this.#confirmed
  }

  get sentBytes(): number {
    return this.#sent
  }

  sendCalls(to: Provider, operation: string, first: number, count: number, message: Uint8Array): void {
    this.publish(this.#subjects.call(to, operation), message, this.#subjects.replyHere(to.module, `${first}-${count}`))
  }

  sendCancel(module: string, message: Uint8Array): void {
    this.publish(this.#subjects.cancel(module), message)
  }

  sendRequest(to: RequestTo, number: number, message: Uint8Array): void {
    this.publish(this.#requestSubject(to), message, this.#subjects.replyHere(to.module, `r${number}`))
  }

  #requestSubject(to: RequestTo): string {
    if (to.kind === 'log') return this.#subjects.log(to.module, to.operation)
    return to.kind === 'route'
      ? this.#subjects.route(to.module, to.version)
      : this.#subjects.lane(to.module, to.instance)
  }

  sendReply(to: ReplyTo, message: Uint8Array): void {
    this.publish(this.#subjects.replyTo(to), message)
  }

  publish(subject: string, message: Uint8Array, reply?: string): void {
    // I1
    if (!this.connected) return
    this.#connection.publish(subject, message, reply === undefined ? undefined : { reply })
    this.#sent += message.length
    if (this.#sent - this.#confirmed > confirmBytes && !this.#confirming) this.#confirm()
  }

  #confirm(): void {
    this.#confirming = true
    const upTo = this.#sent
    const done = (): void => {
      this.#confirming = false
      this.#confirmed = upTo
    }
    // Rejected when the connection breaks; then nothing waits in it any more.
    this.#connection.flush().then(done, done)
  }
}
