import type { Store } from '@banyan/runtime'

/** For claims about work that needs no database: nothing is opened, and using it is a fault of the benchmark. */
export const noStore: Store = {
  open: async () => undefined,
  module() {
    throw new Error('This benchmark keeps nothing')
  },
  check: async () => undefined,
  describe: () => ({ kind: 'server', target: 'none', version: 'none' }),
  close: async () => undefined,
}
