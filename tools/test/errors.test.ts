import { type CatalogueEntry, catalogue, type ErrorCode, fillTemplate } from '@banyan/errors'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { checkErrors, codesOnPage, errorPage, errorPagePath } from '../errors.js'
import { readText, repositoryRoot } from '../support/files.js'
import { plantTree } from './support/tree.js'

const entries = Object.entries(catalogue as Record<string, CatalogueEntry>)

describe('the catalogue of errors', () => {
  test('catalogue, page and type hold the same set', () => {
    expect(codesOnPage(readText(repositoryRoot, errorPagePath))).toEqual(Object.keys(catalogue))
    expectTypeOf<ErrorCode>().toEqualTypeOf<keyof typeof catalogue>()
    // @ts-expect-error a code that the catalogue does not have
    const unknown: ErrorCode = 'no-such-code'
    expect(Object.hasOwn(catalogue, unknown)).toBe(false)
  })

  test.each(entries)('%s is complete', (code, { message, cause, remedy, status, retryable }) => {
    expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/)
    for (const text of [message, cause, remedy]) expect(text.trim().length).toBeGreaterThan(4)
    expect(message).not.toMatch(/\.$/)
    expect(cause).toMatch(/\.$/)
    expect(remedy).toMatch(/\.$/)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(600)
    expect(typeof retryable).toBe('boolean')
    // Every brace is a placeholder that can be filled.
    const names = [...message.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '')
    expect(fillTemplate(message, Object.fromEntries(names.map((name) => [name, 'x'])))).not.toMatch(/[{}]/)
  })
})

describe('the page of errors', () => {
  const one = {
    'some-code': { message: 'It {what}', cause: 'Because.', remedy: 'Do it.', status: 409, retryable: true },
  }

  test('that is as the catalogue makes it passes', () => {
    const { root } = plantTree({ [errorPagePath]: errorPage(one) })
    expect(checkErrors(root, false, one).problems).toEqual([])
  })

  test('that is missing, or older than the catalogue, is a problem', () => {
    expect(checkErrors(plantTree({}).root, false, one).problems).toHaveLength(1)
    const { root } = plantTree({ [errorPagePath]: errorPage(one).replace('409', '410') })
    expect(checkErrors(root, false, one).problems).toMatchObject([{ where: errorPagePath }])
    expect(checkErrors(root, true, one).problems).toEqual([])
  })

  test('is never made from nothing', () => {
    expect(checkErrors(plantTree({}).root, false, {}).problems).toHaveLength(1)
  })
})
