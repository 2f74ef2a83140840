import type { OperationDefinition } from '@banyan/contract'
import { banyanError, type ErrorData, errorData } from '@banyan/errors'
import type { ExternalCall, Outcome } from '@banyan/runtime'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Edge } from '../edge.js'
import { commandId } from '../idempotency/command-id.js'
import { parseIdempotencyKey } from '../idempotency/key.js'
import { compileAssembly } from '../input/assembly.js'
import { internalErrorData, isPublic } from '../problem/error-data.js'
import { refuse, sendDone, sendJson, sendProblem } from '../responses.js'
import { accessRefusal } from './access.js'
import { arrival, overloaded } from './arrival.js'
import { toRouterPath } from './router-path.js'
import { serializerSchema } from './serializer.js'

/** Serves one operation where its contract says. */
export function serveOperation(app: FastifyInstance, edge: Edge, module: string, operation: OperationDefinition): void {
  const { http, access } = operation
  if (http === undefined) return
  const name = `${module}.${operation.name}`
  const assemble = compileAssembly(module, operation)
  const send = outcomeSender(edge, name, operation)
  const isCommand = operation.kind === 'command'
  app.route({
    method: http.method,
    url: toRouterPath(http.path),
    bodyLimit: edge.limits.bodyBytes,
    onRequest: arrival(edge, http, ({ exchange }) => accessRefusal(name, access, exchange.identity)),
    handler(request, reply) {
      const { exchange } = request
      if (!exchange.enter(edge.inFlight)) return refuse(edge, request, reply, overloaded(edge))
      const input = assemble(request.params as never, request.query as never, request.body)
      const call: { -readonly [Key in keyof ExternalCall]: ExternalCall[Key] } = {
        module,
        operation: operation.name,
        input,
        correlationId: exchange.correlationId,
        traceparent: exchange.trace.traceparent,
        signal: exchange.signal(request, reply),
      }
      if (exchange.trace.tracestate !== undefined) call.tracestate = exchange.trace.tracestate
      if (exchange.identity !== undefined) call.identity = exchange.identity
      const key = isCommand ? request.headers['idempotency-key'] : undefined
      if (key !== undefined) call.id = commandId(parseIdempotencyKey(key), exchange.identity?.subject, name)
      edge.runtime.execute(call).then(
        (outcome) => {
          try {
            send(request, reply, outcome)
          } catch (error) {
            reply.send(error)
          }
        },
        (error: unknown) => reply.send(error),
      )
    },
  })
}

type Sender = (request: FastifyRequest, reply: FastifyReply, outcome: Outcome) => void

function outcomeSender(edge: Edge, name: string, operation: OperationDefinition): Sender {
  const declared = new Set(Object.values(operation.errors).map(({ code }) => code))
  const isGet = operation.http?.method === 'GET'
  const hasOutput = operation.output !== undefined
  // Compiled with the first response: an app may have thousands of operations, and most are asked for later or never.
  let serialize: ((value: unknown) => string) | undefined
  return (request, reply, outcome) => {
    if (!outcome.ok) return sendProblem(edge, request, reply, publicError(edge, request, name, declared, outcome.error))
    if (!hasOutput) {
      sendDone(edge, request, reply)
      return
    }
    const value = outcome.value ?? null
    if (value === null && isGet) {
      refuse(edge, request, reply, banyanError('not-found', { what: `result of ${name}` }))
    } else {
      serialize ??= compileSerializer(operation, reply)
      sendJson(edge, request, reply, serialize(value))
    }
  }
}

function compileSerializer(operation: OperationDefinition, reply: FastifyReply): (value: unknown) => string {
  const schema = serializerSchema(operation.outputCodec.jsonSchema)
  return schema === undefined
    ? JSON.stringify
    : (reply.compileSerializationSchema(schema) as (value: unknown) => string)
}

// The runtime keeps undeclared errors of callees inside; that nothing internal leaves is looked at here once more.
function publicError(
  edge: Edge,
  request: FastifyRequest,
  name: string,
  declared: ReadonlySet<string>,
  error: ErrorData,
): ErrorData {
  // Its client is still there, so it was this process that cancelled it, because it stops.
  if (error.code === 'cancelled') return errorData(banyanError('unavailable', { what: name }))
  if (isPublic(error.code, declared)) return error
  const { correlationId } = request.exchange
  edge.log.error({ correlationId, operation: name, error }, 'An undeclared error reached the gateway')
  return internalErrorData(name, correlationId)
}
