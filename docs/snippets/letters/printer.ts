import { contract, defineModule } from 'banyan'
import { z } from 'zod'

/** Stands for a machine that jams now and then. */
export const printer = contract({
  name: 'printer',
  version: '1.0.0',
  commands: {
    print: {
      input: z.object({ text: z.string(), attempt: z.int() }),
      errors: { jammed: { status: 503, message: 'The printer is jammed', retryable: true } },
    },
  },
})

export default defineModule(printer, {
  commands: {
    print({ attempt }, { fail }) {
      if (attempt === 1) throw fail.jammed()
    },
  },
})
