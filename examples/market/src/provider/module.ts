import { defineModule } from 'banyan'
import { provider } from './contract.js'

/** The provider has its own books: the audit compares them with those of the shop. */
export default defineModule(provider, {
  migrations: 'src/provider/migrations',
  commands: {
    async charge({ chargeId, method, amountMinor, attempt }, { sql, fail, later }) {
      if (method === 'card-declined') throw fail.declined()
      if (method === 'card-timeout' && attempt === 1) throw fail.timeout()
      await sql`insert into charges values (${chargeId}, ${amountMinor}) on conflict do nothing`
      if (method !== 'card-twice') return { status: 'succeeded' as const }
      for (const copy of [1, 2]) later.provider.tell({ chargeId, copy }, { in: '100ms' })
      return { status: 'pending' as const }
    },
    async refund({ refundId, amountMinor }, { sql }) {
      await sql`insert into refunds values (${refundId}, ${amountMinor}) on conflict do nothing`
    },
    tell({ chargeId, copy }, { emit }) {
      emit.answered({ chargeId, copy })
    },
  },
  queries: {
    balance: (_, { sql }) =>
      sql<{ chargedMinor: number; refundedMinor: number; charges: number; refunds: number }>`
        select (select coalesce(sum(amount_minor), 0)::bigint from charges) as "chargedMinor",
          (select coalesce(sum(amount_minor), 0)::bigint from refunds) as "refundedMinor",
          (select count(*) from charges) as charges, (select count(*) from refunds) as refunds`.one(),
  },
})
