import { quoteIdentifier, quoteLiteral } from './names.js'

export interface RolePlan {
  readonly role: string
  readonly schema: string
  /** SCRAM verifier that a new role gets; absent for servers that ask local users for no password. */
  readonly verifier: string | undefined
}

/** A transaction that the process forgot may hold lanes no longer than this (delivery.md L2). */
const idleInTransactionMs = 60_000
/** Nobody waits longer than this for a row or a table, also not at a commit, which is never cancelled (P9). */
const lockMs = 30_000
/** When a machine is gone without a word, its sessions and what they lock are too, and not after two hours. */
const keepalive = { tcp_keepalives_idle: 10, tcp_keepalives_interval: 5, tcp_keepalives_count: 3 }

/**
 * Statements that make the role of a module where it is missing, with the least that it needs. Run by the admin, who
 * need not be a superuser: CREATEROLE is enough. They decide for themselves what to do, so that they can be run again,
 * and by any client. A role that is there keeps its password: others may be logging in by it.
 */
export function roleSql({ role, schema, verifier }: RolePlan): string[] {
  const name = quoteIdentifier(role)
  const space = quoteIdentifier(schema)
  const found = `from pg_roles where rolname = ${quoteLiteral(role)}`
  return [
    `do $banyan$ begin
  if not exists (select ${found}) then
    create role ${name} with login${verifier === undefined ? '' : ` password ${quoteLiteral(verifier)}`};
  end if;
  if exists (select ${found} and (rolsuper or rolreplication or rolbypassrls)) then
    raise exception 'The role % of a module is a superuser, replicates, or passes row security by', ${quoteLiteral(role)};
  end if;
  if exists (select ${found} and (rolcreaterole or rolcreatedb)) then
    alter role ${name} with nocreaterole nocreatedb;
  end if;
  if exists (select ${found} and not rolcanlogin) then
    alter role ${name} with login;
  end if;
  -- From PostgreSQL 16 on a role must be granted to its maker by name before it can be set.
  if not (select rolsuper from pg_roles where rolname = current_user) then
    execute ${quoteLiteral(`grant ${name} to current_user`)}
      || case when current_setting('server_version_num')::int >= 160000 then ' with inherit true, set true' else '' end;
  end if;
  -- Objects of schema public, such as extensions, are reached only where nobody but its owner adds any.
  if coalesce((select has_schema_privilege('public', oid, 'CREATE') from pg_namespace where nspname = 'public'), false) then
    alter role ${name} set search_path = ${space};
  else
    alter role ${name} set search_path = ${space}, public;
  end if;
end $banyan$`,
    `alter role ${name} set idle_in_transaction_session_timeout = ${idleInTransactionMs}`,
    `alter role ${name} set lock_timeout = ${lockMs}`,
    ...Object.entries(keepalive).map(([setting, value]) => `alter role ${name} set ${setting} = ${value}`),
  ]
}

/** Gives the role a password, whatever it had. */
export function passwordSql(role: string, verifier: string): string {
  return `alter role ${quoteIdentifier(role)} with login password ${quoteLiteral(verifier)}`
}
