import type { AnyContract } from '@banyan/contract'
import { banyanError, type ErrorData, errorData } from '@banyan/errors'
import type { ExternalCall, HealthReport, Metric, Outcome, Runtime } from '@banyan/runtime'

type Handler = (call: ExternalCall) => unknown
type RouteCall = Omit<ExternalCall, 'module' | 'operation' | 'input' | 'id'>
type RouteHandler = (request: Request, call: RouteCall) => Response | Promise<Response>

export interface Script {
  contracts?: readonly AnyContract[]
  operations?: Readonly<Record<string, Handler>>
  routes?: Readonly<Record<string, RouteHandler>>
  check?: () => Promise<void>
  metrics?: readonly Metric[]
  health?: HealthReport
}

export interface ScriptedRuntime extends Runtime {
  /** Every call, in order. */
  readonly calls: readonly ExternalCall[]
}

export const failure = (error: ErrorData): Outcome => ({ ok: false, error })

/**
 * A runtime whose operations answer by a script. Inputs are decoded as the real one does, since what reaches a handler
 * depends on it; a value from a handler that is an `Outcome` is taken as it is.
 */
export function scriptedRuntime(script: Script): ScriptedRuntime {
  const contracts = new Map((script.contracts ?? []).map((contract) => [contract.name, contract]))
  const calls: ExternalCall[] = []
  return {
    app: 'market',
    contracts,
    calls,
    async execute(call: ExternalCall): Promise<Outcome> {
      calls.push(call)
      const contract = contracts.get(call.module)
      const operation = contract?.commands[call.operation] ?? contract?.queries[call.operation]
      if (operation === undefined) return failure(errorData(banyanError('unknown-operation', { ...call })))
      const input =
        operation.input === undefined
          ? { ok: true as const, value: undefined }
          : operation.inputCodec.decode(call.input)
      const name = `${call.module}.${call.operation}`
      if (!input.ok) {
        const { issues } = input
        return failure(
          errorData(banyanError('invalid-input', { operation: name, summary: 'see issues' }, { details: { issues } })),
        )
      }
      const value = await script.operations?.[name]?.({ ...call, input: input.value })
      return isOutcome(value) ? value : { ok: true, value }
    },
    async route(module: string, route: string, request: Request, options: RouteCall = {}) {
      const handler = script.routes?.[`${module} ${route}`]
      if (handler === undefined) throw banyanError('not-found', { what: `route ${route} of ${module}` })
      return handler(request, options)
    },
    health: () => script.health ?? { state: 'running', ready: true, modules: [], edges: [] },
    check: () => script.check?.() ?? Promise.resolve(),
    metrics: () => script.metrics ?? [],
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    settled: () => Promise.resolve(),
  } as unknown as ScriptedRuntime
}

function isOutcome(value: unknown): value is Outcome {
  return typeof value === 'object' && value !== null && 'ok' in value
}
