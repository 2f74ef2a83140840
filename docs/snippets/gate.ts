import { contract, defineModule } from 'banyan'
import { z } from 'zod'

const gate = contract({
  name: 'gate',
  version: '1.0.0',
  commands: { admit: { input: z.object({ ticket: z.string() }), output: z.object({ visitors: z.int() }) } },
})

// #region context
export const withHelpers = defineModule(gate, {
  migrations: 'gate/migrations',
  // Made for each unit of work. `pg` is what an ORM takes: context: ({ pg }) => ({ db: drizzle(pg) })
  context: ({ sql }) => ({
    countVisitors: async () => (await sql<{ n: number }>`select count(*) as n from visitors`.one()).n,
  }),
  commands: {
    async admit({ ticket }, { sql, countVisitors }) {
      await sql`insert into visitors (ticket) values (${ticket}) on conflict do nothing`
      return { visitors: await countVisitors() }
    },
  },
})
// #endregion

// #region route
export const withRoute = defineModule(gate, {
  migrations: 'gate/migrations',
  commands: { admit: () => ({ visitors: 0 }) },
  routes: {
    'POST /scanners/{scanner}/events': {
      summary: 'What a ticket scanner sends',
      access: 'public',
      async handler(request, { call, params, log }) {
        const ticket = await request.text()
        log.info({ scanner: params.scanner }, 'a ticket was scanned')
        return Response.json(await call.gate.admit({ ticket }))
      },
    },
  },
})
// #endregion

interface Visit {
  ticket: string
  gates: number[]
}

// #region statements
export const statements = defineModule(gate, {
  migrations: 'gate/migrations',
  commands: {
    async admit({ ticket }, { sql }) {
      const visit = await sql<Visit>`select ticket, gates from visits where ticket = ${ticket}`.first() // a row, or null
      const rows = await sql<Visit>`select ticket, gates from visits where ticket = any(${[ticket]})`.all()
      const { n } = await sql<{ n: number }>`select count(*) as n from visits`.one() // exactly one row
      const known = visit ? sql`where ticket = ${visit.ticket}` : sql`` // a fragment
      const changed = await sql`update visits set seen = true ${known}`.run() // how many rows
      const tags = sql.json({ scanned: rows.length, changed })
      await sql`insert into ${sql.id('notes')} (ticket, tags) values (${ticket}, ${tags})`
      await sql`insert into visits (ticket, gates) values ${sql.rows([[ticket, [1, 2]]])}`
      return { visitors: n }
    },
  },
})
// #endregion
