import { contract } from '@banyan/contract'
import { formatProblem } from '@banyan/errors'
import { checkWiring, defineApp, defineModule, type Module, modulesOf } from '@banyan/module'
import { describe, expect, it } from 'vitest'

function contractOf(name: string, version = '1.0.0', http?: 'GET /things') {
  return contract({ name, version, queries: { list: http === undefined ? {} : { http } } })
}

type Part = ReturnType<typeof contractOf>

function moduleOf(own: Part, partners: { uses?: Part[]; listens?: Part[] } = {}): Module<string> {
  const named = (contracts: Part[] = []) => Object.fromEntries(contracts.map((partner) => [partner.name, partner]))
  return defineModule(own, {
    uses: named(partners.uses),
    listens: named(partners.listens),
    queries: { list() {} },
  } as never)
}

const findings = (...modules: Module<string>[]) =>
  checkWiring(defineApp({ name: 'market', modules })).map(
    ({ who, where, what, allowed }) => `${who} · ${where}: ${what} (${allowed})`,
  )

const a = contractOf('a')
const b = contractOf('b')
const c = contractOf('c')

describe('an app', () => {
  it('holds its modules in order', () => {
    const app = defineApp({ name: 'market', modules: [moduleOf(b), moduleOf(a)] })
    expect(modulesOf(app).map(({ name }) => name)).toEqual(['b', 'a'])
    expect(Object.isFrozen(app) && Object.isFrozen(app.modules)).toBe(true)
  })
})

describe('checkWiring', () => {
  it('finds nothing where modules fit, listening in a circle included', () => {
    expect(
      findings(moduleOf(a, { uses: [b], listens: [c] }), moduleOf(b, { listens: [a] }), moduleOf(c, { uses: [a, b] })),
    ).toEqual([])
    expect(findings(moduleOf(a, { uses: [contractOf('b', '1.1.0')] }), moduleOf(contractOf('b', '1.2.0')))).toEqual([])
  })

  it('finds two modules with one name', () => {
    expect(findings(moduleOf(a), moduleOf(b), moduleOf(a))).toEqual([
      "app market · modules: 2 modules have the name 'a' (one module per name)",
    ])
  })

  it('finds a module that is not there', () => {
    expect(findings(moduleOf(a, { uses: [c], listens: [c] }), moduleOf(b))).toEqual([
      "module a · uses.c: the app has no module 'c' (b)",
      "module a · listens.c: the app has no module 'c' (b)",
    ])
  })

  it('finds an incompatible version', () => {
    expect(findings(moduleOf(a, { uses: [contractOf('b', '1.3.0')] }), moduleOf(contractOf('b', '1.2.0')))).toEqual([
      "module a · uses.b: it was built with version 1.3.0 of 'b', but the app has 1.2.0 (1.3.0 or a later 1)",
    ])
    expect(findings(moduleOf(a, { listens: [contractOf('b', '0.3.0')] }), moduleOf(contractOf('b', '0.4.0')))).toEqual([
      "module a · listens.b: it was built with version 0.3.0 of 'b', but the app has 0.4.0 (0.3.0 or a later 0.3)",
    ])
  })

  it('finds each circle once, and prints it (P1: the graph of calls is acyclic)', () => {
    const modules = [moduleOf(a, { uses: [b] }), moduleOf(b, { uses: [c] }), moduleOf(c, { uses: [a] })]
    expect(findings(...modules)).toEqual([
      'app market · modules: modules use each other in a circle: a -> b -> c -> a (uses without circles; listening may go in circles)',
    ])
    const two = [moduleOf(a, { uses: [b, c] }), moduleOf(b, { uses: [a] }), moduleOf(c, { uses: [a] })]
    expect(findings(...two).map((text) => text.match(/circle: ([^(]*) \(/)?.[1])).toEqual([
      'a -> b -> a',
      'a -> c -> a',
    ])
  })

  it('finds a route that two modules serve', () => {
    const raw = defineModule(b, { queries: { list() {} }, routes: { 'GET /things': () => new Response() } } as never)
    expect(findings(moduleOf(contractOf('a', '1.0.0', 'GET /things')), raw)).toEqual([
      "app market · b.routes['GET /things']: 'GET /things' is served by a.list already (one operation per method and path; names of parameters make no difference)",
    ])
  })

  it('finds a name that is none, and reports everything together', () => {
    const app = defineApp({ name: 'My Market', modules: [moduleOf(a, { uses: [c] }), moduleOf(a)] })
    expect(checkWiring(app).map(formatProblem).join('\n')).toMatchInlineSnapshot(`
      "  ✗ app My Market · name
            "My Market" is not a name for an app
            allowed: letters and digits, beginning with a small letter, at most 40
            remedy:  Rename it.
        ✗ app My Market · modules
            2 modules have the name 'a'
            allowed: one module per name
            remedy:  Rename a contract, or remove what was listed twice.
        ✗ module a · uses.c
            the app has no module 'c'
            allowed: none: it is the only module
            remedy:  Add 'c' to defineApp, or take it out of uses."
    `)
  })
})
