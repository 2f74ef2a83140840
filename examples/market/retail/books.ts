import type { ClientBase } from 'pg'

/** What an audit compares: both figures are printed, and must be equal. */
export interface Finding {
  readonly what: string
  readonly expected: string | number
  readonly found: string | number
}

/** A figure with a name: what an order came to, how many of a product are there. */
export interface Figure {
  readonly name: string
  readonly value: number
}

/** The tables of the modules, each read by itself: what belongs to two modules is compared here, not joined there. */
export interface Books {
  /** @param statement gives the columns `name` and `value` */
  figures(module: string, statement: string): Promise<Figure[]>
}

/** The books as the admin of the database sees them. */
export function booksOf(client: ClientBase): Books {
  return {
    async figures(_module, statement) {
      const { rows } = await client.query<{ name: string; value: string }>(statement)
      return rows.map(({ name, value }) => ({ name, value: Number(value) }))
    },
  }
}
