import { expect, test, vi } from 'vitest'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { startRedisServer } from '../support/redis-server.ts'
import { describeWithRedis } from '../support/with-redis.ts'

// The package is CommonJS: in a bundle, `import()` of it may provide only the default export.
vi.mock('ioredis', async (load) => ({ default: (await load<typeof import('ioredis')>()).default }))

describeWithRedis('the tcp transport, bundled with ioredis,', () => {
  test('needs only its default export', async () => {
    const server = await startRedisServer()
    const transport = tcpTransport({ url: server.url })

    expect(await transport.request({ body: ['PING'] })).toEqual({ result: 'PONG' })

    await transport.close()
    await server.stop()
  })
})
