import { createHash } from 'node:crypto'
import type { AnyContract } from '@banyan/contract'
import type { RouteTable } from '../routes/table.js'
import { callerScheme, describeOperation, describeRawRoute } from './operation.js'
import { createSchemaComponents } from './schemas.js'

const methodOrder = ['get', 'put', 'post', 'delete', 'patch'] as const

/**
 * The OpenAPI 3.1 document of an app. The same contracts give the same document to the byte, whatever order their
 * modules were listed in, so it can be compared in review.
 * @param basePath path prefix that the gateway is mounted at; empty at the root
 */
export function openApiDocument(
  app: string,
  contracts: Iterable<AnyContract>,
  { operations, rawRoutes }: RouteTable,
  basePath = '',
): object {
  const sorted = [...contracts].sort((one, other) => (one.name < other.name ? -1 : 1))
  const components = { ...createSchemaComponents(), responses: {} }
  const described = [
    ...operations.map((planned) => ({ http: planned.http, content: describeOperation(components, planned) })),
    ...rawRoutes.map((planned) => ({ http: planned.http, content: describeRawRoute(planned) })),
  ]
  const paths: Record<string, Record<string, object>> = {}
  for (const { http, content } of described) {
    paths[http.path] = { ...paths[http.path], [http.method.toLowerCase()]: content }
  }
  return {
    openapi: '3.1.0',
    info: { title: app, version: versionOf(sorted), description: 'Generated from the contracts of the modules.' },
    ...(basePath === '' ? {} : { servers: [{ url: basePath }] }),
    tags: sorted.map(({ name, version, owner, summary }) => ({
      name,
      description: [summary, `version ${version}`, owner === undefined ? undefined : `owner ${owner}`]
        .filter((part) => part !== undefined)
        .join(' · '),
    })),
    paths: sortedByName(
      Object.fromEntries(Object.entries(paths).map(([path, methods]) => [path, inMethodOrder(methods)])),
    ),
    components: {
      schemas: sortedByName(components.all),
      responses: sortedByName(components.responses),
      securitySchemes: {
        [callerScheme]: {
          type: 'http',
          scheme: 'bearer',
          description: 'How callers are known is configured at the gateway.',
        },
      },
    },
  }
}

function inMethodOrder(methods: Record<string, object>): Record<string, object> {
  return Object.fromEntries(
    methodOrder.flatMap((method) => (method in methods ? [[method, methods[method] as object]] : [])),
  )
}

function sortedByName<Value>(members: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(members).sort(([one], [other]) => (one < other ? -1 : 1)))
}

// A document over several contracts has no version of its own: it changes exactly when one of theirs does.
function versionOf(contracts: readonly AnyContract[]): string {
  const [only, ...more] = contracts
  if (only !== undefined && more.length === 0) return only.version
  const versions = contracts.map(({ name, version }) => `${name}@${version}`).join(' ')
  return `contracts-${createHash('sha256').update(versions).digest('hex').slice(0, 8)}`
}
