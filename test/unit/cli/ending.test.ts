import { expect, test } from 'vitest'
import type { Requester } from '../../../src/redis/requester.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { runCli } from '../../support/cli.ts'

/** A Redis whose first request ends the process, and is never answered. */
function givenUp(): { readonly redis: Requester; readonly signal: AbortSignal } {
  const ended = new AbortController()
  return {
    signal: ended.signal,
    redis: {
      request: () => {
        ended.abort()
        return new Promise(() => undefined)
      },
    },
  }
}

test.each([
  ['status'],
  ['health'],
  ['stats'],
  ['report'],
  ['alerts'],
  ['doctor'],
  ['get', 'a'],
  ['inspect', 'a'],
  ['del', 'a'],
  ['tags', '--count'],
  ['invalidate', 'a', '--dry-run'],
  ['invalidate', '--pattern', 'a*'],
  ['sessions'],
  ['warm'],
])('%s %s ends as soon as the process is asked to, and shows no result', async (...words) => {
  const host = { ...givenUp(), platform: new ManualPlatform() }

  expect(await runCli(words, host)).toEqual({
    code: 1,
    printed: '',
    warned: `nearcache ${words[0]}: interrupted`,
  })
})

test('with --json, an interruption is one JSON document', async () => {
  const { code, printed } = await runCli(['tags', '--json'], {
    ...givenUp(),
    platform: new ManualPlatform(),
  })

  expect(code).toBe(1)
  expect(JSON.parse(printed)).toEqual({
    command: 'tags',
    error: { code: 'ERR_ENDED', message: 'interrupted' },
  })
})

test('a failure after the interruption is not reported as a result', async () => {
  const ended = new AbortController()
  const redis = {
    request: () => {
      ended.abort()
      return Promise.reject(new Error('closed'))
    },
  }

  const { code, printed } = await runCli(['doctor'], { redis, signal: ended.signal })

  expect({ code, printed }).toEqual({ code: 1, printed: '' })
})
