import { expect, test } from 'vitest'
import { repositoryRoot } from '../support/files.js'
import { placedTests } from '../test-placements.js'
import { plantTree } from './support/tree.js'

test('of the tests of the example those run in all placements that open the market, and no others', () => {
  const tree = plantTree({
    'examples/market/test/cart.test.ts': 'const t = await openMarket()\n',
    'examples/market/test/up.test.ts': "import { marketFolder } from './support/open-market.js'\n",
    'examples/market/test/open.ts': 'await openMarket()\n',
  })
  expect(placedTests(tree.root)).toEqual(['examples/market/test/cart.test.ts'])
  const real = placedTests(repositoryRoot)
  expect(real).toContain('examples/market/test/order.test.ts')
  expect(real).not.toContain('examples/market/test/up.test.ts')
})
