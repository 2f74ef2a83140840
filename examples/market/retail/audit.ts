import { asAdmin } from './admin.js'
import { againstFile } from './against-file.js'
import { agreement } from './agreement.js'
import { beginAtRest, deliveryFindings } from './at-rest.js'
import { booksOf, type Finding } from './books.js'
import { planRetail } from './classify.js'
import { expectationOf } from './expectation.js'
import { readRetailFile } from './read-file.js'
import { type Given, runTool, wholeNumber } from './tool.js'

const help = `Proves from the database that money, stock and events agree with a file that was replayed, to the penny.

  npm run market:audit -- FILE [--limit N]

  --limit    only the first N documents were replayed

It reads the database beside the running shop, or without it. It looks at one moment at which no event is unhandled and no
job is left, and waits for such a moment; the shop may go on selling.`

async function audit(given: Given): Promise<number> {
  const limit = wholeNumber(given, 'limit', 0)
  const plan = await planRetail(readRetailFile(given.file))
  const documents = plan.documents.slice(0, limit)
  return asAdmin(process.env, async (client) => {
    await beginAtRest(client)
    return told([
      ...(await againstFile(client, expectationOf(plan, documents))),
      ...(await agreement(booksOf(client))),
      ...(await deliveryFindings(client)),
    ])
  })
}

function told(findings: readonly Finding[]): number {
  for (const { what, expected, found } of findings)
    console.log(expected === found ? `✓ ${what}: ${found}` : `✗ ${what}: expected ${expected}, found ${found}`)
  const wrong = findings.filter(({ expected, found }) => expected !== found).length
  console.log(
    wrong === 0
      ? `audit clean: ${findings.length} of ${findings.length} agree`
      : `audit failed: ${wrong} of ${findings.length} differ`,
  )
  return wrong === 0 ? 0 : 1
}

await runTool(help, { limit: { type: 'string' } }, audit)
