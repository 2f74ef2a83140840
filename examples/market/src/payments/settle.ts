import type { Emits, Laters, Sql } from 'banyan'
import type { payments } from './contract.js'

interface Context {
  readonly sql: Sql
  readonly emit: Emits<typeof payments>
  readonly later: Laters<typeof payments, unknown>
}

export interface Refund {
  readonly refundId: string
  readonly orderId: string
  readonly amountMinor: number
}

/** Books a refund, and has it paid out. */
export async function refund({ sql, later }: Pick<Context, 'sql' | 'later'>, owed: Refund): Promise<void> {
  const { refundId, orderId, amountMinor } = owed
  await sql`insert into refunds (refund_id, order_id, amount_minor) values (${refundId}, ${orderId}, ${amountMinor})`
  later.payments.payOut({ refundId, amountMinor })
}

/**
 * Settles a payment once, however often the provider answers. Money that comes in for an order that was cancelled
 * meanwhile goes straight back.
 */
export async function settle(
  { sql, emit, later }: Context,
  orderId: string,
  status: 'captured' | 'declined',
): Promise<void> {
  const payment = await sql<{ amountMinor: number; cancelled: boolean }>`
    update payments set status = ${status} where order_id = ${orderId} and status = 'pending'
    returning amount_minor as "amountMinor", cancelled`.first()
  if (!payment) return
  const { amountMinor, cancelled } = payment
  emit[status]({ orderId, amountMinor })
  if (status === 'captured' && cancelled)
    await refund({ sql, later }, { refundId: `cancel-${orderId}`, orderId, amountMinor })
}
