import { contract, contractFromDocument, contractText, emitContract } from '@banyan/contract'
import { isBanyanError } from '@banyan/errors'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { inventory } from '../market.js'

describe('emitContract', () => {
  it('writes a documented, stable form', () => {
    expect(emitContract(inventory)).toMatchInlineSnapshot(`
      {
        "commands": {
          "recount": {
            "errors": [],
          },
          "reserve": {
            "access": [
              "order:write",
            ],
            "errors": [
              "closed",
              "outOfStock",
            ],
            "http": "POST /reservations",
            "input": {
              "properties": {
                "lines": {
                  "items": {
                    "properties": {
                      "quantity": {
                        "maximum": 9007199254740991,
                        "minimum": 1,
                        "type": "integer",
                      },
                      "sku": {
                        "type": "string",
                      },
                    },
                    "required": [
                      "quantity",
                      "sku",
                    ],
                    "type": "object",
                  },
                  "minItems": 1,
                  "type": "array",
                },
                "orderId": {
                  "format": "uuid",
                  "pattern": "^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}|00000000-0000-0000-0000-000000000000|ffffffff-ffff-ffff-ffff-ffffffffffff)$",
                  "type": "string",
                },
              },
              "required": [
                "lines",
                "orderId",
              ],
              "type": "object",
            },
            "output": {
              "properties": {
                "reservationId": {
                  "format": "uuid",
                  "pattern": "^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}|00000000-0000-0000-0000-000000000000|ffffffff-ffff-ffff-ffff-ffffffffffff)$",
                  "type": "string",
                },
              },
              "required": [
                "reservationId",
              ],
              "type": "object",
            },
            "summary": "Hold stock for an order",
          },
        },
        "errors": {
          "closed": {
            "message": "closed",
            "retryable": false,
            "status": 422,
          },
          "outOfStock": {
            "details": {
              "properties": {
                "available": {
                  "maximum": 9007199254740991,
                  "minimum": -9007199254740991,
                  "type": "integer",
                },
                "sku": {
                  "type": "string",
                },
              },
              "required": [
                "available",
                "sku",
              ],
              "type": "object",
            },
            "message": "Only {available} left of {sku}",
            "retryable": false,
            "status": 409,
          },
          "unknownSku": {
            "details": {
              "properties": {
                "sku": {
                  "type": "string",
                },
              },
              "required": [
                "sku",
              ],
              "type": "object",
            },
            "message": "unknownSku",
            "retryable": false,
            "status": 422,
          },
        },
        "events": {
          "depleted": {
            "data": {
              "properties": {
                "sku": {
                  "type": "string",
                },
              },
              "required": [
                "sku",
              ],
              "type": "object",
            },
            "key": "sku",
            "summary": "Nothing left",
            "version": 2,
          },
          "reserved": {
            "data": {
              "properties": {
                "lines": {
                  "items": {
                    "properties": {
                      "quantity": {
                        "maximum": 9007199254740991,
                        "minimum": 1,
                        "type": "integer",
                      },
                      "sku": {
                        "type": "string",
                      },
                    },
                    "required": [
                      "quantity",
                      "sku",
                    ],
                    "type": "object",
                  },
                  "type": "array",
                },
                "orderId": {
                  "format": "uuid",
                  "pattern": "^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}|00000000-0000-0000-0000-000000000000|ffffffff-ffff-ffff-ffff-ffffffffffff)$",
                  "type": "string",
                },
              },
              "required": [
                "lines",
                "orderId",
              ],
              "type": "object",
            },
            "key": "orderId",
            "version": 1,
          },
        },
        "format": "banyan.contract/1",
        "name": "inventory",
        "owner": "fulfilment",
        "queries": {
          "level": {
            "access": "public",
            "deprecated": "levels",
            "errors": [
              "unknownSku",
            ],
            "http": "GET /stock/{sku}",
            "input": {
              "properties": {
                "at": {
                  "items": {
                    "type": "string",
                  },
                  "type": "array",
                },
                "sku": {
                  "type": "string",
                },
              },
              "required": [
                "sku",
              ],
              "type": "object",
            },
            "output": {
              "anyOf": [
                {
                  "properties": {
                    "available": {
                      "maximum": 9007199254740991,
                      "minimum": -9007199254740991,
                      "type": "integer",
                    },
                    "sku": {
                      "type": "string",
                    },
                  },
                  "required": [
                    "available",
                    "sku",
                  ],
                  "type": "object",
                },
                {
                  "type": "null",
                },
              ],
            },
          },
        },
        "summary": "Stock levels and reservations",
        "version": "1.2.0",
      }
    `)
  })

  it('sorts keys and lists without order, so that documents compare as text', () => {
    const one = contract({
      name: 'shop',
      version: '1.0.0',
      commands: { b: { input: z.object({ y: z.string(), x: z.string() }) }, a: { errors: { q: {}, p: {} } } },
    })
    const other = contract({
      version: '1.0.0',
      name: 'shop',
      commands: { a: { errors: { p: {}, q: {} } }, b: { input: z.object({ x: z.string(), y: z.string() }) } },
    })
    expect(contractText(emitContract(one))).toBe(contractText(emitContract(other)))
    expect(contractText(emitContract(one))).toMatch(/^\{\n {2}"commands": \{\n {4}"a"/)
    expect(contractText(emitContract(one)).endsWith('}\n')).toBe(true)
  })
})

describe('contractFromDocument', () => {
  const read = contractFromDocument(JSON.parse(contractText(emitContract(inventory))))

  it('gives a contract with the same document', () => {
    expect(emitContract(read)).toEqual(emitContract(inventory))
  })

  it('gives codecs that copy without judging, and errors that are recognized', () => {
    const value = { orderId: 'not checked here', lines: [] }
    const checked = read.commands.reserve?.inputCodec.check(value)
    expect(checked).toEqual({ ok: true, value })
    expect(checked?.ok === true && checked.value).not.toBe(value)
    const error = inventory.errors.outOfStock.create({ sku: 'tea', available: 1 })
    expect(read.errors.outOfStock?.is(error)).toBe(true)
  })

  it('refuses another format, and what is wrong inside, as problems', () => {
    const document = emitContract(inventory)
    const codeOf = (action: () => unknown): unknown => {
      try {
        return action()
      } catch (error) {
        return isBanyanError(error) ? `${error.code}: ${error.message}` : error
      }
    }
    expect(codeOf(() => contractFromDocument({ ...document, format: 'banyan.contract/9' as never }))).toMatch(
      /^invalid-contract: [\s\S]*allowed: banyan\.contract\/1/,
    )
    expect(codeOf(() => contractFromDocument({ ...document, version: 'one' }))).toMatch(
      /^invalid-contract: [\s\S]*"one" is not a semantic version/,
    )
  })
})
