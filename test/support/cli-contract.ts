/**
 * The contract of all commands, for any connection to Redis.
 *
 * @module
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../src/cache/manager.ts'
import type { Host } from '../../src/cli/command.ts'
import { CacheMonitor, Metrics, RedisFigures } from '../../src/monitor/index.ts'
import type { Platform } from '../../src/platform/platform.ts'
import { webPlatform } from '../../src/platform/web.ts'
import type { Argument, Transport } from '../../src/redis/requester.ts'
import { SessionUserCache } from '../../src/session/index.ts'
import { Warming } from '../../src/warming/index.ts'
import { runCli, runJson } from './cli.ts'

const KEYS = `k1:${'00'.repeat(32)}`

/** A Redis for one run of the contract, and the options that name it. */
export interface CliTarget {
  readonly transport: Transport
  readonly host: Pick<Host, 'env' | 'redis'>
  stop(): Promise<void>
}

/** Fills a Redis as an application would. */
export async function fill(redis: Transport, platform: Platform = webPlatform()): Promise<void> {
  const cache = new RedisCacheManager({ redis, platform })
  const figures = new RedisFigures({ cache })
  const metrics = new Metrics({ cache, sinks: [figures], platform })
  const users = cache.namespace('users', { ttl: '15m' })
  for (let i = 0; i < 12; i++) {
    await users.getOrSet(`user:${i % 6}`, () => ({ id: i % 6 }), { tags: [`org:${i % 3}`] })
  }
  await cache.set('greeting', { text: 'hello '.repeat(400) }, { tags: ['texts'] })
  await users.invalidateTags(['org:1'])
  await metrics.flush()
  const warming = new Warming({ cache, platform })
  const handler = (): number => 42
  warming.register({ id: 'mail', name: 'Mail', priority: 1, schedule: '0 0 * * *', handler })
  await warming.warmAll()
  const keys = [{ id: 'k1', secret: '00'.repeat(32) }]
  const sessions = new SessionUserCache({ redis: cache.redis, keys, platform })
  await sessions.createSession('anna', 'a@example.com')
  const monitor = new CacheMonitor({ cache, figures, memoryLimitBytes: 9_500, platform })
  await monitor.performHealthCheck()
  await redis.request({ path: [], body: ['SET', 'cache:data:email:7', '{"id":7}', 'EX', 600] })
}

