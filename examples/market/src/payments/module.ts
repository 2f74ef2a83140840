import { defineModule, type Emits, type Sql } from 'banyan'
import { orders } from '../orders/contract.js'
import { provider } from '../provider/contract.js'
import { payments } from './contract.js'

const attemptsAtMost = 5

/** Settles a payment once, however often the provider answers. */
async function settle(
  sql: Sql,
  emit: Emits<typeof payments>,
  orderId: string,
  status: 'captured' | 'declined',
): Promise<void> {
  const payment = await sql<{ amountMinor: number }>`
    update payments set status = ${status} where order_id = ${orderId} and status = 'pending'
    returning amount_minor as "amountMinor"`.first()
  if (payment) emit[status]({ orderId, amountMinor: payment.amountMinor })
}

export default defineModule(payments, {
  uses: { provider },
  listens: { orders },
  migrations: 'src/payments/migrations',
  commands: {
    async charge({ orderId, attempt }, { call, sql, emit, later }) {
      const payment = await call.payments.pending({ orderId })
      if (!payment) return
      const charged = await call.provider.charge({ chargeId: orderId, ...payment, attempt }).result()
      if (charged.ok) {
        if (charged.value.status === 'succeeded') await settle(sql, emit, orderId, 'captured')
        // Otherwise the provider tells later, by providerSays.
      } else if (provider.errors.timeout.is(charged.error) && attempt < attemptsAtMost) {
        later.payments.charge({ orderId, attempt: attempt + 1 }, { in: `${attempt}s` })
      } else await settle(sql, emit, orderId, 'declined')
    },
    async providerSays({ orderId, status }, { sql, emit }) {
      await settle(sql, emit, orderId, status === 'succeeded' ? 'captured' : 'declined')
    },
    async payOut({ refundId, amountMinor }, { call, sql, emit }) {
      await call.provider.refund({ refundId, amountMinor })
      const refund = await sql<{ orderId: string }>`
        update refunds set paid_out = true where refund_id = ${refundId} and not paid_out returning order_id as "orderId"`.first()
      if (refund) emit.refunded({ orderId: refund.orderId, refundId, amountMinor })
    },
  },
  queries: {
    pending: ({ orderId }, { sql }) =>
      sql<{ method: 'card'; amountMinor: number }>`
        select method, amount_minor as "amountMinor" from payments where order_id = ${orderId} and status = 'pending'`.first(),
    ofOrder: ({ orderId }, { sql }) =>
      sql<{ orderId: string; status: 'pending'; amountMinor: number; refundedMinor: number }>`
        select order_id as "orderId", amount_minor as "amountMinor", coalesce(r.sum, 0) as "refundedMinor",
          case when p.status = 'captured' and coalesce(r.sum, 0) >= amount_minor and amount_minor > 0 then 'refunded' else p.status end as status
        from payments p left join lateral (
          select sum(amount_minor)::bigint as sum from refunds where order_id = p.order_id and paid_out
        ) r on true where order_id = ${orderId}`.first(),
  },
  on: {
    provider: {
      // It answers twice; the second time nothing is pending any more.
      answered: ({ chargeId }, { call }) => call.payments.providerSays({ orderId: chargeId, status: 'succeeded' }),
    },
    orders: {
      async confirmed({ orderId, paymentMethod, totalMinor }, { sql, later }) {
        await sql`
          insert into payments (order_id, method, amount_minor, status)
          values (${orderId}, ${paymentMethod}, ${totalMinor}, 'pending')`
        later.payments.charge({ orderId, attempt: 1 })
      },
      async cancelled({ orderId, totalMinor }, { sql, later }) {
        // A payment that is still pending is declined here; money that came in goes back.
        const payment = await sql<{
          status: string
        }>`select status from payments where order_id = ${orderId} for update`.first()
        if (payment?.status === 'pending')
          await sql`update payments set status = 'declined' where order_id = ${orderId}`
        if (payment?.status !== 'captured') return
        await sql`insert into refunds values (${`cancel-${orderId}`}, ${orderId}, ${totalMinor})`
        later.payments.payOut({ refundId: `cancel-${orderId}`, amountMinor: totalMinor })
      },
      async returned({ orderId, returnId, refundMinor }, { sql, later }) {
        await sql`insert into refunds values (${returnId}, ${orderId}, ${refundMinor})`
        later.payments.payOut({ refundId: returnId, amountMinor: refundMinor })
      },
      async credited({ creditId, totalMinor }, { sql, later }) {
        await sql`insert into refunds values (${creditId}, ${creditId}, ${totalMinor})`
        later.payments.payOut({ refundId: creditId, amountMinor: totalMinor })
      },
    },
  },
})
