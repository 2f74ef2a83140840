import { createLoadFactory } from '../aggregate/load.js'
import type { Statement } from '../ports/sql-executor.js'
import type { StatementWatch } from '../sql/query.js'
import { createSql, type SqlTag } from '../sql/tag.js'
import { createCallFactory } from './calls.js'
import { createEmitFactory, createFailFactory, createLaterFactory } from './effects.js'
import type { Frame, FrameHost } from './frame.js'

type Factory = (frame: Frame) => object

/** A `pg`-compatible client bound to the unit of work, for ORMs and query builders. */
export interface BoundClient {
  query(statement: string | Statement, values?: readonly unknown[]): Promise<unknown>
}

function boundClient(frame: Frame): BoundClient {
  return {
    query(statement, values) {
      frame.statementStarted()
      const whole: Statement =
        typeof statement === 'string'
          ? { text: statement, ...(values ? { values } : {}) }
          : { ...statement, ...(values ? { values } : {}) }
      const result = frame.query(whole)
      const ended = (): void => frame.statementEnded()
      result.then(ended, ended)
      return result
    },
  }
}

/** Helpers may prepare pieces of statements that one handler uses and another does not. */
function helperWatch(frame: Frame): StatementWatch {
  return { statementStarted: () => frame.statementStarted(), statementEnded: () => frame.statementEnded() }
}

/** What kind of handler a context is for: queries neither publish nor schedule. */
export type ContextKind = 'command' | 'query'

/** Helpers of the app author's own, made per run: `context: ({ pg }) => ({ db: drizzle(pg) })`. */
export type ContextExtension = (base: { pg: BoundClient; sql: SqlTag; config: unknown }) => object

/**
 * Makes the contexts of one module's handlers. A context is made per run, its parts when they are first used: a
 * handler that only calls pays for nothing else.
 */
export function createContextFactory(
  host: FrameHost,
  extension: ContextExtension | undefined,
): (kind: ContextKind, frame: Frame, extra?: object) => object {
  const calls = createCallFactory(host.callable)
  const emits = createEmitFactory(host.contract)
  const fails = createFailFactory(host.contract)
  const laters = createLaterFactory(host.callable)
  const load = createLoadFactory()
  const QueryContext = contextClass({ call: calls, fail: fails, load })
  const CommandContext = contextClass({ call: calls, fail: fails, emit: emits, later: laters, load })
  return (kind, frame, extra) => {
    const context = kind === 'command' ? new CommandContext(frame) : new QueryContext(frame)
    if (extension)
      Object.assign(
        context,
        extension({ pg: boundClient(frame), sql: createSql(frame, helperWatch(frame)), config: host.config }),
      )
    if (extra) Object.assign(context, extra)
    return context
  }
}

function contextClass(parts: Readonly<Record<string, Factory>>): new (frame: Frame) => object {
  class HandlerContext {
    readonly #frame: Frame
    #sql: SqlTag | undefined

    constructor(frame: Frame) {
      this.#frame = frame
    }

    static part(context: HandlerContext, make: Factory): object {
      return make(context.#frame)
    }

    get sql(): SqlTag {
      this.#sql ??= createSql(this.#frame, this.#frame)
      return this.#sql
    }

    get pg(): BoundClient {
      return boundClient(this.#frame)
    }

    get newId(): () => string {
      const frame = this.#frame
      // The first asks of one run are numbered like its calls: the same ids when it runs again (C1).
      return () => frame.childId('newId', frame.nextOrdinal())
    }

    get now(): () => Date {
      return () => new Date(this.#frame.now())
    }

    get log(): object {
      const { host, envelope, operation } = this.#frame
      return host.logger.child({ module: host.module, operation, correlationId: envelope.travel.correlationId })
    }

    get config(): unknown {
      return this.#frame.host.config
    }

    get caller(): unknown {
      return this.#frame.envelope.caller
    }

    get identity(): unknown {
      return this.#frame.envelope.travel.identity
    }

    get signal(): AbortSignal {
      return this.#frame.scope.signal
    }

    get remainingMs(): () => number {
      return () => this.#frame.scope.remainingMs()
    }
  }
  for (const [name, make] of Object.entries(parts))
    Object.defineProperty(HandlerContext.prototype, name, {
      get(this: HandlerContext) {
        return HandlerContext.part(this, make)
      },
    })
  return HandlerContext
}
