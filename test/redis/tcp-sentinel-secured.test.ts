import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../src/cache/manager.ts'
import type { Transport } from '../../src/redis/requester.ts'
import { type TcpOptions, tcpTransport } from '../../src/redis/tcp/index.ts'
import { type Authority, hasOpenssl, makeAuthority } from '../support/certificates.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { everythingIn } from '../support/leaks.ts'
import { PRIMARY, type RedisSentinel, startSentinel } from '../support/redis-sentinel.ts'
import { findRedisServer, type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { describeWithRedis } from '../support/with-redis.ts'

const APP = { username: 'app', password: 'SENTINEL-app' }
const WRONG = 'SENTINEL-wrong'
const [, RULES = ''] =
  /^user nearcache on >\S+ (.*)$/m.exec(readFileSync('docs/operations.md', 'utf8')) ?? []
const DATA = [
  '--requirepass',
  'of-data',
  '--user',
  ...`app on >${APP.password} ~* &* +@all`.split(' '),
]

describeWithRedis('the tcp transport before a Sentinel that requires a password', () => {
  let server: RedisServer
  let sentinel: RedisSentinel
  let transport: Transport | undefined

  beforeAll(async () => {
    server = await startRedisServer(DATA)
    const secrets = ['requirepass of-sentinel', `user watcher on >of-watcher ${RULES}`]
    sentinel = await startSentinel(server.port, [
      ...secrets,
      `sentinel auth-pass ${PRIMARY} of-data`,
    ])
    const its = tcpTransport({ host: sentinel.host, port: sentinel.port, password: 'of-sentinel' })
    const greet = async (): Promise<unknown> => its.request({ body: ['SENTINEL', 'MASTERS'] })
    await eventually(async () => expect(await greet()).toHaveProperty('result.0'))
    await its.close()
  }, 30_000)
  afterEach(() => transport?.close())
  afterAll(async () => {
    await sentinel.stop()
    await server.stop()
  })

  const connect = (
    its: Partial<NonNullable<TcpOptions['sentinel']>>,
    options: Partial<TcpOptions> = APP,
  ): Transport => {
    const watched = { name: PRIMARY, nodes: [sentinel], password: 'of-sentinel' }
    transport = tcpTransport({ sentinel: { ...watched, ...its }, ...options })
    return transport
  }
  const whoami = (client: Transport): Promise<unknown> =>
    client.request({ body: ['ACL', 'WHOAMI'] })
  const failure = (client: Transport): Promise<unknown> =>
    whoami(client).then(
      () => expect.unreachable('the request must fail'),
      (error: unknown) => error,
    )

  test('uses one password for Sentinel and another for Redis', async () => {
    expect(await whoami(connect({}))).toEqual({ result: 'app' })
  })

  test('uses one user for Sentinel and another for Redis', async () => {
    const watcher = { username: 'watcher', password: 'of-watcher' }

    expect(await whoami(connect(watcher))).toEqual({ result: 'app' })
  })

  const nobody = { host: '127.0.0.1', port: 1 }
  test.each([
    ['a wrong password of the sentinel', { password: WRONG }, APP, 'WRONGPASS', false],
    ['a wrong user of the sentinel', { username: WRONG, password: WRONG }, APP, 'WRONGPASS', false],
    ['no password of the sentinel', { password: '' }, APP, 'NOAUTH', false],
    ['a wrong password of Redis', {}, { ...APP, password: WRONG }, 'WRONGPASS', false],
    ['no password of Redis', {}, {}, 'NOAUTH', false],
    ['a name that is not watched', { name: WRONG }, APP, 'no such primary', false],
    ['no sentinel there', { nodes: [nobody, nobody] }, APP, 'ECONNREFUSED', true],
  ])(
    'rejects for %s at once, without a secret in the error',
    async (_what, its, options, reason, retryable) => {
      const client = connect(its, options)

      for (let i = 0; i < 3; i++) {
        const error = await failure(client)
        expect(error).toMatchObject({ reason, retryable, applied: 'no' })
        expect(everythingIn(error)).not.toMatch(/SENTINEL|of-|127\.0\.0\.1/)
      }
    },
  )

  test('asks the next Sentinel if one accepts a connection but does not answer', async () => {
    const silent = await startSentinel(server.port)
    const its = tcpTransport({ host: silent.host, port: silent.port })
    await eventually(() => its.request({ body: ['PING'] }))
    await its.close()
    try {
      silent.pause()
      const options = { ...APP, connectTimeoutMs: 400 }

      expect(await whoami(connect({ nodes: [silent, sentinel] }, options))).toEqual({
        result: 'app',
      })
      await transport?.close()
      expect(await failure(connect({ nodes: [silent] }, options))).toMatchObject({
        reason: 'ETIMEDOUT',
        retryable: true,
      })
    } finally {
      await silent.stop()
    }
  })

  test('rejects at once after the Sentinel password was changed, and recovers without a restart', async () => {
    const its = tcpTransport({ host: sentinel.host, port: sentinel.port, password: 'of-sentinel' })
    const admin = tcpTransport({ url: server.url, password: 'of-data' })
    const redis = connect({ username: 'watcher', password: 'of-watcher' })
    const cache = new RedisCacheManager({ redis, deadline: '5s' })
    await cache.set('key', 'old', { tags: ['t'] })

    await its.request({ body: ['ACL', 'SETUSER', 'watcher', '>newer', '<of-watcher'] })
    expect(await cache.get('key')).toBe('old')
    await admin.request({ body: ['CLIENT', 'KILL', 'USER', 'app'] })
    await eventually(() =>
      expect(cache.invalidateTags(['t'])).rejects.toMatchObject({ reason: 'WRONGPASS' }),
    )
    expect(await cache.getOrSet('key', () => 'loaded')).toBe('loaded')
    await its.request({ body: ['ACL', 'SETUSER', 'watcher', '>of-watcher'] })

    await eventually(() => cache.invalidateTags(['t']))
    expect(await cache.get('key')).toBeUndefined()
    await Promise.all([its.close(), admin.close(), cache.close()])
  })
})

const isPossible = findRedisServer() !== undefined && hasOpenssl()
const meta = { leftOut: 'redis-server or openssl is not installed' }

describe(
  'the tcp transport before a Sentinel over TLS',
  isPossible ? {} : { skip: true, meta },
  () => {
    let authority: Authority
    let server: RedisServer
    let tlsPort: number
    let sentinels: { readonly secret: RedisSentinel; readonly open: RedisSentinel }

    beforeAll(async () => {
      authority = makeAuthority()
      const { cert, key } = authority.sign('IP:127.0.0.1')
      tlsPort = await freePort()
      const files = {
        'tls-ca-cert-file': authority.cert,
        'tls-cert-file': cert,
        'tls-key-file': key,
      }
      const tls = { ...files, 'tls-auth-clients': 'no', 'tls-replication': 'yes' }
      const args = Object.entries(tls).flatMap(([name, value]) => [`--${name}`, value])
      server = await startRedisServer([...DATA, ...args, '--tls-port', String(tlsPort)])
      const lines = Object.entries(tls).map((pair) => pair.join(' '))
      sentinels = {
        secret: await startSentinel(tlsPort, lines),
        open: await startSentinel(server.port),
      }
    }, 30_000)
    afterAll(async () => {
      await sentinels?.secret.stop()
      await sentinels?.open.stop()
      await server?.stop()
      authority?.remove()
    })

    const answerOf = async (
      node: RedisSentinel,
      options: Partial<TcpOptions>,
    ): Promise<unknown> => {
      const sentinel = { name: PRIMARY, nodes: [node], ...options.sentinel }
      const transport = tcpTransport({ ...APP, ...options, sentinel })
      const ask = (): Promise<unknown> => transport.request({ body: ['PING'] })
      // The server may still be starting.
      const isUp = (error: unknown): boolean => !everythingIn(error).includes('ECONNREFUSED')
      return eventually(async () => {
        const answer = await ask().catch((error: unknown) => error)
        expect(isUp(answer)).toBe(true)
        return answer
      }).finally(() => transport.close())
    }

    test('uses TLS for both', async () => {
      const tls = { ca: authority.pem }

      expect(await answerOf(sentinels.secret, { tls })).toEqual({ result: 'PONG' })
    })

    test('trusts neither without the certificate authority', async () => {
      const error = await answerOf(sentinels.secret, { tls: true })

      expect(error).toMatchObject({ reason: 'SELF_SIGNED_CERT_IN_CHAIN', retryable: false })
    })

    test('does not connect to Redis without TLS if TLS is configured', async () => {
      const tls = { ca: readFileSync(authority.cert, 'utf8') }
      const sentinel = { name: PRIMARY, nodes: [sentinels.open], tls: false }

      const answer = await answerOf(sentinels.open, { tls, sentinel, connectTimeoutMs: 400 })

      expect(answer).toMatchObject({ reason: 'ETIMEDOUT', applied: 'no' })
    })
  },
)
