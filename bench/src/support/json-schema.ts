import { z } from 'zod'

/** As JSON Schema of draft 7, which Fastify and ajv read; the keywords used here mean the same there. */
export function jsonSchemaOf(schema: z.ZodType): object {
  const { $schema, ...rest } = z.toJSONSchema(schema)
  return rest
}
