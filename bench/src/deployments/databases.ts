import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { schemaName } from '@banyan/store-postgres'
import pg from 'pg'
import { benchFolder } from '../support/database.js'
import { serviceNames } from './contracts.js'
import type { DatabaseAddress } from './process.js'

/** A database of its own on the server, since modules and plain services name their schemas alike. */
export async function createDatabase(server: DatabaseAddress, name: string): Promise<DatabaseAddress> {
  await withClient(server, (client) => client.query(`create database ${name}`))
  return { ...server, database: name }
}

/** The tables of the plain services, by the migrations that the modules have. */
export async function createPlainTables(database: DatabaseAddress): Promise<void> {
  await withClient(database, async (client) => {
    for (const service of serviceNames) {
      const folder = join(benchFolder, 'migrations', 'deployments', service)
      await client.query(`create schema ${schemaName(service)}`)
      await client.query(`set search_path = ${schemaName(service)}`)
      for (const file of (await readdir(folder)).sort()) await client.query(await readFile(join(folder, file), 'utf8'))
      await client.query('create table command_ids (id uuid primary key, answer json not null)')
    }
  })
}

async function withClient(address: DatabaseAddress, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client(address)
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
