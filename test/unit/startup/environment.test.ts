import { describe, expect, test } from 'vitest'
import { ConfigurationError } from '../../../src/errors.ts'
import { readEnvironment } from '../../../src/startup/environment.ts'

const REST = {
  UPSTASH_REDIS_REST_URL: 'https://eu1-name-1.upstash.io',
  UPSTASH_REDIS_REST_TOKEN: 'secret-token',
}
const KV = { KV_REST_API_URL: 'https://kv-name-1.upstash.io', KV_REST_API_TOKEN: 'kv-token' }

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    readEnvironment(env)
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems
  }
  return expect.unreachable('the environment must be refused')
}

describe('readEnvironment', () => {
  test('without a Redis, chooses the embedded engine and says what to set', () => {
    const { kind, warnings } = readEnvironment({ PATH: '/bin', NODE_ENV: 'production' })

    expect(kind).toBe('embedded')
    expect(warnings).toEqual([
      expect.stringMatching(
        /UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN, or REDIS_HOST, or REDIS_URL/,
      ),
    ])
  })

  test.each([
    ['UPSTASH_REDIS_REST_*', REST, REST.UPSTASH_REDIS_REST_URL, 'secret-token'],
    ['KV_REST_API_*', KV, KV.KV_REST_API_URL, 'kv-token'],
  ])('reads a REST endpoint from %s', (_names, env, url, token) => {
    expect(readEnvironment(env)).toEqual({ kind: 'rest', url, token, warnings: [] })
  })

  test('needs only a host for Redis over TCP', () => {
    expect(readEnvironment({ REDIS_HOST: 'localhost' })).toEqual({
      kind: 'tcp',
      host: 'localhost',
      port: 6_379,
      db: 0,
      tls: false,
      warnings: [],
    })
  })

  test('reads every setting of Redis over TCP', () => {
    const env = {
      REDIS_HOST: '::1',
      REDIS_PORT: '7000',
      REDIS_USERNAME: 'app',
      REDIS_PASSWORD: 'p@ss "word',
      REDIS_DB: '5',
      REDIS_TLS_ENABLED: 'true',
    }

    expect(readEnvironment(env)).toEqual({
      kind: 'tcp',
      host: '::1',
      port: 7_000,
      username: 'app',
      password: 'p@ss "word',
      db: 5,
      tls: true,
      warnings: [],
    })
  })

  test.each([
    ['true', true],
    ['TRUE', true],
    ['1', true],
    ['false', false],
    ['0', false],
  ])('reads REDIS_TLS_ENABLED=%s', (text, tls) => {
    expect(readEnvironment({ REDIS_HOST: 'h', REDIS_TLS_ENABLED: text })).toMatchObject({ tls })
  })

  test.each([
    ['redis://h', { host: 'h', port: 6_379, db: 0, tls: false }],
    [
      'rediss://app:p%40ss@[::1]:7000/5',
      { host: '::1', port: 7_000, username: 'app', password: 'p@ss', db: 5, tls: true },
    ],
  ])('reads REDIS_URL=%s', (url, address) => {
    expect(readEnvironment({ REDIS_URL: url })).toEqual({ kind: 'tcp', ...address, warnings: [] })
  })

  test('prefers REDIS_HOST over REDIS_URL, and says so', () => {
    expect(readEnvironment({ REDIS_HOST: 'h', REDIS_URL: 'redis://other' })).toMatchObject({
      host: 'h',
      warnings: ['REDIS_URL not used: REDIS_HOST is set'],
    })
  })

  test('treats an empty variable as not set', () => {
    const env = { UPSTASH_REDIS_REST_URL: '', REDIS_HOST: 'h', REDIS_PORT: '', REDIS_PASSWORD: '' }

    const configuration = readEnvironment(env)

    expect(configuration).toMatchObject({ kind: 'tcp', port: 6_379, warnings: [] })
    expect(configuration).not.toHaveProperty('password')
  })

  test('prefers REST over TCP, UPSTASH_ over KV_, and names what it ignores', () => {
    const env = { ...KV, ...REST, REDIS_HOST: 'h', REDIS_PORT: 'not looked at' }

    const { kind, warnings } = readEnvironment(env)

    expect(kind).toBe('rest')
    expect(warnings).toEqual([
      'KV_REST_API_URL, KV_REST_API_TOKEN, REDIS_HOST, REDIS_PORT not used: UPSTASH_REDIS_REST_URL is set',
    ])
  })

  test('does not mistake the REDIS_PORT of Kubernetes for a configuration', () => {
    expect(readEnvironment({ REDIS_PORT: 'tcp://10.0.0.1:6379' }).kind).toBe('embedded')
    expect(problemsOf({ REDIS_HOST: 'redis', REDIS_PORT: 'tcp://10.0.0.1:6379' })).toEqual([
      'REDIS_PORT must be a whole number from 1 to 65535',
    ])
  })

  test.each<[Record<string, string>, string]>([
    [
      { UPSTASH_REDIS_REST_URL: 'https://x.io' },
      'UPSTASH_REDIS_REST_TOKEN is missing, though UPSTASH_REDIS_REST_URL is set',
    ],
    [
      { UPSTASH_REDIS_REST_TOKEN: 't' },
      'UPSTASH_REDIS_REST_URL is missing, though UPSTASH_REDIS_REST_TOKEN is set',
    ],
    [{ KV_REST_API_TOKEN: 't' }, 'KV_REST_API_URL is missing, though KV_REST_API_TOKEN is set'],
    [
      { ...REST, UPSTASH_REDIS_REST_URL: 'rediss://default:p@host:6379' },
      'UPSTASH_REDIS_REST_URL must be the https:// address of the REST endpoint; redis:// is for the tcp transport',
    ],
    [
      { ...REST, UPSTASH_REDIS_REST_URL: ' https://x.io' },
      'UPSTASH_REDIS_REST_URL must be free of spaces around it',
    ],
    [
      { ...REST, UPSTASH_REDIS_REST_TOKEN: '"t"' },
      'UPSTASH_REDIS_REST_TOKEN must be free of quotes around it',
    ],
    [{ ...KV, KV_REST_API_TOKEN: 't\n' }, 'KV_REST_API_TOKEN must be free of spaces around it'],
    [{ REDIS_PORT: '6379' }, 'REDIS_HOST is missing, though other REDIS_ variables are set'],
    [
      { REDIS_HOST: 'redis://h' },
      'REDIS_HOST must be a host name or an IP address, without spaces, quotes, port, brackets or redis://',
    ],
    [
      { REDIS_HOST: 'h ' },
      'REDIS_HOST must be a host name or an IP address, without spaces, quotes, port, brackets or redis://',
    ],
    ...['h:6379', '[::1]', '[::1]:6379'].map((host): [Record<string, string>, string] => [
      { REDIS_HOST: host },
      'REDIS_HOST must be a host name or an IP address, without spaces, quotes, port, brackets or redis://',
    ]),
    [{ REDIS_HOST: 'h', REDIS_PASSWORD: 'p ' }, 'REDIS_PASSWORD must be free of spaces around it'],
    [
      { REDIS_HOST: 'h', REDIS_USERNAME: 'u\n', REDIS_PASSWORD: 'p' },
      'REDIS_USERNAME must be free of spaces around it',
    ],
    [
      { REDIS_HOST: 'h', REDIS_USERNAME: 'u' },
      'REDIS_PASSWORD is missing, though REDIS_USERNAME is set',
    ],
    [
      { REDIS_HOST: 'h', REDIS_TLS_ENABLED: 'yes' },
      'REDIS_TLS_ENABLED must be true, false, 1 or 0',
    ],
    [
      { REDIS_URL: 'https://h' },
      'REDIS_URL must be a redis:// or rediss:// address; https:// belongs to the rest transport',
    ],
    [{ REDIS_URL: 'h:6379' }, 'REDIS_URL must be a URL such as redis://user:password@host:6379/0'],
    [
      { REDIS_URL: 'redis://h:0' },
      'REDIS_URL must be a URL such as redis://user:password@host:6379/0',
    ],
    [
      { REDIS_URL: 'redis://h/99999999999' },
      'REDIS_URL must be a URL such as redis://user:password@host:6379/0',
    ],
    ...['redis://h/0?db=2', 'redis://u:1#secret@h'].map((url): [Record<string, string>, string] => [
      { REDIS_URL: url },
      'REDIS_URL must be free of query and fragment; a database is its path, as /2',
    ]),
    [
      { REDIS_URL: 'redis://u:%zz@h' },
      'REDIS_URL must be percent-encoded where user name or password have a "%"',
    ],
  ])('refuses %j', (env, problem) => {
    expect(problemsOf(env)).toEqual([problem])
  })

  test.each(['0', '65536', '-1', '6379.0', '1e3', '0x10', ' 6379', 'six'])(
    'refuses REDIS_PORT=%j',
    (port) => {
      expect(problemsOf({ REDIS_HOST: 'h', REDIS_PORT: port })).toEqual([
        'REDIS_PORT must be a whole number from 1 to 65535',
      ])
    },
  )

  test.each(['-1', '1.5', 'main', '99999999999'])('refuses REDIS_DB=%j', (db) => {
    expect(problemsOf({ REDIS_HOST: 'h', REDIS_DB: db })).toEqual([
      'REDIS_DB must be a whole number of at least 0',
    ])
  })

  test('lists all problems at once, including those of the other group', () => {
    const env = {
      UPSTASH_REDIS_REST_URL: 'rediss://h',
      REDIS_PORT: '0',
      REDIS_USERNAME: 'u',
      REDIS_DB: 'x',
    }

    expect(problemsOf(env).map((problem) => problem.split(' ', 1)[0])).toEqual([
      'UPSTASH_REDIS_REST_URL',
      'UPSTASH_REDIS_REST_TOKEN',
      'REDIS_HOST',
      'REDIS_PORT',
      'REDIS_DB',
      'REDIS_PASSWORD',
    ])
  })

  // I5
  test('never repeats a value, in problems or in warnings', () => {
    const values = {
      UPSTASH_REDIS_REST_URL: 'rediss://default:leak@leak:6379',
      UPSTASH_REDIS_REST_TOKEN: ' leak',
      KV_REST_API_URL: 'leak',
      KV_REST_API_TOKEN: '"leak"',
      REDIS_HOST: 'redis://leak',
      REDIS_PORT: 'leak',
      REDIS_PASSWORD: ' leak',
      REDIS_DB: 'leak',
      REDIS_TLS_ENABLED: 'leak',
      REDIS_URL: 'redis://leak:%zz@leak',
    }
    const { warnings } = readEnvironment({ ...values, ...REST })

    expect(problemsOf(values)).toHaveLength(10)
    expect([...problemsOf(values), ...warnings].join('\n')).not.toMatch(/leak|secret/)
  })
})
