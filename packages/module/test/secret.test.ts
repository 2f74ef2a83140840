import { secret, secretNames } from '@banyan/module'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'

const config = z.object({
  PORT: z.coerce.number(),
  KEY: secret(),
  LONG_KEY: secret().min(20),
  OTHER: secret().optional(),
  NULLABLE: secret().nullable(),
  SINCE: z.date().optional(),
})

describe('secret', () => {
  it('is a text that is there', () => {
    expect(secret().safeParse('x').success).toBe(true)
    expect(secret().safeParse('').success).toBe(false)
    expect(secret().min(3).safeParse('xx').success).toBe(false)
  })

  it('is known by name, however it is narrowed', () => {
    const settings = ['PORT', 'KEY', 'LONG_KEY', 'OTHER', 'NULLABLE', 'SINCE']
    expect([...secretNames(config, settings)]).toEqual(['KEY', 'LONG_KEY', 'OTHER', 'NULLABLE'])
  })

  it('is assumed of what is not described', () => {
    expect([...secretNames(config, ['PORT', 'UNKNOWN'])]).toEqual(['UNKNOWN'])
    const silent = { '~standard': { validate: (value: unknown) => ({ value }) } }
    expect([...secretNames(silent, ['PORT'])]).toEqual(['PORT'])
  })
})
