import { expect, test } from 'vitest'
import { run } from '../../../src/cli/run.ts'
import { RemoteError } from '../../../src/errors.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { RedisRequest } from '../../../src/redis/requester.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

/** `stats --watch` on a Redis that fails and recovers. */
function watching(words: readonly string[], isThere = true) {
  const platform = new ManualPlatform()
  const engine = embeddedTransport({ platform })
  const ended = new AbortController()
  const printed: string[] = []
  const warned: string[] = []
  const at = { isThere }
  const reset = new RemoteError({ operation: 'HGETALL', reason: 'ECONNRESET', applied: 'no' })
  const redis = {
    request: <Result>(request: RedisRequest) =>
      at.isThere ? engine.request<Result>(request) : Promise.reject(reset),
  }
  const running = run(['stats', '--watch', ...words], {
    ...{ env: {}, redis, platform, signal: ended.signal },
    print: (line) => printed.push(line),
    warn: (line) => warned.push(line),
  })
  const until = async (isSo: () => boolean): Promise<void> => {
    for (let i = 0; i < 1_000 && !isSo(); i++) await platform.advance(100)
    expect(isSo()).toBe(true)
  }
  return { at, running, printed, warned, ended, until }
}

test('stats --watch reports that Redis is down, and continues when it is back', async () => {
  const { at, running, printed, warned, ended, until } = watching([])
  await until(() => printed.length > 0)

  at.isThere = false
  await until(() => warned.length > 1)
  const before = printed.length
  at.isThere = true
  await until(() => printed.length > before)
  ended.abort()

  expect(await running).toBe(0)
  expect(warned[0]).toMatch(
    /^nearcache stats: \d{4}-\S+Z: Redis failed at \w+: ECONNRESET; see: nearcache doctor$/,
  )
})

test('stats --watch --json prints one line each time, also for a failure', async () => {
  const { at, running, printed, ended, until } = watching(['--json'])
  await until(() => printed.length > 0)

  at.isThere = false
  await until(() => printed.length > 1)
  const failed = printed.length - 1
  ended.abort()

  expect(await running).toBe(0)
  for (const line of printed) expect(JSON.parse(line)).toMatchObject({ command: 'stats' })
  expect(JSON.parse(printed[failed] ?? '')).toMatchObject({ error: { code: 'ERR_REMOTE' } })
})

test('stats --watch ends if the first read fails', async () => {
  const { running, printed, warned, until } = watching([], false)
  let code: number | undefined
  void running.then((ending) => {
    code = ending
  })

  await until(() => code !== undefined)

  expect({ code, printed }).toEqual({ code: 1, printed: [] })
  expect(warned).toHaveLength(1)
})

test('stats --watch --json has one line for that, too', async () => {
  const { running, printed, until } = watching(['--json'], false)

  await until(() => printed.length > 0)

  expect(await running).toBe(1)
  expect(printed).toHaveLength(1)
  expect(printed[0]).toMatch(/^\{"command":"stats","error":\{"code":"ERR_REMOTE",.*\}\}$/)
})
