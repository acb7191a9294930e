import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, test } from 'vitest'
import { createApp } from '../../workers/app.ts'
import { compose } from '../../workers/compose.ts'
import { readEnv } from '../../workers/env.ts'
import { problemOf } from '../../workers/problem.ts'
import { emptyMailbox } from './mailbox.ts'

/** A database that fails every statement with the same error. */
function databaseThatSays(words: string): D1Database {
  const fail = async (): Promise<never> => {
    throw new Error(`D1_ERROR: ${words}`)
  }
  const statement = { bind: () => statement, all: fail, run: fail }
  return { prepare: () => statement, batch: fail } as unknown as D1Database
}

const MESSAGE = { subject: 'Hello', senderEmail: 'ada@shop.example', receivedAt: 1_000 }

describe('a temporary failure of the database', () => {
  beforeEach(emptyMailbox)

  // Its words, as https://developers.cloudflare.com/d1/observability/debug-d1/ lists them.
  test.each([
    'Network connection lost.',
    'D1 DB is overloaded. Requests queued for too long.',
    'D1 DB reset because its code was updated.',
    'D1 DB storage operation exceeded timeout which caused object to be reset.',
    'Internal error in D1 DB storage caused object to be reset.',
    'Cannot resolve D1 DB due to transient issue on remote node.',
  ])('and says "%s" is a 503 that says when to come again, for reads and writes', async (words) => {
    const DB = databaseThatSays(words)
    const app = createApp(compose(readEnv({ ...env, MAIL_TOKEN: '', DB })))

    const body = JSON.stringify(MESSAGE)
    const responses = [
      await app.request('/emails/none'),
      await app.request('/emails?limit=3'),
      await app.request('/analytics'),
      await app.request('/emails', { method: 'POST', body }),
    ]

    for (const { status, headers } of responses) {
      expect([status, headers.get('retry-after')]).toEqual([503, '1'])
    }
  })

  test('is distinguished from a permanent one', async () => {
    const DB = databaseThatSays('near "SELEKT": syntax error at offset 0: SQLITE_ERROR')
    const app = createApp(compose(readEnv({ ...env, MAIL_TOKEN: '', DB })))

    expect((await app.request('/emails/none')).status).toBe(500)
  })

  test.each(['retryable', 'overloaded', 'durableObjectReset'])(
    'a stub that says %s is a 503 as well',
    (flag) => {
      const error = Object.assign(new Error('Durable Object is away'), { [flag]: true })

      expect(problemOf(error)).toMatchObject({ status: 503, retryAfter: 1 })
    },
  )
})
