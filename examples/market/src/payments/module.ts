import { defineModule } from 'banyan'
import { orders } from '../orders/contract.js'
import { provider } from '../provider/contract.js'
import { payments } from './contract.js'
import { refund, settle } from './settle.js'

const attemptsAtMost = 5

export default defineModule(payments, {
  uses: { provider },
  listens: { orders },
  migrations: 'src/payments/migrations',
  commands: {
    async charge({ orderId, attempt }, { call, sql, emit, later }) {
      // Asked as a call of its own: no transaction waits for the provider. The order may be cancelled meanwhile.
      const payment = await call.payments.pending({ orderId })
      if (!payment) return
      const charged = await call.provider.charge({ chargeId: orderId, ...payment, attempt }).result()
      if (charged.ok) {
        if (charged.value.status === 'succeeded') await settle({ sql, emit, later }, orderId, 'captured')
        // Otherwise the provider tells later, by its event.
      } else if (provider.errors.timeout.is(charged.error) && attempt < attemptsAtMost) {
        later.payments.charge({ orderId, attempt: attempt + 1 }, { in: `${attempt}s` })
      } else await settle({ sql, emit, later }, orderId, 'declined')
    },
    async payOut({ refundId, amountMinor }, { call, sql, emit }) {
      await call.provider.refund({ refundId, amountMinor })
      const paidOut = await sql<{ orderId: string }>`
        update refunds set paid_out = true where refund_id = ${refundId} and not paid_out returning order_id as "orderId"`.first()
      if (paidOut) emit.refunded({ orderId: paidOut.orderId, refundId, amountMinor })
    },
  },
  queries: {
    pending: ({ orderId }, { sql }) =>
      sql<{ method: 'card'; amountMinor: number }>`
        select method, amount_minor as "amountMinor" from payments
        where order_id = ${orderId} and status = 'pending' and not cancelled`.first(),
    ofOrder: ({ orderId }, { sql }) =>
      sql<{ orderId: string; status: 'pending'; amountMinor: number; refundedMinor: number }>`
        select order_id as "orderId", amount_minor as "amountMinor", coalesce(r.sum, 0) as "refundedMinor",
          case when p.status = 'captured' and r.sum >= amount_minor then 'refunded'
            when p.status = 'pending' and cancelled then 'cancelled' else p.status end as status
        from payments p left join lateral (
          select sum(amount_minor)::bigint as sum from refunds where order_id = p.order_id and paid_out
        ) r on true where order_id = ${orderId}`.first(),
  },
  on: {
    provider: {
      // It may answer twice; the second time nothing is pending any more.
      answered: ({ chargeId }, context) => settle(context, chargeId, 'captured'),
    },
    orders: {
      async confirmed({ orderId, paymentMethod, totalMinor }, { sql, later }) {
        await sql`
          insert into payments (order_id, method, amount_minor, status)
          values (${orderId}, ${paymentMethod}, ${totalMinor}, 'pending')`.send()
        later.payments.charge({ orderId, attempt: 1 })
      },
      async cancelled({ orderId }, { sql, later }) {
        // The same row that `settle` writes: either the money is here and goes back now, or `settle` sees the mark when
        // it comes in.
        const payment = await sql<{ status: string; amountMinor: number }>`
          update payments set cancelled = true where order_id = ${orderId} and not cancelled
          returning status, amount_minor as "amountMinor"`.first()
        if (payment?.status === 'captured')
          await refund({ sql, later }, { refundId: `cancel-${orderId}`, orderId, amountMinor: payment.amountMinor })
      },
      returned: ({ orderId, returnId, refundMinor }, context) =>
        refund(context, { refundId: returnId, orderId, amountMinor: refundMinor }),
      credited: ({ creditId, totalMinor }, context) =>
        refund(context, { refundId: creditId, orderId: creditId, amountMinor: totalMinor }),
    },
  },
})
