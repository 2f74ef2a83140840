import { contract } from '@banyan/contract'
import { BanyanError, errorData, isBanyanError } from '@banyan/errors'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { inventory } from './market.js'

/** What `contract` says about a definition that the compiler would refuse too. */
function problemsOf(options: unknown): string[] {
  try {
    contract(options as Parameters<typeof contract>[0])
  } catch (error) {
    if (!isBanyanError(error, 'invalid-contract')) throw error
    const { problems } = error.details as {
      problems: { who: string; where: string; what: string; allowed?: string; remedy: string }[]
    }
    return problems.map(
      ({ where, what, allowed }) => `${where}: ${what}${allowed === undefined ? '' : ` (${allowed})`}`,
    )
  }
  return []
}

const sku = z.object({ sku: z.string() })

describe('a contract', () => {
  it('is plain data, frozen through and through', () => {
    expect(inventory.kind).toBe('contract')
    expect(inventory.name).toBe('inventory')
    expect(inventory.version).toBe('1.2.0')
    expect(inventory.owner).toBe('fulfilment')
    expect(Object.keys(inventory.commands)).toEqual(['reserve', 'recount'])
    const { reserve } = inventory.commands
    for (const part of [inventory, inventory.commands, reserve, reserve.errors, reserve.http, reserve.access]) {
      expect(Object.isFrozen(part)).toBe(true)
    }
  })

  it('knows route, access and codecs of its operations', () => {
    expect(inventory.commands.reserve.http).toEqual({ method: 'POST', path: '/reservations', parameters: [] })
    expect(inventory.queries.level.http).toEqual({ method: 'GET', path: '/stock/{sku}', parameters: ['sku'] })
    expect(inventory.commands.reserve.access).toEqual(['order:write'])
    expect(inventory.queries.level.access).toBe('public')
    expect(inventory.queries.level.deprecated).toBe('levels')
    expect(inventory.queries.level.inputCodec.check({ sku: 'a', extra: 1 })).toEqual({ ok: true, value: { sku: 'a' } })
    expect(inventory.commands.recount.inputCodec.check(undefined)).toEqual({ ok: true, value: undefined })
    expect(inventory.commands.recount.outputCodec.check({ any: 1 }).ok).toBe(false)
  })

  it('knows key, version and codec of its events', () => {
    expect(inventory.events.reserved).toMatchObject({ kind: 'event', name: 'reserved', key: 'orderId', version: 1 })
    expect(inventory.events.depleted.version).toBe(2)
    expect(inventory.events.depleted.codec.check({ sku: 'a' }).ok).toBe(true)
  })
})

describe('declared errors (P6)', () => {
  const { outOfStock, closed } = inventory.errors

  it('carry code, filled message, status and details', () => {
    const error = outOfStock.create({ sku: 'tea', available: 2 })
    expect(error).toBeInstanceOf(BanyanError)
    expect(errorData(error)).toEqual({
      code: 'inventory.outOfStock',
      message: 'Only 2 left of tea',
      details: { sku: 'tea', available: 2 },
      origin: 'inventory',
      retryable: false,
      status: 409,
    })
  })

  it('are recognized after they crossed as data', () => {
    const crossed: unknown = new BanyanError(
      structuredClone(errorData(outOfStock.create({ sku: 'tea', available: 2 }))),
    )
    expect(outOfStock.is(crossed)).toBe(true)
    expect(closed.is(crossed)).toBe(false)
    expect(outOfStock.is(new Error('inventory.outOfStock'))).toBe(false)
    if (outOfStock.is(crossed)) expect(crossed.details.sku).toBe('tea')
  })

  it('have defaults', () => {
    expect(closed).toMatchObject({ status: 422, message: 'closed', retryable: false, code: 'inventory.closed' })
    expect(closed.create().details).toBeUndefined()
    expect(inventory.commands.reserve.errors.closed).toBe(closed)
  })
})

