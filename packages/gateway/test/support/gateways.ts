import { createAmbient } from '@banyan/ambient'
import { onTestFinished } from 'vitest'
import { createGateway, type Gateway, type GatewayOptions } from '../../src/index.js'
import { type Script, type ScriptedRuntime, scriptedRuntime } from './scripted-runtime.js'

export interface Served {
  readonly gateway: Gateway
  readonly runtime: ScriptedRuntime
  readonly url: string
  readonly logged: readonly { fields: object; message: string }[]
  /** Fetches a path of the gateway over HTTP. */
  get(path: string, init?: RequestInit): Promise<Response>
}

/** A gateway that is not listening. */
export function gatewayOf(script: Script, options: Partial<GatewayOptions> = {}): Omit<Served, 'url' | 'get'> {
  const runtime = scriptedRuntime(script)
  const logged: { fields: object; message: string }[] = []
  const write = (fields: object, message: string): void => void logged.push({ fields, message })
  const log = { error: write, warn: write, info: write }
  const gateway = createGateway({ runtime, ambient: createAmbient(), log, port: 0, ...options })
  return { gateway, runtime, logged }
}

/** A gateway on a free port, closed with the test. */
export async function serve(script: Script, options: Partial<GatewayOptions> = {}): Promise<Served> {
  const made = gatewayOf(script, options)
  const { url } = await made.gateway.listen()
  onTestFinished(() => made.gateway.close(0))
  return { ...made, url, get: (path, init) => fetch(`${url}${path}`, init) }
}

/** Options of a POST with a JSON body. */
export function json(body: unknown, headers: Record<string, string> = {}): RequestInit {
  return { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } }
}
