import { ownSchemaSteps } from '../../src/schema/versions.js'

/** What takes each step of the own tables back, from version 2 on; empty for steps that may run over themselves. */
const undo: readonly ((schema: string) => string)[] = [
  (schema) => `drop function ${schema}.banyan_add_jobs, ${schema}.banyan_end_owner;`,
  () => '',
  (
    schema,
  ) => `drop table ${['streams', 'snapshots', 'tags', 'tagged'].map((name) => `${schema}.banyan_${name}`).join(', ')};
    drop sequence ${schema}.banyan_tag_order; drop function ${schema}.banyan_texts, ${schema}.banyan_guard_tags;`,
]

/** SQL that makes the own tables of a schema those of an older Banyan. */
export function olderTables(schema: string, version: number): string {
  if (undo.length !== ownSchemaSteps.length - 1) throw new Error('a step of the own tables cannot be taken back here')
  const steps = undo.slice(version - 1).reverse()
  return `${steps.map((step) => step(schema)).join('\n')} update ${schema}.banyan_meta set version = ${version};`
}
