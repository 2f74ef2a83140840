import { defineApp, defineModule, type Sql } from '@banyan/module'
import { left, mirror, right, tally } from './contracts.js'

interface Move {
  readonly transferId: string
  readonly account: string
  readonly amount: number
}

/** Changes the balance, and writes the move down with its number in its account. A second effect would be a second row. */
async function move(sql: Sql, { transferId, account, amount }: Move): Promise<number> {
  const { number } = await sql<{ number: number }>`
    insert into accounts (account, balance, number) values (${account}, ${amount}, 1)
    on conflict (account) do update set balance = accounts.balance + excluded.balance, number = accounts.number + 1
    returning number`.one()
  await sql`
    insert into moves (transfer_id, account, amount, number) values (${transferId}, ${account}, ${amount}, ${number})`
  return number
}

const leftModule = defineModule(left, {
  uses: { right },
  migrations: 'migrations/ledger',
  commands: {
    async transfer(input, { sql, call, emit }) {
      const number = await move(sql, { ...input, amount: -input.amount })
      await call.right.credit(input)
      emit.moved({ ...input, number })
      return { number }
    },
  },
})

const rightModule = defineModule(right, {
  migrations: 'migrations/ledger',
  commands: {
    async credit(input, { sql, emit }) {
      const number = await move(sql, input)
      emit.moved({ ...input, number })
      return { number }
    },
  },
})

interface Heard extends Move {
  readonly number: number
}

async function hear(sql: Sql, source: string, { transferId, account, number }: Heard): Promise<void> {
  await sql`insert into heard (source, transfer_id, account, number)
    values (${source}, ${transferId}, ${account}, ${number})`
}

const mirrorModule = defineModule(mirror, {
  listens: { left, right },
  migrations: 'migrations/listener',
  on: {
    left: { moved: (event, { sql }) => hear(sql, 'left', event) },
    right: { moved: (event, { sql }) => hear(sql, 'right', event) },
  },
})

const tallyModule = defineModule(tally, {
  listens: { left, right },
  migrations: 'migrations/listener',
  on: {
    left: { moved: (event, { sql }) => hear(sql, 'left', event) },
    right: { moved: (event, { sql }) => hear(sql, 'right', event) },
  },
})

export const app = defineApp({ name: 'ledgers', modules: [leftModule, rightModule, mirrorModule, tallyModule] })
