/**
 * Calls the Worker under test as clients and the platform do.
 *
 * @module
 */

import {
  createExecutionContext,
  createScheduledController,
  waitOnExecutionContext,
} from 'cloudflare:test'
import { env, exports } from 'cloudflare:workers'
import { migrate, toSqlDriver } from 'nearcache/email'
import { expect } from 'vitest'
import { compose } from '../../workers/compose.ts'
import { readEnv } from '../../workers/env.ts'
import worker from '../../workers/index.ts'
import { eventually } from '../support/eventually.ts'

/** The admin token of the test configuration. */
export const TOKEN = 'test-admin-token'
/** The token of the mailbox in the test configuration. */
export const MAIL_TOKEN = 'test-mailbox-token'
const MAIL = /^\/(?:emails|threads|conversations|analytics|graph|workflows)\b/

/** Sends a request to the Worker. A request for mail gets the token of the mailbox. */
export function call(path: string, init: RequestInit = {}): Promise<Response> {
  const request = new Request(`https://mail.example${path}`, init)
  if (MAIL.test(path)) request.headers.set('authorization', `Bearer ${MAIL_TOKEN}`)
  return exports.default.fetch(request)
}

/** Sends a request with a JSON body. */
export function send(method: string, path: string, body: unknown): Promise<Response> {
  return call(path, { method, body: JSON.stringify(body) })
}

/** Sends a request with the admin token. */
export function callAdmin(path: string, body?: unknown): Promise<Response> {
  return call(`/admin${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${TOKEN}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
}

/** Resolves when the Worker has finished the warming that its first request starts. */
let started: Promise<void> | undefined

async function start(): Promise<void> {
  const { version } = readEnv(env)
  const { redis } = compose(readEnv(env))
  await call('/health/cache')
  for (const id of ['mail', 'analytics']) {
    const body = ['HGET', `nc:{warming/${id}}`, 'versions']
    await eventually(async () =>
      expect((await redis.request({ path: [], body })).result).toContain(version),
    )
  }
}

/** Empties the mailbox, migrates it to the current schema, and tells the cache. */
export async function emptyMailbox(): Promise<void> {
  await migrate(toSqlDriver(env.DB))
  started ??= start()
  await started
  await env.DB.batch([
    env.DB.prepare('DELETE FROM emails'),
    env.DB.prepare('DELETE FROM workflow_chains'),
  ])
  await callAdmin('/changed', {})
}

/** Resets the Worker's jobs as if they had never run. */
export async function forgetWarming(): Promise<void> {
  const { redis } = compose(readEnv(env))
  for (const id of ['mail', 'analytics', 'llm']) {
    await redis.request({ path: [], body: ['DEL', `nc:{warming/${id}}`] })
  }
}

/** Sends the Worker a trigger, as the platform does. */
export async function beat(scheduledTime: number): Promise<void> {
  const controller = createScheduledController({ scheduledTime: new Date(scheduledTime) })
  const ctx = createExecutionContext()
  await worker.scheduled?.(controller, env, ctx)
  await waitOnExecutionContext(ctx)
}

/** Stores a message through the Worker and answers its id. */
export async function store(fields: Record<string, unknown> = {}): Promise<string> {
  const response = await send('POST', '/emails', {
    subject: 'Order HP-10001',
    senderEmail: 'ada@shop.example',
    receivedAt: '2026-03-01T09:00:00Z',
    ...fields,
  })
  const { id } = await response.json<{ id: string }>()
  return id
}

/** How many SQL statements the isolate has sent so far. */
export async function statements(): Promise<number> {
  const stats = await (await callAdmin('/stats')).json<{ sql: { statements: number } }>()
  return stats.sql.statements
}
