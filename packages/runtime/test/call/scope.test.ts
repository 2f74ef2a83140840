import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createSeededAmbient } from '@banyan/ambient'
import { expect, test } from 'vitest'
import { Scope } from '../../src/call/scope.js'

const ambient = createSeededAmbient(3)

test('an end reaches exactly the calls that are open, in whatever order their siblings closed (I2)', () => {
  const parent = new Scope(ambient, undefined)
  const open = new Set<Scope>()
  for (let turn = 0; turn < 2_000; turn++)
    if (open.size < 20 && ambient.random() < 0.55) open.add(new Scope(ambient, parent))
    else {
      const closing = [...open][Math.floor(ambient.random() * open.size)]
      closing?.close()
      if (closing) open.delete(closing)
      expect(parent.openCalls).toBe(open.size)
    }
  expect(open.size).toBeGreaterThan(2)
  const ended: Scope[] = []
  for (const scope of open)
    scope.onEnd(() => {
      ended.push(scope)
      // As a call does that nobody waits for any more.
      scope.close()
    })
  parent.end('cancelled')
  expect(new Set(ended)).toEqual(open)
  expect(ended).toHaveLength(open.size)
  expect(parent.openCalls).toBe(0)
})

test('a closed call is kept by none that is still open (I3)', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const parent = new Scope(ambient, undefined)
  const open = [1, 2, 3].map(() => new Scope(ambient, parent))
  const closed = new WeakRef(closing(parent))
  // What was dereferenced or made in this turn is kept until it ends.
  await new Promise((done) => setImmediate(done))
  collect()
  expect(closed.deref()).toBeUndefined()
  expect(parent.openCalls).toBe(open.length)
})

function closing(parent: Scope): Scope {
  const scope = new Scope(ambient, parent)
  scope.close()
  return scope
}
