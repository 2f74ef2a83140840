import type { CodecProblem } from './types.js'
import { checksOf, type ZodSchema } from './zod-internals.js'

/** What is found by walking through a zod schema once, when a contract is made. */
export interface Survey {
  /** What cannot cross a contract, with the place in the schema. */
  readonly problems: readonly CodecProblem[]
  /** Whether decoding may change a value. */
  readonly transforms: boolean
}

const REMEDIES: Readonly<Record<string, string>> = {
  date: 'Use z.iso.datetime(), or z.codec(z.iso.datetime(), z.date(), …) to see a Date in the handler.',
  bigint: 'Use z.int(), or z.string() with the digits, or z.codec(z.string(), z.bigint(), …).',
  map: 'Use z.record(…), or z.array(z.tuple([…])), or z.codec(…, z.map(…), …).',
  set: 'Use z.array(…), or z.codec(z.array(…), z.set(…), …).',
  undefined: 'Use .optional() on the property, or leave the input or output out where there is none.',
  void: 'Leave the input or output out where there is none.',
  nan: 'Use z.null() for what is no number.',
  symbol: 'Use z.string() or z.enum([…]).',
  function: 'Send data; what is to be done with it is an operation of a contract.',
  promise: 'Await the value before it is sent.',
  file: 'Use z.base64(), or send a reference to where the file is stored.',
  custom: 'Use a schema of plain data, or z.codec(…, z.instanceof(…), …) to see an instance in the handler.',
  transform: 'Put what it takes in front: z.codec(z.string(), …), or z.string().transform(…).',
}

/** Types whose output is not their input. */
const TRANSFORMING = new Set(['default', 'prefault', 'catch', 'pipe', 'transform', 'success'])

/** Walks through the input form of a schema, which is what crosses between modules. */
export function surveyZod(schema: ZodSchema): Survey {
  const surveyor = new Surveyor()
  surveyor.visit(schema, '')
  return surveyor
}

class Surveyor implements Survey {
  readonly problems: CodecProblem[] = []
  transforms = false
  readonly #seen = new Set<ZodSchema>()

  visit(schema: ZodSchema, path: string): void {
    if (this.#seen.has(schema)) return
    this.#seen.add(schema)
    const { def } = schema._zod
    this.transforms ||= TRANSFORMING.has(def.type) || def.coerce === true || checksOf(schema).some(isOverwrite)
    const remedy = REMEDIES[def.type]
    if (remedy !== undefined && schema._zod.toJSONSchema === undefined) {
      this.problems.push({
        path,
        message: `z.${def.type === 'custom' ? 'custom() or z.instanceof' : def.type}() has no JSON Schema, so its values cannot cross a contract.`,
        remedy,
      })
      return
    }
    if (def.type === 'literal' && def.values.some((value) => value === undefined || typeof value === 'bigint')) {
      this.problems.push({
        path,
        message: 'z.literal() holds undefined or a bigint, which no portable value is.',
        remedy: REMEDIES.undefined as string,
      })
    }
    if (
      isAsync(def.transform) ||
      isAsync(def.out?._zod.def.transform) ||
      checksOf(schema).some(({ _zod }) => isAsync(_zod.def.fn) || isAsync(_zod.check))
    ) {
      this.problems.push({
        path,
        message: 'A check or transform is an async function, but what crosses a contract is validated synchronously.',
        remedy: 'Do in the handler what has to be waited for.',
      })
    }
    this.#visitChildren(schema, path)
  }

  #visitChildren(schema: ZodSchema, path: string): void {
    const { def } = schema._zod
    switch (def.type) {
      case 'object':
        for (const key of Object.keys(def.shape))
          this.visit(def.shape[key] as ZodSchema, path === '' ? key : `${path}.${key}`)
        if (def.catchall !== undefined) this.visit(def.catchall, `${path}{}`)
        break
      case 'array':
        this.visit(def.element, `${path}[]`)
        break
      case 'tuple':
        for (const [index, item] of def.items.entries()) this.visit(item, `${path}[${index}]`)
        if (def.rest) this.visit(def.rest, `${path}[]`)
        break
      case 'record':
        this.visit(def.valueType, `${path}{}`)
        break
      case 'union':
        for (const option of def.options) this.visit(option, path)
        break
      case 'intersection':
        this.visit(def.left, path)
        this.visit(def.right, path)
        break
      case 'pipe':
        this.visit(def.in._zod.def.type === 'transform' ? def.out : def.in, path)
        break
      case 'lazy':
        this.visit(schema._zod.innerType as ZodSchema, path)
        break
      default:
        if (def.innerType !== undefined) this.visit(def.innerType, path)
    }
  }
}

function isOverwrite(check: { readonly _zod: { readonly traits: ReadonlySet<string> } }): boolean {
  return check._zod.traits.has('$ZodCheckOverwrite')
}

/** Functions that return promises without saying so are found when they are called. */
function isAsync(candidate: unknown): boolean {
  return typeof candidate === 'function' && Object.prototype.toString.call(candidate) === '[object AsyncFunction]'
}
