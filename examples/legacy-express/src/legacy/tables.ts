import type { Pool } from 'pg'

/** The tables of the shop as it was before: in schema public, made by nobody in particular. */
export async function createTables(pool: Pool): Promise<void> {
  await pool.query(`
    create table if not exists products (
      sku text primary key,
      title text not null,
      price_minor integer not null,
      stock integer not null check (stock >= 0)
    );
    create table if not exists orders (
      id serial primary key,
      customer text not null,
      sku text not null references products,
      quantity integer not null,
      total_minor integer not null,
      placed_at timestamptz not null default now()
    );
    insert into products values
      ('tea', 'Green tea', 450, 100), ('cup', 'Cup', 900, 10), ('pot', 'Tea pot', 4900, 3)
    on conflict do nothing`)
}
