import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { suggest } from '../../../src/cli/suggest.ts'
import { ConfigurationError, RemoteError } from '../../../src/errors.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { Requester } from '../../../src/redis/requester.ts'
import { runCli, runJson } from '../../support/cli.ts'
import { startBridge } from '../bridge/bridge-server.ts'

const SECRET = 'a-secret-token'
const ROOT = join(import.meta.dirname, '../../..')
const COMMANDS =
  `status health stats report alerts doctor bench get inspect del tags invalidate sessions
  warm sweep migrate bridge init`.split(/\s+/)

describe('the words of nearcache', () => {
  test('the overview names every command, and loads none of them', async () => {
    const { code, printed } = await runCli(['--help'])
    const source = readFileSync(join(ROOT, 'src/cli/run.ts'), 'utf8')
    const loadedAtOnce = [...source.matchAll(/^import .* from '(.*)'$/gm)].map(([, path]) => path)

    expect(code).toBe(0)
    for (const name of COMMANDS) expect(printed).toMatch(new RegExp(`^  ${name} +\\S`, 'm'))
    expect(loadedAtOnce).toEqual(['./command.ts', './failure.ts', './suggest.ts'])
  })

  test.each([
    ['20.20.2', 2],
    ['22.11.9', 2],
    ['22.12.0', 0],
    ['24.0.0', 0],
  ])(
    'on Node %s a command exits with %i, and names the required version if Node is too old',
    async (node, code) => {
      const found = await runCli(['status', '--embedded'], { node })
      const manifest = readFileSync(join(ROOT, 'package.json'), 'utf8')

      expect(found.code).toBe(code)
      const told = `nearcache: Node 22.12 or later is required; this is Node ${node}`
      expect(found.warned).toBe(code === 0 ? '' : told)
      expect(JSON.parse(manifest).engines.node).toBe('>=22.12')
    },
  )

  test.each(COMMANDS)('%s --help says how to call it, as help does', async (name) => {
    const asked = await runCli([name, '--help', SECRET])

    expect(asked).toEqual({ code: 0, printed: expect.stringContaining('nearcache '), warned: '' })
    expect(await runCli(['help', name])).toEqual(asked)
    expect(asked.printed).toContain(`nearcache ${name}`)
    expect(asked.printed).not.toMatch(/[ \t]$/m)
    expect(asked.printed).not.toContain('\u001B')
  })

  test('only options that take a number say so', async () => {
    const pages = await Promise.all(COMMANDS.map((name) => runCli([name, '--help'])))
    const lines = pages.flatMap(({ printed }) => printed.split('\n'))

    const numbers = lines.flatMap((line) => /^ {2}--([\w-]+) NUMBER/.exec(line)?.[1] ?? [])

    expect(new Set(numbers)).toEqual(new Set(['minutes', 'concurrency', 'batch', 'port']))
    expect(lines.filter((line) => /^ {2}--[\w-]+ TEXT/.test(line))).toEqual([])
  })

  test.each(['status', 'doctor', 'health', 'get x'])(
    '%s tells that nothing was asked, and why, where the transport cannot be made',
    async (words) => {
      const missing = new ConfigurationError(['the tcp transport needs a package'])
      const redis = { request: () => Promise.reject(missing) }

      const { code, warned } = await runCli(words.split(' '), { redis })

      expect({ code, warned }).toEqual({
        code: 2,
        warned: `nearcache ${words.split(' ')[0]}: the tcp transport needs a package`,
      })
    },
  )

  test('status depends on PING if the figures of Redis cannot be read', async () => {
    const engine = embeddedTransport()
    const away = new RemoteError({ operation: 'INFO', reason: 'ECONNREFUSED', applied: 'no' })
    const redis: Requester = {
      request: (request) =>
        String(request.body).startsWith('INFO') ? Promise.reject(away) : engine.request(request),
    }

    expect(await runJson(['status'], { redis })).toMatchObject({ status: 'ok', version: null })
  })

  test('does not print that no alert is active if Redis does not answer', async () => {
    const env = { REDIS_HOST: '127.0.0.1', REDIS_PORT: '1' }
    const refused = /^nearcache alerts: Redis failed at \w+: ECONNREFUSED; see: nearcache doctor$/

    for (const words of [['alerts'], ['alerts', '--resolve', 'memory']]) {
      expect(await runCli(words, { env })).toEqual({
        code: 1,
        printed: '',
        warned: expect.stringMatching(refused),
      })
    }
    const { printed } = await runCli(['report'], { env })
    expect(printed).toContain('None is known: Redis does not answer.')
    expect(printed).toContain('No job is known: Redis does not answer.')
    expect(printed).toContain('None: there are no figures.')
    expect(printed).not.toContain('call for no change')
  })

  test('--version is that of the package', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))

    expect(await runCli(['--version'])).toMatchObject({ code: 0, printed: version })
  })

  test.each([
    ['stauts', 'status'],
    ['stat', 'stats'],
    ['inpsect', 'inspect'],
    ['Doctor', 'doctor'],
    ['invalidat', 'invalidate'],
    ['migrte', 'migrate'],
  ])('%s is taken for %s', async (typed, meant) => {
    const { code, warned } = await runCli([typed])

    expect(code).toBe(2)
    expect(warned).toContain(`did you mean ${meant}?`)
  })

  test.each(['frobnicate', SECRET, '', 'x'.repeat(10_000), '__proto__', 'constructor'])(
    'nothing is suggested for a word that resembles no command',
    async (typed) => {
      const { code, warned } = await runCli([typed])

      expect({ code, warned }).toEqual({
        code: 2,
        warned: 'nearcache: unknown command; see: nearcache --help',
      })
    },
  )

  test('suggestions are for typing errors, not for other words', () => {
    expect(suggest('gte', ['get', 'del'])).toBe('get')
    expect(suggest('put', ['get', 'del'])).toBeUndefined()
  })

  test.each<[words: string[], problem: RegExp]>([
    [['get'], /^get: KEY is missing; see: nearcache get --help$/],
    [['get', 'a', SECRET], /^get: too many arguments/],
    [
      ['invalidate', ...Array<string>(65).fill(SECRET), '--embedded'],
      /^invalidate: too many arguments/,
    ],
    [['status', SECRET], /^status: unexpected argument/],
    [
      ['get', 'a', '--nmespace', SECRET],
      /^get: unknown option --nmespace; did you mean --namespace\? See: /,
    ],
    [['get', 'a', '--frobnicate', SECRET], /^get: unknown option --frobnicate; see: /],
    [['bridge', '--tokn', SECRET], /^bridge: unknown option --tokn; did you mean --token\? See: /],
    [
      ['get', '-key'],
      /^get: unknown option -k; put -- before an argument that begins with "-"; see: /,
    ],
    [['get', 'a', '--namespace'], /^get: --namespace needs a value/],
    [['get', 'a', `--json=${SECRET}`], /^get: --json takes no value/],
    [['stats', '--minutes', SECRET], /^stats: --minutes must be a whole number from 1 to 180$/],
    [['stats', '--interval', SECRET], /^stats: --interval must be a time such as 500ms, 30s or 2h/],
    [['status', '--redis', `http://${SECRET}`], /^status: --redis must be a URL such as redis:/],
    [
      ['status', '--redis', 'redis://h', '--embedded'],
      /^status: --redis and --embedded cannot be used together$/,
    ],
    [['invalidate', '--all', '--redis', ''], /^invalidate: --redis must be a URL such as redis:/],
    [['invalidate', '--all', '--rest='], /^invalidate: --rest needs a token: set UPSTASH_/],
    [['status', '--cluster', '--embedded'], /^status: --cluster needs a Redis over TCP/],
    [['get', 'a', '--cluster', '--redis', 'redis://h/1'], /^get: --cluster needs database 0/],
    [
      ['migrate', '--cluster', '--redis', 'redis://h'],
      /^migrate: --cluster cannot be used with migrate/,
    ],
    [['status', '--rest', `https://${SECRET}`], /^status: --rest needs a token: set UPSTASH_/],
    [['status', '--deadline', SECRET, '--embedded'], /^status: --deadline must be a time/],
    [['status'], /^status: no Redis is configured: set UPSTASH_REDIS_REST_URL/],
    [['get', '--embedded', 'a', '--namespace', ''], /^get: Invalid name: namespace is empty$/],
    [['get', '--embedded', '\uD800'], /^get: Invalid name: key has a lone surrogate$/],
    [['tags', SECRET, '--embedded'], /^tags: the only subcommand of tags is ls$/],
    [['invalidate', '--embedded'], /^invalidate: give either tags, or --pattern, or --all$/],
    [
      ['invalidate', 'a', '--all', '--embedded'],
      /^invalidate: give either tags, or --pattern, or --all$/,
    ],
    [['invalidate', '--all', '--soft', '--embedded'], /^invalidate: --soft works only with tags$/],
    [['alerts', '--resolve', SECRET], /^alerts: --resolve must be one of connection, error-rate/],
    [['sessions', '--revoke-all', '--embedded'], /^sessions: USER is missing/],
    [['sessions', 'u', '--embedded'], /^sessions: SESSION_KEYS is not set/],
    [['warm', '--all', '--embedded'], /^warm: --all, --only and --budget need --jobs/],
    [['warm', '--jobs', '/none.mjs', '--embedded'], /^warm: --jobs: cannot load the module/],
    [['sweep', '--idle', '5s', '--embedded'], /^sweep: --idle must be a time such as/],
    [
      ['migrate', '--from', SECRET, '--embedded'],
      /^migrate: --key uses \{key\}, which is not in --from/,
    ],
    [['migrate', '--from', '{a}{b}', '--embedded'], /^migrate: --from must have text between/],
    [['migrate', '--from', 'x:{', '--embedded'], /^migrate: --from must have names in its braces/],
    [['migrate', '--format', SECRET, '--embedded'], /^migrate: --format must be json or text$/],
    [['bench', '--concurrency', '0', '--embedded'], /^bench: --concurrency must be a whole number/],
    [['init', '--name', 'Not a name'], /^init: --name must be 1 to 63 lower-case letters/],
  ])(
    '%j is refused in one line that says what is wrong, without a secret',
    async (words, problem) => {
      const { code, printed, warned } = await runCli(words)

      expect({ code, printed }).toEqual({ code: 2, printed: '' })
      expect(warned.split('\n')).toHaveLength(1)
      expect(warned.replace('nearcache ', '')).toMatch(problem)
      expect(warned).not.toContain(SECRET)
    },
  )

  test.each([
    ['k1:short', /SESSION_KEYS must be 32 random bytes/],
    [`no id:${'00'.repeat(32)}`, /SESSION_KEYS must be keys with different ids of 1 to 16/],
  ])('keys of sessions that are wrong are told by their variable: %s', async (keys, problem) => {
    const result = await runCli(['sessions', 'u', '--embedded'], { env: { SESSION_KEYS: keys } })

    expect(result).toMatchObject({ code: 2, warned: expect.stringMatching(problem) })
  })

  test('a failure is one line, and with --json a document too, and names no address', async () => {
    const env = { REDIS_HOST: '127.0.0.1', REDIS_PORT: '1', REDIS_PASSWORD: SECRET }

    expect(await runCli(['get', 'a'], { env })).toEqual({
      code: 1,
      printed: '',
      warned: 'nearcache get: Redis failed at MGET: ECONNREFUSED; see: nearcache doctor',
    })
    expect(await runJson(['get', 'a'], { env })).toEqual({
      command: 'get',
      error: { code: 'ERR_REMOTE', message: 'Redis failed at MGET: ECONNREFUSED' },
    })
    expect(await runJson(['get'], { env })).toMatchObject({ error: { code: 'ERR_USAGE' } })
  })

  test.each([
    [
      { NEARCACHE_HASH_SECRET: 'short' },
      'NEARCACHE_HASH_SECRET must be 32 random bytes as hex, base64 or base64url',
    ],
    [
      { NEARCACHE_ENCRYPTION_KEYS: `a:${'0'.repeat(64)}` },
      'NEARCACHE_HASH_SECRET must be given with encryption, or names would be readable',
    ],
    [
      { NEARCACHE_HASH_SECRET: '0'.repeat(64), NEARCACHE_ENCRYPTION_KEYS: 'a:short' },
      'NEARCACHE_ENCRYPTION_KEYS must be 32 random bytes as hex, base64 or base64url',
    ],
  ])('a secret of %j is refused by the name of its variable', async (env, problem) => {
    expect(await runCli(['get', 'a', '--embedded'], { env })).toEqual({
      code: 2,
      printed: '',
      warned: `nearcache get: ${problem}`,
    })
  })

  test('options take precedence over the environment, and errors name its variables', async () => {
    const behind = embeddedTransport()
    const bridge = await startBridge(behind)
    const env = { REDIS_HOST: '127.0.0.1', REDIS_PORT: '1', UPSTASH_REDIS_REST_TOKEN: bridge.token }

    const named = await runJson(['status', '--rest', bridge.url], { env })
    const rest = await runCli(['status', '--rest', `https://u:${SECRET}@host`], { env })
    const problem = await runCli(['status'], { env: { REDIS_HOST: `redis://${SECRET}` } })
    await bridge.stop()
    await behind.close()

    expect(named).toMatchObject({ status: 'ok', transport: 'rest' })
    expect(rest).toEqual({
      code: 2,
      printed: '',
      warned: 'nearcache status: --rest must be free of user name, password, query and fragment',
    })
    // For health, 1 would mean degraded.
    expect(problem).toEqual({
      code: 2,
      printed: '',
      warned: expect.stringMatching(/^nearcache status: REDIS_HOST must be a host name/),
    })
  })
})
