import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { beforeEach, expect, test } from 'vitest'
import { RedisCacheManager } from '../../src/cache/manager.ts'
import type { Argument, Reply } from '../../src/redis/requester.ts'
import { runCli, runJson, terminal } from '../support/cli.ts'
import { amount } from '../support/deep.ts'
import { found } from '../support/findings.ts'
import { suiteRedis } from '../support/suite-redis.ts'
import { describeWithRedis } from '../support/with-redis.ts'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')
const KEYS = amount(4_000, 100_000)
/** Entries of one key in ten are tagged, by two sets for each hundred. */
const TAGGED = 10
const NAMESPACES = ['email', 'llm', 'trpc', 'default'] as const
const TTL_S = 3_600

interface Original {
  readonly name: string
  readonly namespace: (typeof NAMESPACES)[number]
  readonly key: string
  readonly value: unknown
  readonly text: string
}

/** The i-th entry, as the original cache stores it. */
function original(i: number): Original {
  const namespace = NAMESPACES[i % NAMESPACES.length] ?? 'default'
  const key = i % 3 === 0 ? `query:${i}:page:1` : `item ${i} (ü)`
  const value = { id: i, subject: `Subject ${i}`, body: 'x'.repeat(i % 7 === 0 ? 1_500 : 40) }
  const json = JSON.stringify(value)
  const text = json.length > 1_024 ? `compressed:${gzipSync(json).toString('base64')}` : json
  return { name: `cache:data:${namespace}:${key}`, namespace, key, value, text }
}

