import type { AnyContract, Checked, Codec, OperationDefinition } from '@banyan/contract'
import { type BanyanError, banyanError } from '@banyan/errors'
import { type App, modulesOf } from '@banyan/module'
import { type Envelope, exceedsPayload, invalidInput, payloadLimitBytes } from '@banyan/runtime'

/** An operation of another process as its callers here know it. */
export class Callee {
  /** `orders.place`, for errors. */
  readonly name: string
  /** The version of the contract that the caller was built with. */
  readonly wanted: string
  readonly #definition: OperationDefinition
  #codec: Codec | undefined

  constructor(module: string, wanted: string, definition: OperationDefinition) {
    this.name = `${module}.${definition.name}`
    this.wanted = wanted
    this.#definition = definition
  }

  /**
   * The input as JSON, refused as the callee would refuse it if it ran here (P1): a NaN, a Map or what is too deep would
   * cross as something else, or not at all.
   */
  encode(input: unknown): { readonly text: string | undefined } | { readonly error: BanyanError } {
    this.#codec ??= this.#definition.inputCodec
    const codec = this.#codec
    const checked = codec.check(input)
    if (!checked.ok) return { error: invalidInput(this.name, this.#issues(codec, input, checked)) }
    if (exceedsPayload(checked.value, codec.jsonBytesBound(checked.value)))
      return {
        error: banyanError('payload-too-large', {
          what: `the input of ${this.name}`,
          limitBytes: payloadLimitBytes,
        }),
      }
    return { text: checked.value === undefined ? undefined : JSON.stringify(checked.value) }
  }

  // The callee decodes the input of a query at once, and words the issues as that does.
  #issues(codec: Codec, input: unknown, checked: Checked & { ok: false }): (Checked & { ok: false })['issues'] {
    if (this.#definition.kind === 'command' || !codec.transforms) return checked.issues
    const decoded = codec.decode(input)
    return decoded.ok ? checked.issues : decoded.issues
  }
}

/** The operations of all modules of the app, as each module here was built to call them. */
export class Callees {
  readonly #contracts: ReadonlyMap<string, AnyContract>
  /** By calling module: the versions that it declares under uses. */
  readonly #uses: ReadonlyMap<string, Readonly<Record<string, AnyContract>>>
  readonly #callees = new Map<string, Map<string, Callee>>()

  constructor(app: App) {
    const modules = modulesOf(app)
    this.#contracts = new Map(modules.map(({ contract }) => [contract.name, contract]))
    this.#uses = new Map(modules.map((module) => [module.name, contractsByName(module.uses)]))
  }

  /** What the caller was built with; of callers outside the modules the version of this app. */
  versionFor(caller: string | undefined, module: string): string | undefined {
    const used = caller === undefined ? undefined : this.#uses.get(caller)?.[module]
    return (used ?? this.#contracts.get(module))?.version
  }

  find({ caller, module, operation, kind }: Envelope): Callee | BanyanError {
    const key = caller === undefined ? module : `${caller} ${module}`
    let operations = this.#callees.get(key)
    if (!operations) {
      operations = new Map()
      this.#callees.set(key, operations)
    }
    const known = operations.get(operation)
    if (known) return known
    const contract = this.#contracts.get(module)
    if (!contract) return banyanError('unknown-module', { module })
    const definition = (kind === 'command' ? contract.commands : contract.queries)[operation]
    if (!definition) return banyanError('unknown-operation', { module, operation })
    const callee = new Callee(module, this.versionFor(caller, module) as string, definition)
    operations.set(operation, callee)
    return callee
  }
}

function contractsByName(uses: Readonly<Record<string, AnyContract>>): Readonly<Record<string, AnyContract>> {
  return Object.fromEntries(Object.values(uses).map((contract) => [contract.name, contract]))
}
