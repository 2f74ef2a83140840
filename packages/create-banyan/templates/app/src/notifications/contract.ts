import { contract } from 'banyan'
import { z } from 'zod'

export const notifications = contract({
  name: 'notifications',
  version: '1.0.0',
  summary: 'What customers are told',
  commands: {
    markRead: {
      summary: 'Say that a message was read',
      input: z.object({ messageId: z.string() }),
      errors: { unknownMessage: { status: 404, message: 'There is no such message' } },
      http: 'POST /messages/{messageId}/read',
      access: 'public',
    },
  },
  queries: {
    list: {
      summary: 'Messages of a customer',
      input: z.object({ email: z.string() }),
      output: z.array(z.object({ messageId: z.string(), text: z.string(), read: z.boolean() })),
      http: 'GET /messages',
      access: 'public',
    },
  },
})
