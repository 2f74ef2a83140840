import { banyanError, catalogue, type ErrorCode, errorData } from '@banyan/errors'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { problemDocument } from '../../src/index.js'
import { hasSharedData, readSharedJson } from '../support/shared-data.js'

const file = 'rfc9457-problem-details/schema/json/problem.json'
const codes = Object.keys(catalogue) as ErrorCode[]

describe('problems (RFC 9457)', () => {
  if (!hasSharedData(file)) test.skip(`the schema of the RFC [skipped: ${file} is absent]`, () => undefined)
  else {
    const ajv = new Ajv2020({ strict: false })
    ajv.addFormat('uri-reference', (text) => URL.canParse(text, 'http://localhost'))
    const validate = ajv.compile(readSharedJson<object>(file))
    test.each(codes)('%s fits the schema of the RFC', (code) => {
      const document = problemDocument(errorData(banyanError(code)), 'a b/c')
      expect(validate(document), JSON.stringify(validate.errors)).toBe(true)
    })
  }

  test('the title is the same for every occurrence, the detail is not', () => {
    const one = problemDocument(errorData(banyanError('not-found', { what: 'cart 1' })), 'x')
    const other = problemDocument(errorData(banyanError('not-found', { what: 'cart 2' })), 'y')
    expect(one).toEqual({
      type: 'urn:banyan:error:not-found',
      title: 'Not found',
      status: 404,
      detail: 'There is no cart 1',
      instance: 'urn:banyan:correlation:x',
      code: 'not-found',
      retryable: false,
    })
    expect(other.title).toBe(one.title)
  })

  test('details are told for errors of a contract and of the client, never for faults of the server', () => {
    const declared = { code: 'orders.closed', message: 'Closed', status: 503, retryable: false, details: { since: 1 } }
    expect(problemDocument(declared, 'x').details).toEqual({ since: 1 })
    const fault = errorData(banyanError('store-start-failed', { summary: 'x' }, { details: { log: 'secret' } }))
    expect(problemDocument(fault, 'x').details).toBeUndefined()
  })
})
