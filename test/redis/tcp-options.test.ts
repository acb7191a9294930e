import { Cluster, Redis } from 'ioredis'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { InvalidOptionError } from '../../src/errors.ts'
import type { ClientPlan } from '../../src/redis/tcp/client-plan.ts'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { resolveTcpOptions } from '../../src/redis/tcp/resolve-options.ts'

function errorOf(options: object): InvalidOptionError {
  try {
    tcpTransport(options)
  } catch (error) {
    if (error instanceof InvalidOptionError) return error
  }
  return expect.unreachable('the options must be refused')
}

function planOf(options: object, kind: ClientPlan['kind']): Record<string, unknown> {
  const { plan } = resolveTcpOptions(options)
  expect(plan.kind).toBe(kind)
  return plan.kind === 'given' ? {} : { ...plan.options }
}

describe('tcpTransport', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
  })

  test.each([
    ['redis://host', { host: 'host', port: 6_379, db: 0 }],
    ['redis://host:7000/5', { host: 'host', port: 7_000, db: 5 }],
    ['redis://:p%40ss@host', { password: 'p@ss' }],
    ['redis://user:pass@host/', { username: 'user', password: 'pass' }],
    ['rediss://host', { tls: {} }],
    ['redis://[::1]:7000', { host: '::1', port: 7_000 }],
  ])('reads %s', (url, expected) => {
    expect(planOf({ url }, 'single')).toMatchObject(expected)
  })

  test('takes values that the url does not contain from the other options', () => {
    const options = planOf({ url: 'redis://host', password: 'p', db: 2, tls: true }, 'single')

    expect(options).toMatchObject({ host: 'host', password: 'p', db: 2, tls: {} })
  })

  test('passes a certificate on', () => {
    const options = planOf({ host: 'host', tls: { ca: 'PEM', servername: 'name' } }, 'single')

    expect(options).toMatchObject({ tls: { ca: 'PEM', servername: 'name' } })
  })

  test('reads sentinels and clusters, each with its usual port', () => {
    const nodes = [{ host: 'a' }, { host: 'b', port: 1 }]

    expect(planOf({ sentinel: { name: 'main', nodes, password: 's' } }, 'single')).toMatchObject({
      name: 'main',
      sentinelPassword: 's',
      sentinels: [
        { host: 'a', port: 26_379 },
        { host: 'b', port: 1 },
      ],
    })
    expect(resolveTcpOptions({ cluster: { nodes } })).toMatchObject({
      cluster: true,
      plan: {
        nodes: [
          { host: 'a', port: 6_379 },
          { host: 'b', port: 1 },
        ],
      },
    })
  })

  test.each(['single', 'cluster'] as const)('configures a %s client without retries', (kind) => {
    const source = kind === 'single' ? { host: 'a' } : { cluster: { nodes: [{ host: 'a' }] } }
    const options = planOf(source, kind)
    const node = kind === 'single' ? options : options['redisOptions']

    expect(node).toMatchObject({ maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false })
    if (kind === 'cluster') expect(options).toMatchObject({ retryDelayOnFailover: 0 })
  })

  test.each(['single', 'cluster'] as const)(
    'enables TCP keep-alive of a %s client, so that networks do not drop idle connections',
    (kind) => {
      const source = kind === 'single' ? { host: 'a' } : { cluster: { nodes: [{ host: 'a' }] } }
      const options = planOf(source, kind)

      // Many networks silently drop a connection that is idle for four minutes.
      expect(kind === 'single' ? options : options['redisOptions']).toMatchObject({
        keepAlive: 30_000,
      })
    },
  )

  test.each([
    ['one server', new Redis({ lazyConnect: true, replyMapping: 'resp3' })],
    [
      'a cluster',
      new Cluster(['a'], { lazyConnect: true, redisOptions: { replyMapping: 'resp3' } }),
    ],
  ])('refuses a client of %s whose replies are objects', (_where, client) => {
    expect(errorOf({ client })).toMatchObject({ option: 'client' })
  })

  test('retries connecting forever, at most 1 s apart', () => {
    const retryStrategy = planOf({ host: 'a' }, 'single')['retryStrategy'] as (n: number) => number

    expect([1, 2, 3].map(retryStrategy)).toEqual([50, 100, 200])
    expect([6, 100, 1e9].map(retryStrategy)).toEqual([1_000, 1_000, 1_000])
  })

  test.each([
    ['url', {}, /one of host, cluster, sentinel, client/],
    ['url', { url: 'redis://a', host: 'sentinel' }, /one of/],
    ['url', { url: 'https://sentinel.example' }, /rest transport/],
    ['url', { url: 'sentinel:6379' }, /a URL such as/],
    ['url', { url: 'redis://sentinel/zero' }, /a URL such as/],
    ['url', { url: 'redis://:sentinel%ZZ@host' }, /percent-encoded/],
    ['host', { host: '' }, /host name/],
    ['host', { host: 'redis://sentinel' }, /host name/],
    ['port', { host: 'a', port: 0 }, /65535/],
    ['port', { host: 'a', port: 6379.5 }, /65535/],
    ['db', { host: 'a', db: -1 }, /at least 0/],
    ['db', { cluster: { nodes: [{ host: 'a' }] }, db: 1 }, /0 with a cluster/],
    ['cluster.nodes', { cluster: { nodes: [] } }, /at least one/],
    ['sentinel.nodes', { sentinel: { name: 'a', nodes: [] } }, /at least one/],
    ['sentinel.name', { sentinel: { name: '', nodes: [{ host: 'a' }] } }, /monitored primary/],
    ['poolSize', { host: 'a', poolSize: 0 }, /at least 1/],
    ['poolSize', { cluster: { nodes: [{ host: 'a' }] }, poolSize: 2 }, /1 with a cluster/],
    ['connectTimeoutMs', { host: 'a', connectTimeoutMs: 0 }, /above 0/],
    ['replyTimeoutMs', { host: 'a', replyTimeoutMs: Number.NaN }, /above 0/],
  ])('refuses a bad %s without quoting it: %j', (option, options, why) => {
    const error = errorOf(options)

    expect(error.option).toBe(option)
    expect(error.message).toMatch(why)
    // The word is also the name of an option.
    expect(error.message.replace('cluster, sentinel, client', '')).not.toMatch(/sentinel[^.]/)
  })

  test('refuses to be shared by requests of a Worker, with an error that says what to do', () => {
    vi.stubGlobal('navigator', { userAgent: 'Cloudflare-Workers' })

    expect(errorOf({ host: 'a' }).message).toMatch(/perRequest.*true on Cloudflare Workers.*rest/)
    expect(planOf({ host: 'a', perRequest: true }, 'single')).toMatchObject({
      enableReadyCheck: false,
    })
  })
})
