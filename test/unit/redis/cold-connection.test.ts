import { join } from 'node:path'
import { build } from 'esbuild'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { RemoteTimeoutError } from '../../../src/errors.ts'
import { guard } from '../../../src/redis/guard.ts'
import { restTransport } from '../../../src/redis/rest.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { type ColdServer, startColdServer } from '../../support/cold-server.ts'
import { eventually } from '../../support/eventually.ts'
import { WAYS } from '../../support/rest-fetches.ts'

const ROOT = join(import.meta.dirname, '../../..')
const token = 'token'
/** The circuit stays closed: what is tested is the connection. */
const breaker = { threshold: 1_000 }

describe('A connection that takes longer to set up than the deadline', () => {
  let server: ColdServer

  beforeEach(async () => {
    server = await startColdServer()
  })

  afterEach(() => {
    server.stop()
  })

  test.each(WAYS)('serves later calls $name', async ({ options }) => {
    const platform = new ManualPlatform()
    const transport = restTransport({ url: server.url, token, platform, ...options })
    const redis = guard(transport, { platform, breaker })
    const call = () =>
      server.serve(
        () => redis.request({ path: [], body: ['GET', 'k'] }),
        () => platform.advance(500),
      )

    expect(await call()).toEqual({ isNew: true, got: expect.any(RemoteTimeoutError) })
    await eventually(async () => {
      expect(await call()).toEqual({ isNew: false, got: { result: 'v' } })
    })
  })

  test('serves later calls in workerd', async () => {
    const workerd = await startWorker(server.url)
    const ask = async (): Promise<string> =>
      (await workerd.dispatchFetch('http://localhost/')).text()
    try {
      expect(await server.serve(ask)).toEqual({ isNew: true, got: RemoteTimeoutError.name })
      await eventually(async () => {
        expect(await server.serve(ask)).toEqual({ isNew: false, got: 'v' })
      })
    } finally {
      await workerd.dispose()
    }
  })
})

/** A Worker that sends one command, and returns its result or the name of its error. */
async function startWorker(url: string): Promise<Miniflare> {
  const contents = `
    import { RedisCacheManager, restTransport } from './src/index.ts'
    const redis = restTransport(${JSON.stringify({ url, token })})
    const cache = new RedisCacheManager({ redis, deadline: 50, breaker: ${JSON.stringify(breaker)} })
    const get = () => cache.redis.request({ path: [], body: ['GET', 'k'] })
    export default {
      fetch: () => get().then(({ result }) => new Response(result), ({ name }) => new Response(name)),
    }`
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: ROOT, loader: 'ts' },
    ...{ bundle: true, write: false, format: 'esm', target: 'es2024', logLevel: 'silent' },
    ...{ conditions: ['nearcache:source', 'workerd', 'worker', 'browser'] },
  })
  const script = outputFiles[0]?.text ?? ''
  const options = { modules: true, script, compatibilityDate: '2026-10-01' }
  return new Miniflare(convertV4MiniflareOptions(options))
}
