/**
 * Tests the core of the installed package in a browser: bundled without built-in modules of Node, and used with
 * a Redis behind the bridge over the browser's own `fetch`.
 *
 * @module
 */

import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { builtinModules } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build } from 'esbuild'
import { CHROMIUM, startChromium } from '../browser/chromium.ts'
import { installedBridge } from './installed-bridge.ts'

const TOKEN = 'a-token-of-the-page'
/** Reads a cached value, sees an invalidation, and compresses values. */
const PAGE = `
  import { RedisCacheManager, restTransport } from 'nearcache'
  const redis = restTransport({ url: location.origin, token: '${TOKEN}' })
  const cache = new RedisCacheManager({ redis, near: { ttl: '1s' } })
  let loads = 0
  const read = () => cache.getOrSet('key', () => [++loads, 'text '.repeat(1_000)], { tags: ['a'] })
  const seen = [(await read())[0], (await read())[0]]
  await cache.invalidateTags(['a'])
  seen.push((await read())[0])
  document.title = seen.join(' ')
`
const EXPECTED = '1 1 2'

/** @returns The result, in one line. */
export async function tryInBrowser(project: string): Promise<string> {
  const entry = join(project, 'browser.js')
  writeFileSync(entry, PAGE)
  const { outputFiles, metafile } = await build({
    ...{ entryPoints: [entry], bundle: true, minify: true, write: false, metafile: true },
    ...{ format: 'esm', platform: 'browser', target: 'es2022', logLevel: 'silent' },
  })
  const imported = Object.values(metafile.inputs).flatMap(({ imports }) => imports)
  const builtIn = imported.find(({ path }) => builtinModules.includes(path.replace('node:', '')))
  if (builtIn) throw new Error(`it imports ${builtIn.path}`)
  const [file] = outputFiles
  const told = `${Math.round((file?.contents.length ?? 0) / 1_024)} KiB minified, no built-in of Node`
  if (!existsSync(CHROMIUM)) return `${told}; not run, there is no Chromium`
  const title = await titleOf(file?.text ?? '', project)
  if (title !== EXPECTED) throw new Error(`the page read ${JSON.stringify(title)}`)
  return `${told}; in Chromium it reads ${title}`
}

/** Runs the script in a page, and returns the title that it has set. */
async function titleOf(script: string, project: string): Promise<string> {
  const toRedis = await installedBridge(project, TOKEN)
  const server = createServer((request, response) => {
    if (request.method === 'POST') return toRedis(request, response)
    const isPage = request.url === '/page'
    response.setHeader('content-type', isPage ? 'text/html' : 'text/javascript')
    response.end(isPage ? '<script type="module" src="/script.js"></script>' : script)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const browser = await startChromium()
  try {
    const page = await browser.newPage()
    const failed = new Promise<never>((_resolve, reject) => page.on('pageerror', reject))
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/page`)
    await Promise.race([failed, page.waitForFunction('document.title !== ""')])
    return await page.title()
  } finally {
    await browser.close()
    server.closeAllConnections()
    server.close()
  }
}