/** Registers the contract. In a cluster, migrate must refuse. */
export function describeCli(
  name: string,
  start: () => Promise<CliTarget>,
  { isCluster = false } = {},
): void {
  describe(`the commands on ${name}`, () => {
    let target: CliTarget
    let folder: string
    const options = isCluster ? ['--cluster'] : []

    const json = (...words: string[]): Promise<Record<string, unknown>> =>
      runJson([...words, ...options], { ...target.host, folder })
    const cli = (...words: string[]) => runCli([...words, ...options], { ...target.host, folder })
    const send = (...body: Argument[]) => target.transport.request({ path: [], body })

    beforeAll(async () => {
      target = await start()
      folder = mkdtempSync(join(tmpdir(), 'nearcache-cli-'))
    })
    afterAll(async () => {
      await target.stop()
      rmSync(folder, { recursive: true })
    })
    beforeEach(async () => {
      await send('FLUSHALL')
      await fill(target.transport)
    })

    test('status, health, stats, report and alerts tell what is so, and change nothing', async () => {
      expect(await json('status')).toMatchObject({ status: 'ok', reason: null })
      expect(await json('health')).toMatchObject({ hitRate: 50 })
      expect(await json('stats')).toMatchObject({
        total: { lookups: 12, hits: 6, loads: 6, sets: 1 },
        caches: { 'default/users': { lookups: 12, hitRate: 0.5 } },
      })
      expect(await json('report')).toMatchObject({
        summary: { lookups: 12 },
        warming: { totalJobs: 1, completedJobs: 1, failedJobs: 0 },
      })
    })

    test('alerts lists those there are, and ends one', async () => {
      const { code, printed } = await cli('alerts')

      expect({ code, lines: printed.split('\n') }).toMatchObject({ code: 1, lines: { length: 2 } })
      expect(printed).toContain('The memory of Redis runs out')
      expect((await cli('alerts', '--resolve', 'memory')).code).toBe(0)
      expect((await cli('alerts', '--resolve', 'memory')).code).toBe(1)
      expect(await json('alerts')).toEqual({ command: 'alerts', active: [] })
    })

    test('get, inspect and del work on one key', async () => {
      const at = ['--namespace', 'default/users']

      expect(await json('get', 'user:2', ...at)).toMatchObject({ hit: true, value: { id: 2 } })
      expect(await cli('get', 'user:1', ...at)).toMatchObject({
        code: 1,
        warned: 'nearcache get: a miss (invalidated)',
      })
      expect(await json('inspect', 'user:1', ...at)).toMatchObject({
        verdict: 'miss',
        reason: 'invalidated',
        tags: expect.arrayContaining([expect.objectContaining({ tag: 'org:1', state: 'missing' })]),
      })
      expect(await json('del', 'user:2', 'none', ...at)).toMatchObject({ keys: 2, existing: 1 })
      expect((await cli('get', 'user:2', ...at)).code).toBe(1)
    })

    test('get shows nothing that a terminal would obey', async () => {
      const value = { '\u202ekey': ['\u001b[2J', '\u009b31m', '\u2066x', 'a\nb'] }
      await new RedisCacheManager({ redis: target.transport }).set('odd', value)

      const { printed } = await cli('get', 'odd')

      expect(printed).toMatch(/^[\n -~]+$/)
      expect(printed).toContain('\\u202ekey')
      expect(await json('get', 'odd')).toMatchObject({ value })
    })

    test('tags lists tags with their entries', async () => {
      const { tags } = await json('tags', 'ls', '--count', '--namespace', 'default/users')

      expect(tags).toEqual([
        { tag: 'org:0', kind: 'tag', entries: 2 },
        { tag: 'org:2', kind: 'tag', entries: 2 },
      ])
    })

    test('invalidate counts beforehand what it then invalidates', async () => {
      const at = ['--namespace', 'default/users']

      expect(await json('invalidate', 'org:2', '--dry-run', ...at)).toMatchObject({ entries: 2 })
      expect(await json('invalidate', '--pattern', 'user:?', '--dry-run', ...at)).toMatchObject({
        entries: 6,
      })
      expect(await json('invalidate', '--all', '--dry-run')).toMatchObject({ entries: 7 })
      expect((await cli('get', 'user:2', ...at)).code).toBe(0)
      expect((await cli('invalidate', 'org:2', ...at)).code).toBe(0)
      expect((await cli('get', 'user:2', ...at)).code).toBe(1)
      await cli('invalidate', '--pattern', 'user:[03]', ...at)
      expect((await cli('get', 'user:3', ...at)).code).toBe(0)
      await cli('invalidate', '--all')
      expect((await cli('get', 'user:3', ...at)).code).toBe(1)
    })

    test('sessions counts them, lists those of a user, and ends one or all', async () => {
      const host = { ...target.host, env: { ...target.host.env, SESSION_KEYS: KEYS } }

      expect(await json('sessions')).toMatchObject({ sessions: 1, users: 1 })
      const { sessions } = await runJson(['sessions', 'anna', ...options], host)
      const [{ id }] = sessions as [{ id: string }]
      expect(await runJson(['sessions', 'anna', '--revoke', id, ...options], host)).toMatchObject({
        revoked: 1,
      })
      expect(await runJson(['sessions', 'anna', ...options], host)).toMatchObject({ sessions: [] })
      expect(await runJson(['sessions', 'anna', '--revoke-all', ...options], host)).toMatchObject({
        revoked: 0,
      })
    })

    test('warm lists jobs, and runs those of a file', async () => {
      const file = join(folder, 'jobs.mjs')
      writeFileSync(
        file,
        `export const jobs = (cache) => [
          { id: 'mail', name: 'Mail', priority: 2, schedule: '0 0 * * *', handler: () => 7 },
          { id: 'list', name: 'List', priority: 1, schedule: '0 0 * * *',
            handler: async () => { await cache.set('warmed', 1); return 1 } },
        ]`,
      )

      expect(await json('warm')).toMatchObject({ jobs: [{ id: 'mail', last: { items: 42 } }] })
      expect(await json('warm', '--jobs', 'jobs.mjs', '--all')).toMatchObject({
        runs: [
          { id: 'mail', ending: 'complete', items: 7 },
          { id: 'list', ending: 'complete', items: 1 },
        ],
      })
      writeFileSync(
        join(folder, 'bad.mjs'),
        `export default [{ id: 'bad', name: 'Bad', priority: 1, schedule: '0 0 * * *',
          handler: () => { throw new TypeError('no such table') } }]`,
      )
      expect(await cli('warm', '--jobs', 'bad.mjs', '--all')).toMatchObject({
        code: 1,
        warned: 'nearcache warm: bad failed: TypeError: no such table',
      })
      expect(await json('get', 'warmed')).toMatchObject({ value: 1 })
      expect(await json('warm', '--jobs', file, '--only', 'list')).toMatchObject({
        runs: [{ id: 'list' }],
      })
    })

    test('sweep finds invalidated entries, and drops them', async () => {
      expect(await json('sweep')).toMatchObject({ entries: 7, deadEntries: { found: 2 } })
      expect(await json('sweep', '--apply')).toMatchObject({ deadEntries: { dropped: 2 } })
      expect(await json('sweep')).toMatchObject({ entries: 5, deadEntries: { found: 0 } })
    })

    if (isCluster) {
      test('migrate says that it cannot move anything in there', async () => {
        const { code, warned } = await cli('migrate')

        expect(code).toBe(2)
        expect(warned).toContain('--cluster cannot be used with migrate')
      })
    } else {
      test('migrate moves in what is of the original format', async () => {
        expect(await json('migrate', '--dry-run')).toMatchObject({ moved: 1, complete: true })
        expect(await json('migrate')).toMatchObject({ moved: 1, complete: true, resumed: false })
        expect(await json('get', '7', '--namespace', 'default/email')).toMatchObject({
          value: { id: 7 },
        })
      })

      test('migrate takes a template for the namespace, however long', async () => {
        const gap = `{${'n'.repeat(70)}}`

        const words = ['--from', `cache:data:${gap}:{key}`, '--namespace', gap, '--dry-run']
        const report = await json('migrate', ...words)

        expect(report).toMatchObject({ moved: 1, unmatched: 0 })
      })
    }

    test('doctor finds that the cache can work', async () => {
      const { findings, counts } = await json('doctor')
      const grades = new Map(
        (findings as { id: string; grade: string }[]).map(({ id, grade }) => [id, grade]),
      )

      expect(counts).toMatchObject({ fail: 0 })
      expect(grades.get('scripts')).toBe('ok')
      expect(grades.get('rights')).toBe('ok')
      expect(grades.get('old-keys')).toBe(isCluster ? 'unknown' : 'warn')
    })

    test('bench measures, and leaves nothing behind', async () => {
      const { measurements } = await json('bench', '--time', '50ms', '--concurrency', '2')

      const names = (measurements as { name: string; calls: number }[]).map(({ name }) => name)
      expect(names).toHaveLength(7)
      expect(await send('KEYS', 'nc:default/bench-*')).toEqual({ result: [] })
    })

    test('bench tells nothing of what it was ended before', async () => {
      const ended = new AbortController()
      let looks = 0
      const elapsed = (): number => {
        if (++looks === 5) ended.abort()
        return looks
      }

      const { measurements } = await runJson(['bench', '--time', '1s', ...options], {
        ...target.host,
        elapsed,
        signal: ended.signal,
      })

      expect(measurements).toEqual([])
      expect(await send('KEYS', 'nc:default/bench-*')).toEqual({ result: [] })
    })
  })
}
