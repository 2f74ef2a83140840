// #region upcast
import { aggregate } from 'banyan'
import { z } from 'zod'

export const welcome = aggregate({
  name: 'welcome',
  initial: {},
  events: {
    given: {
      data: z.object({ guest: z.string(), code: z.string() }),
      version: 2,
      // Version 1 said `name`.
      upcast: { 1: ({ name, code }: { name: string; code: string }) => ({ guest: name, code }) },
      tags: ({ guest }) => [`guest:${guest}`],
    },
  },
  evolve: { given: (state) => state },
})
// #endregion
