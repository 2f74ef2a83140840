import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { skipUnless } from '../../../../tools/vitest/skip-unless.js'
import { serve } from '../support/gateways.js'
import { inventory } from '../support/shop.js'

const browserPath = process.env['CHROMIUM_BIN'] ?? '/usr/bin/chromium'

describe('/docs', () => {
  test('refers to nothing outside, and its policy would stop it', async () => {
    const { get } = await serve({ contracts: [inventory] })
    const response = await get('/docs')
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    const policy = response.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval|script-src[^;]*unsafe/)
    const html = await response.text()
    expect(html).not.toMatch(/https?:|\/\/[a-z]/)
    const links = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link as string)
    const own = links.filter((link) => !link.startsWith('data:'))
    expect(own).toHaveLength(3)
    for (const link of own) {
      const asset = await get(`/${link}`)
      expect(asset.status).toBe(200)
      expect(asset.headers.get('cache-control')).toContain('immutable')
      await asset.arrayBuffer()
    }
  })

  test('can be left out', async () => {
    const { get } = await serve({ contracts: [inventory] }, { docs: false })
    expect((await get('/docs')).status).toBe(404)
    expect((await get('/openapi.json')).status).toBe(200)
  })

  test('with a slash leads to the page without', async () => {
    const { get } = await serve({ contracts: [inventory] })
    const response = await get('/docs/', { redirect: 'manual' })
    expect([response.status, response.headers.get('location')]).toEqual([308, '../docs'])
  })

  skipUnless(existsSync(browserPath), `no Chromium at ${browserPath}`).test(
    'shows every operation in a browser that reaches nothing else',
    async () => {
      const { url } = await serve({
        contracts: [inventory],
        operations: { 'inventory.level': () => ({ sku: 'tea', available: 3 }) },
      })
      const profile = await mkdtemp(join(tmpdir(), 'banyan-docs-'))
      const args = [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
      ]
      const context = await chromium.launchPersistentContext(profile, {
        executablePath: browserPath,
        headless: true,
        args: [...args, '--disable-component-update', '--disable-sync'],
      })
      onTestFinished(async () => {
        await context.close()
        await rm(profile, { recursive: true, force: true })
      })
      const page = await context.newPage()
      const requested: string[] = []
      const complaints: string[] = []
      page.on('request', (request) => requested.push(request.url()))
      page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
      page.on('pageerror', (error) => complaints.push(error.message))
      await page.goto(`${url}/docs`)
      await page.getByText('Hold stock for an order').waitFor()
      expect(await page.locator('.opblock').count()).toBe(6)
      await page.locator('[data-path="/stock/{sku}"]').click()
      await page.getByRole('button', { name: 'Try it out' }).click()
      await page.getByPlaceholder('sku').fill('tea')
      await page.getByRole('button', { name: 'Execute' }).click()
      await page.getByText('"available": 3').first().waitFor()
      if (process.env['DOCS_SCREENSHOT'])
        await page.screenshot({ path: process.env['DOCS_SCREENSHOT'], fullPage: true })
      expect(
        requested.map((one) => new URL(one)).filter(({ origin, protocol }) => protocol !== 'data:' && origin !== url),
      ).toEqual([])
      expect(requested.length).toBeGreaterThanOrEqual(5)
      expect(complaints).toEqual([])
    },
  )
})