describe('what is wrong with a contract', () => {
  it('is reported together, with who, where, what, allowed and remedy', () => {
    const wrong = { name: 'Orders!', version: '1.0', queries: { list: { http: 'GET /orders/{id}' } } }
    expect(() => contract(wrong as never)).toThrowErrorMatchingInlineSnapshot(`
      [BanyanError: The contract Orders! is not valid
        ✗ contract Orders! · name
            "Orders!" is not a name for a module
            allowed: letters and digits, beginning with a small letter, at most 40
            remedy:  Rename it.
        ✗ contract Orders! · version
            "1.0" is not a semantic version
            allowed: major.minor.patch, for example '1.0.0'
            remedy:  See https://semver.org.
        ✗ contract Orders! · queries.list.http
            the path parameter {id} is not in the input
            allowed: no parameters, since the input has no properties
            remedy:  Rename the parameter, or add the property to the input.]
    `)
  })

  it.each<[title: string, options: object, problems: string[]]>([
    [
      'a name that is too long',
      { name: 'a'.repeat(41) },
      [
        `name: "${'a'.repeat(41)}" is not a name for a module (letters and digits, beginning with a small letter, at most 40)`,
      ],
    ],
    [
      'a reserved module',
      { name: 'banyan' },
      ["name: 'banyan' is reserved (any other name (letters and digits, beginning with a small letter, at most 40))"],
    ],
    [
      'a reserved operation',
      { commands: { catch: {} } },
      [
        "commands.catch: 'catch' is reserved (any other name (letters and digits, beginning with a small letter, at most 40))",
      ],
    ],
    [
      'a version that is none',
      { version: 'v1' },
      [`version: "v1" is not a semantic version (major.minor.patch, for example '1.0.0')`],
    ],
    [
      'a name that is command and query',
      { commands: { find: {} }, queries: { find: {} } },
      ["queries.find: 'find' is a command too (one name is either a command or a query)"],
    ],
    [
      'a command served by GET',
      { commands: { find: { http: 'GET /find' } } },
      [
        'commands.find.http: a command cannot be a GET, which promises to change nothing (RFC 9110, 9.2.1) (POST, PUT, PATCH, DELETE)',
      ],
    ],
    [
      'a query served by PUT',
      { queries: { find: { http: 'PUT /find' } } },
      [
        'queries.find.http: a query cannot be a PUT, which promises a change (RFC 9110, 9.3) (GET; POST for an input that does not fit into a URL)',
      ],
    ],
    [
      'a path parameter that is not in the input',
      { queries: { find: { input: sku, http: 'GET /find/{id}' } } },
      ['queries.find.http: the path parameter {id} is not in the input (sku)'],
    ],
    [
      'a path parameter without input',
      { queries: { find: { http: 'GET /find/{id}' } } },
      [
        'queries.find.http: the path parameter {id} is not in the input (no parameters, since the input has no properties)',
      ],
    ],
    [
      'a path that cannot be served',
      { queries: { find: { http: 'GET /find/a{b}' } } },
      [
        "queries.find.http: the segment 'a{b}' of '/find/a{b}' is not valid (METHOD /path/{parameter} with METHOD one of GET, POST, PUT, PATCH, DELETE)",
      ],
    ],
    [
      'a route that is taken',
      {
        queries: {
          one: { input: sku, http: 'GET /x/{sku}' },
          two: { input: z.object({ id: z.string() }), http: 'GET /x/{id}' },
        },
      },
      [
        "queries.two.http: 'GET /x/{id}' is served by queries.one already (one operation per method and path; names of parameters make no difference)",
      ],
    ],
    [
      'an event without its key',
      { events: { sold: { data: sku, key: 'orderId' } } },
      ['events.sold.key: "orderId" is not a property of the data (sku)'],
    ],
    [
      'an event without data',
      { events: { sold: { key: 'sku' } } },
      ['events.sold.data: an event needs data (a schema of an object)'],
    ],
    [
      'an event of version 0',
      { events: { sold: { data: sku, key: 'sku', version: 0 } } },
      ['events.sold.version: 0 is not the version of a schema (a whole number from 1)'],
    ],
    [
      'nobody having access',
      { commands: { find: { access: [] } } },
      ["commands.find.access: [] does not say who may call it ('public', or a list of at least one permission)"],
    ],
    [
      'a status that is no error',
      { commands: { find: { errors: { gone: { status: 200 } } } } },
      ['commands.find.errors.gone.status: 200 is not the status of an error (a whole number from 400 to 599)'],
    ],
    [
      'a placeholder without details',
      { commands: { find: { errors: { gone: { message: 'No {id}' } } } } },
      [
        'commands.find.errors.gone.message: the placeholder {id} is not in the details (no placeholders, since there are no details)',
      ],
    ],
    [
      'a placeholder that is not in the details',
      { commands: { find: { errors: { gone: { message: 'No {id}', details: sku } } } } },
      ['commands.find.errors.gone.message: the placeholder {id} is not in the details (sku)'],
    ],
    [
      'one error with two meanings',
      { commands: { one: { errors: { gone: sku } }, two: { errors: { gone: { details: sku, status: 410 } } } } },
      [
        "commands.two.errors.gone: 'gone' is declared differently at commands.one.errors.gone (one definition per name: status, message, retryable and details)",
      ],
    ],
    [
      'a schema that is none',
      { commands: { find: { input: { sku: 'string' } } } },
      [
        'commands.find.input: this is not a schema (a Standard Schema with Standard JSON Schema, for example one of zod 4)',
      ],
    ],
  ])('%s', (_, options, problems) => {
    expect(problemsOf({ name: 'shop', version: '1.0.0', ...options })).toEqual(problems)
  })

  it('refuses dates and whatever has no JSON Schema, naming the place', () => {
    const dated = {
      name: 'shop',
      version: '1.0.0',
      commands: { find: { input: z.object({ day: z.date() }), output: z.map(z.string(), z.string()) } },
    }
    const problems = problemsOf(dated)
    expect(problems).toHaveLength(2)
    expect(problems[0]).toMatch(/^commands\.find\.input\.day: .*date/i)
    expect(problems[1]).toMatch(/^commands\.find\.output: .*map/i)
  })

  it('lets two operations share an error', () => {
    const gone = { status: 410, details: sku } as const
    const shared = contract({
      name: 'shop',
      version: '1.0.0',
      commands: { one: { errors: { gone } }, two: { errors: { gone } } },
    })
    expect(shared.commands.two.errors.gone?.code).toBe('shop.gone')
  })

  it('finds key and parameter through unions, references and intersections', () => {
    const kinds = z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('a'), id: z.string() }),
      z.object({ kind: z.literal('b'), id: z.string(), more: z.number() }),
    ])
    expect(problemsOf({ name: 'shop', version: '1.0.0', events: { sold: { data: kinds, key: 'id' } } })).toEqual([])
    expect(problemsOf({ name: 'shop', version: '1.0.0', events: { sold: { data: kinds, key: 'more' } } })).toHaveLength(
      1,
    )
    const both = z.intersection(sku, z.object({ id: z.string() }))
    expect(
      problemsOf({ name: 'shop', version: '1.0.0', queries: { find: { input: both, http: 'GET /x/{sku}/{id}' } } }),
    ).toEqual([])
  })
})
