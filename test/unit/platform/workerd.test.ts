import { join } from 'node:path'
import { build } from 'esbuild'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../../..')

/**
 * A Worker that caches its responses in a Redis with a latency of 20 ms, and returns how many it has made.
 * The latency is a timer inside workerd, because the test checks whether workerd cancels work when its
 * request ends.
 */
const WORKER = `
import { RedisCacheManager } from './src/index.ts'
import { cacheHandler } from './src/http/index.ts'
import { embeddedTransport } from './src/redis/embedded/index.ts'

const redis = embeddedTransport()
const far = {
  kind: 'far',
  async request(request) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    return redis.request(request)
  },
  close: () => redis.close(),
}
let made = 0
const cache = new RedisCacheManager({ redis: far })
const answer = async () => {
  made++
  return new Response(String(made), { headers: { 'cache-control': 'max-age=60' } })
}
export default { fetch: cacheHandler(answer, { cache }) }
`

async function startWorker(
  compatibilityDate: string,
  compatibilityFlags: string[],
): Promise<Miniflare> {
  const { outputFiles } = await build({
    stdin: { contents: WORKER, resolveDir: ROOT, loader: 'ts' },
    ...{ bundle: true, write: false, format: 'esm', target: 'es2024', logLevel: 'silent' },
    ...{ conditions: ['nearcache:source', 'workerd', 'worker', 'browser'] },
  })
  const script = outputFiles[0]?.text ?? ''
  const options = { modules: true, script, compatibilityDate, compatibilityFlags }
  return new Miniflare(convertV4MiniflareOptions(options))
}

describe('The default platform in workerd', () => {
  // The compatibility dates and flags that the documentation names.
  test.each([
    ['2024-09-23', ['nodejs_compat']],
    ['2026-09-01', []],
  ])('keeps work alive after the response, with %s and %j', async (date, flags) => {
    const workerd = await startWorker(date, flags)
    try {
      const ask = async (): Promise<string> =>
        (await workerd.dispatchFetch('http://localhost/')).text()

      expect(await ask()).toBe('1')
      expect(await ask()).toBe('1')
    } finally {
      await workerd.dispose()
    }
  })
})
