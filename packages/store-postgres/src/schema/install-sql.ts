import { quoteIdentifier, quoteLiteral } from '../roles/names.js'
import { type RolePlan, roleSql } from '../roles/role-sql.js'
import { ownSchemaSteps, ownSchemaVersion } from './versions.js'

/**
 * Statements that make the role, the schema and Banyan's own tables of one module, or bring them up to date. For one
 * transaction of the admin; they end as the admin again. All decide for themselves what is missing.
 */
export function installSql(plan: RolePlan): string[] {
  const [schema, role] = [quoteIdentifier(plan.schema), quoteIdentifier(plan.role)]
  return [
    ...roleSql(plan),
    `do $banyan$
declare
  found name := (select pg_get_userbyid(nspowner) from pg_namespace where nspname = ${quoteLiteral(plan.schema)});
begin
  if found is null then
    create schema ${schema} authorization ${role};
  elsif found <> ${quoteLiteral(plan.role)} then
    raise exception 'The schema % belongs to the role %, not to %',
      ${quoteLiteral(plan.schema)}, found, ${quoteLiteral(plan.role)};
  end if;
end $banyan$`,
    // From here on as the module: what it owns it can migrate, and nothing of it belongs to the admin (P8).
    `set local role ${role}`,
    `set local search_path = ${schema}`,
    'alter default privileges revoke execute on functions from public',
    ownTablesSql(schema),
    'set local search_path to default',
    'set local role none',
  ]
}

function ownTablesSql(schema: string): string {
  const steps = ownSchemaSteps.map(
    (step, index) => `  if found < ${index + 1} then
    execute $banyan_step$${step}$banyan_step$;
  end if;`,
  )
  return `do $banyan$
declare
  found int := 0;
begin
  if to_regclass(${quoteLiteral(`${schema}.banyan_meta`)}) is not null then
    found := (select version from banyan_meta);
  end if;
  if found > ${ownSchemaVersion} then
    raise exception 'The tables of % were made by a newer Banyan: version %', ${quoteLiteral(schema)}, found;
  end if;
${steps.join('\n')}
  update banyan_meta set version = ${ownSchemaVersion} where version < ${ownSchemaVersion};
end $banyan$`
}