describeWithRedis('nearcache migrate', () => {
  const suite = suiteRedis()
  const { send } = suite

  const pipeline = async (commands: readonly (readonly Argument[])[]): Promise<Reply[]> => {
    const replies: Reply[] = []
    for (let i = 0; i < commands.length; i += 1_000) {
      const part = commands.slice(i, i + 1_000)
      const answers = (await suite.redis.request({ path: ['pipeline'], body: part })) as unknown
      replies.push(...(answers as { result: Reply }[]).map(({ result }) => result))
    }
    return replies
  }
  const env = () => ({ REDIS_HOST: '127.0.0.1', REDIS_PORT: `${suite.server.port}` })

  beforeEach(() => send('FLUSHALL'))

  async function seed(count: number): Promise<readonly Original[]> {
    const all = Array.from({ length: count }, (_, i) => original(i))
    await pipeline(all.map(({ name, text }, i) => ['SET', name, text, 'EX', TTL_S + (i % 600)]))
    const tagged = all.filter((_, i) => i % TAGGED === 0)
    await pipeline(
      tagged.map(({ name }, i) => ['SADD', `cache:tags:group:${Math.floor(i / 100)}`, name]),
    )
    return all
  }

  function start(words: readonly string[]): { child: ChildProcess; ended: Promise<string> } {
    const child = spawn(process.execPath, [MAIN, 'migrate', '--json', ...words], {
      env: { ...process.env, ...env() },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout?.on('data', (data) => (output += data))
    return { child, ended: new Promise((resolve) => child.once('exit', () => resolve(output))) }
  }

  async function countOf(pattern: string): Promise<number> {
    const names = (await send('KEYS', pattern)) as readonly string[]
    return names.length
  }

  test('loses no value and moves none twice when it is killed three times and run again', {
    timeout: 600_000,
  }, async ({ task }) => {
    const all = await seed(KEYS)
    const words = ['--batch', `${Math.max(20, KEYS / 200)}`]
    let kills = 0
    for (const share of [0.2, 0.5, 0.75]) {
      const { child, ended } = start(words)
      while (child.exitCode === null && (await countOf('nc:*:e:*')) < share * KEYS) await delay(5)
      child.kill('SIGKILL')
      await ended
      if (child.signalCode === 'SIGKILL') kills++
      // Each value is in exactly one of the two places.
      expect((await countOf('nc:*:e:*')) + (await countOf('cache:data:*'))).toBe(KEYS)
    }
    const cache = new RedisCacheManager({ redis: suite.redis, deadline: '30s' }).namespace('email')
    const [first = ''] = (
      (await send('KEYS', 'nc:default/email:e:*')) as readonly string[]
    ).toSorted()
    const before = await send('GET', first)
    // The application deletes this entry in the meantime; it must not come back.
    const gone = (await send('EXISTS', 'nc:default/email:e:{query%3A0%3Apage%3A1}')) === 1
    await cache.delete('query:0:page:1')

    const report = JSON.parse(await start(words).ended) as Record<string, unknown>

    found(task, `migrate of ${KEYS} keys`, { kills, ...report })
    expect(kills).toBeGreaterThan(0)
    expect(report).toMatchObject({ complete: true, resumed: true, moved: KEYS, present: 0 })
    expect(await countOf('cache:data:*')).toBe(0)
    expect(await countOf('nc:*:e:*')).toBe(KEYS - (gone ? 1 : 0))
    if (!first.includes('{query%3A0%3A')) expect(await send('GET', first)).toBe(before)
    expect(await wrongValues(all.filter(({ key }) => key !== 'query:0:page:1'))).toBe(0)
    const lives = await pipeline(
      all.slice(1, 200).map(({ namespace, key }) => ['PTTL', entryName(namespace, key)]),
    )
    for (const [i, life] of lives.entries()) {
      const seededMs = (TTL_S + ((i + 1) % 600)) * 1_000
      expect(Number(life)).toBeLessThanOrEqual(seededMs + 50)
      expect(Number(life)).toBeGreaterThan(seededMs - 590_000)
    }
  })

  const entryName = (namespace: string, key: string): string =>
    `nc:${namespace === 'default' ? '' : 'default/'}${namespace}:e:{${encodeURIComponent(key)}}`

  /** How many values the cache does not return unchanged. */
  async function wrongValues(all: readonly Original[]): Promise<number> {
    let wrong = 0
    for (const namespace of NAMESPACES) {
      const outer = new RedisCacheManager({ redis: suite.redis, deadline: '30s' })
      const cache = namespace === 'default' ? outer : outer.namespace(namespace)
      const mine = all.filter((one) => one.namespace === namespace)
      for (let i = 0; i < mine.length; i += 500) {
        const part = mine.slice(i, i + 500)
        const values = await cache.getMany(part.map(({ key }) => key))
        for (const { key, value } of part) {
          if (JSON.stringify(values.get(key)) !== JSON.stringify(value)) wrong++
        }
      }
    }
    return wrong
  }

  test('tags of the old sets are migrated, and invalidate their entries', async () => {
    await seed(400)
    await runCli(['migrate'], { env: env() })
    const cache = new RedisCacheManager({ redis: suite.redis, deadline: '10s' }).namespace('email')
    expect(await cache.get('query:0:page:1')).toMatchObject({ id: 0 })

    await cache.invalidateTags(['group:0'])

    expect(await cache.get('query:0:page:1')).toBeUndefined()
    expect(await cache.get('item 4 (ü)')).toMatchObject({ id: 4 })
  })

  test('a dry run changes nothing and reports what the run then does', async () => {
    await seed(300)
    await send('SET', 'cache:data:email:broken', '{"not": ')
    await send('SADD', 'cache:data:email:a-set', 'member')
    await send('SET', 'cache:data:nonamespace', '1')
    await send('SET', 'cache:data:email:bytes', 'compressed:AAAA')
    const before = await send('DBSIZE')

    const dry = await runJson(['migrate', '--dry-run'], { env: env() })
    const size = await send('DBSIZE')
    const run = await runJson(['migrate'], { env: env() })

    expect(size).toBe(before)
    expect(dry).toMatchObject({ dryRun: true, complete: true, moved: 300, unreadable: 3 })
    expect({ ...run, dryRun: true }).toEqual(dry)
    expect(await countOf('cache:data:*')).toBe(4)
  })

  test('a newer entry stays, a key being loaded is skipped, keys without expiry get one', async () => {
    const cache = new RedisCacheManager({ redis: suite.redis, deadline: '10s' })
    await cache.set('newer', 'new')
    await send('MSET', 'cache:data:default:newer', '"old"', 'cache:data:default:endless', '"kept"')
    await send('SET', 'cache:data:default:loading', '"old"')
    const loaded = Promise.withResolvers<string>()
    const load = cache.getOrSet('loading', () => loaded.promise)
    await expect.poll(() => send('EXISTS', 'nc:default:l:{loading}')).toBe(1)

    const { code, printed } = await runCli(['migrate', '--ttl', '2h'], { env: env() })
    loaded.resolve('loaded')

    expect(code).toBe(1)
    expect(printed).toContain('1 are being loaded and were left: run it again')
    expect(await load).toBe('loaded')
    expect(await cache.get('newer')).toBe('new')
    expect(await cache.get('endless')).toBe('kept')
    expect(Number(await send('PTTL', 'nc:default:e:{endless}'))).toBeLessThanOrEqual(7_200_000)
    expect(await runJson(['migrate'], { env: env() })).toMatchObject({ present: 1, moved: 0 })
  })

  test('keys that an interrupted run has left are still told by the run that continues it', async () => {
    const all = await seed(300)
    const leases = all.map(({ namespace, key }) => entryName(namespace, key).replace(':e:', ':l:'))
    await pipeline(leases.map((lease) => ['SET', lease, 'nonce', 'PX', 60_000]))
    const stop = new AbortController()
    const progress = () => ({ update: () => stop.abort(), end: () => undefined })
    const interrupted = { signal: stop.signal, terminal: { ...terminal(true), progress } }

    const first = await runJson(['migrate', '--batch', '20'], { env: env(), ...interrupted })
    await pipeline(leases.map((lease) => ['DEL', lease]))
    const { code, printed } = await runCli(['migrate', '--batch', '20', '--json'], { env: env() })
    const left = Number(first['busy'])

    expect(first).toMatchObject({ complete: false, moved: 0 })
    expect(left).toBeGreaterThan(0)
    expect(code).toBe(1)
    expect(JSON.parse(printed)).toMatchObject({ complete: true, moved: 300 - left, busy: left })
    expect(await runJson(['migrate'], { env: env() })).toMatchObject({ moved: left, busy: 0 })
  })

  test('a migrated value can be invalidated before its first read', async () => {
    await send('SET', 'cache:data:default:key', '"old"', 'EX', 60)
    await send('SADD', 'cache:tags:tag', 'cache:data:default:key')
    const cache = new RedisCacheManager({ redis: suite.redis, deadline: '10s' })
    const values = await runJson(['migrate'], { env: env() })
    await cache.invalidateTags(['tag'])

    expect(values).toMatchObject({ moved: 1 })
    expect(await cache.get('key')).toBeUndefined()
  })

  test('migrates any pattern with a mapping, keeps the old keys with --keep, and encrypts if the cache does', async () => {
    await send('MSET', 'app:acme:user:7', 'text of 7', 'app:acme:user:8', 'text of 8')
    const secret = '00'.repeat(32)
    const sealed = { NEARCACHE_HASH_SECRET: secret, NEARCACHE_ENCRYPTION_KEYS: `k1:${secret}` }
    const words = ['migrate', '--from', 'app:{tenant}:user:{id}', '--key', 'user:{id}', '--keep']
    const mapping = ['--namespace', 'tenants/{tenant}', '--tags', 'user:{id}', '--format', 'text']

    const report = await runJson([...words, ...mapping], { env: { ...env(), ...sealed } })

    expect(report).toMatchObject({ moved: 2, complete: true })
    expect(await countOf('app:acme:user:*')).toBe(2)
    const cache = new RedisCacheManager({
      redis: suite.redis,
      deadline: '10s',
      namespace: 'tenants',
      hashKeys: { secret },
      encryption: { keys: [{ id: 'k1', secret }] },
    }).namespace('acme')
    expect(await cache.get('user:7', { tags: ['user:7'] })).toBe('text of 7')
    await cache.invalidateTags(['user:7'])
    expect(await cache.get('user:7', { tags: ['user:7'] })).toBeUndefined()
    expect(await cache.get('user:8', { tags: ['user:8'] })).toBe('text of 8')
    expect(JSON.stringify(await send('KEYS', 'nc:*'))).not.toContain('user')
  })
})
