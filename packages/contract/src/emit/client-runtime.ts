/**
 * The part of an emitted client that is the same for every contract, but for its names. How an input is spread over
 * path, query string and body mirrors what the gateway puts together again: path and query carry strings, numbers,
 * booleans and lists of them; everything else is the body.
 */
export function clientRuntime(title: string, name: string): string {
  return `${clientTypes(title, name)}
${clientCalls(title)}`
}

function clientTypes(title: string, name: string): string {
  return `/** Where the app is, and what goes with every request. */
export interface ClientOptions {
  /** Where the gateway is, for example \`https://shop.example\`. */
  readonly url: string
  /** Headers of every request, for example \`authorization\`; a function is asked each time. */
  readonly headers?: Record<string, string> | (() => Record<string, string> | Promise<Record<string, string>>)
  /** Default: the \`fetch\` of the platform. */
  readonly fetch?: typeof fetch
}

export interface CallOptions {
  readonly signal?: AbortSignal
  /** Sent as Idempotency-Key: the same key again gives the recorded outcome, and takes effect once. */
  readonly idempotencyKey?: string
}

/** What a call throws. \`is\` narrows the details of an error that the contract declares. */
export class ${title}Error extends Error {
  readonly code: string
  readonly status: number
  readonly retryable: boolean
  readonly details: unknown
  /** What is wrong with the input, with the path to each place. */
  readonly issues: unknown

  constructor(problem: Record<string, unknown>, status: number) {
    super(typeof problem['detail'] === 'string' ? problem['detail'] : 'The request failed with status ' + status)
    this.name = '${title}Error'
    this.code = typeof problem['code'] === 'string' ? problem['code'] : 'http-' + status
    this.status = status
    this.retryable = problem['retryable'] === true
    this.details = problem['details']
    this.issues = problem['issues']
  }

  static is<Name extends keyof ${title}Errors>(
    error: unknown,
    name: Name,
  ): error is ${title}Error & { readonly details: ${title}Errors[Name] } {
    return error instanceof ${title}Error && error.code === ${name} + '.' + name
  }
}
`
}

function clientCalls(title: string): string {
  return `interface Route {
  readonly method: string
  readonly path: string
  /** Whether a missing result is \`null\` rather than an error. */
  readonly nullable: boolean
}

async function call<Output>(options: ClientOptions, route: Route, input: unknown, callOptions: CallOptions = {}): Promise<Output> {
  const { path, rest } = splitInput(route, input)
  const url = options.url.replace(/\\/+$/, '') + path
  const given = typeof options.headers === 'function' ? await options.headers() : options.headers
  const headers: Record<string, string> = { accept: 'application/json', ...given }
  if (callOptions.idempotencyKey !== undefined) headers['idempotency-key'] = callOptions.idempotencyKey
  const request: RequestInit = { method: route.method, headers }
  if (callOptions.signal !== undefined) request.signal = callOptions.signal
  if (rest !== undefined) {
    headers['content-type'] = 'application/json'
    request.body = JSON.stringify(rest)
  }
  const response = await (options.fetch ?? fetch)(url, request)
  if (response.status === 204) return undefined as Output
  const text = await response.text()
  const isJson = /[/+]json\\b/.test(response.headers.get('content-type') ?? '')
  const body: unknown = isJson && text !== '' ? JSON.parse(text) : undefined
  if (response.ok) return body as Output
  const problem = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
  if (response.status === 404 && problem['code'] === 'not-found' && route.nullable) return null as Output
  throw new ${title}Error(problem, response.status)
}

function splitInput(route: Route, input: unknown): { path: string; rest: unknown } {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return { path: route.path, rest: input }
  const rest: Record<string, unknown> = { ...input }
  const path = route.path.replace(/\\{(\\w+)\\}/g, (_, name: string) => {
    const value = rest[name]
    delete rest[name]
    return encodeURIComponent(String(value))
  })
  if (route.method !== 'GET') return { path, rest }
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(rest)) {
    if (value === undefined) continue
    for (const item of Array.isArray(value) ? value : [value]) query.append(name, item === null ? '' : String(item))
  }
  const text = query.toString()
  return { path: text === '' ? path : path + '?' + text, rest: undefined }
}
`
}
