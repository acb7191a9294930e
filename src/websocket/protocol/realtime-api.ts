/**
 * The HTTP API of Pusher Channels at `/apps/{id}/…`, by which an app's own server publishes and queries.
 *
 * @module
 */

import type { Context, Hono } from 'hono'
import { callListener } from '../../platform/listener.ts'
import { newApp } from '../../web/new-app.ts'
import { problemResponse } from '../../web/problem.ts'
import { readBatch, readInfo, readPublication, readText } from './api-body.ts'
import { ApiRefusal } from './api-refusal.ts'
import type { App, Apps } from './app.ts'
import { type Channel, readChannel } from './channel.ts'
import type { ChannelInfo, RealtimePort } from './ports.ts'
import { requestProblem } from './request-signature.ts'

/** Options for {@link realtimeApi}. */
export interface RealtimeApiOptions {
  /** The apps whose requests are served. */
  readonly apps: Apps
  /** Carries out the requests. */
  readonly port: RealtimePort
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Called with the error that the port rejected with; the client only gets a 503. @default none */
  readonly onError?: (error: unknown) => void
}

/** A request with a valid signature. */
interface Admitted {
  readonly app: App
  readonly query: Readonly<Record<string, string>>
  readonly body: string
}

type Handler = (c: Context, admitted: Admitted) => Promise<object>

/** Requests are signed and need no credentials of the browser, so every origin may send them. */
const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST, OPTIONS',
  'access-control-allow-headers': 'content-type, x-pusher-library',
  'access-control-max-age': '86400',
} as const

/**
 * Serves the HTTP API for Pusher's server SDKs. Mount it at the root of the address that the SDKs use: they
 * sign the path from there.
 *
 * A refusal is answered as problem details (RFC 9457): 400 for an invalid request, 401 for an invalid
 * signature, 403 for a disabled app or no TLS, 404 for an unknown app or path, 413 for a body or data
 * that is too large; 503 when the port rejects.
 *
 * @example
 * ```ts
 * const api = realtimeApi({ apps, port, now: () => platform.now() })
 * app.route('/', api)
 * ```
 */
export function realtimeApi(options: RealtimeApiOptions): Hono {
  const { port } = options
  const app = newApp()
  const serve = (handler: Handler) => (c: Context) => respond(c, options, handler)

  app.options('/apps/*', () => new Response(null, { status: 204, headers: CORS }))
  app.post(
    '/apps/:id/events',
    serve((_, { app, body }) => publish(port, app, body)),
  )
  app.post(
    '/apps/:id/batch_events',
    serve((_, { app, body }) => publishBatch(port, app, body)),
  )
  app.get(
    '/apps/:id/channels',
    serve((_, { app, query }) => listChannels(port, app, query)),
  )
  app.get(
    '/apps/:id/channels/:channel',
    serve((c, { app, query }) => describeChannel(port, app, channelIn(c, app), query)),
  )
  app.get(
    '/apps/:id/channels/:channel/users',
    serve((c, { app }) => listUsers(port, app, channelIn(c, app))),
  )
  app.post(
    '/apps/:id/users/:user/terminate_connections',
    serve((c, { app }) => terminate(port, app, c.req.param('user') ?? '')),
  )
  app.all(
    '/apps/*',
    serve(() => Promise.reject(new ApiRefusal(404, 'The API has no such path'))),
  )
  return app
}

async function respond(
  c: Context,
  options: RealtimeApiOptions,
  handler: Handler,
): Promise<Response> {
  try {
    const answer = await handler(c, await admit(c, options))
    return Response.json(answer, { headers: CORS })
  } catch (error) {
    if (error instanceof ApiRefusal) {
      const { status, title, message, field } = error
      return problemResponse({ status, title, detail: message, field }, CORS)
    }
    if (options.onError) callListener(options.onError, [error])
    return problemResponse({ status: 503, title: 'Unavailable', retryAfter: 1 }, CORS)
  }
}

async function admit(c: Context, { apps, now }: RealtimeApiOptions): Promise<Admitted> {
  const url = new URL(c.req.url)
  const app = apps.byId(/^\/apps\/([^/]+)/.exec(url.pathname)?.[1] ?? '')
  if (app === undefined) throw new ApiRefusal(404, 'There is no app with this id')
  if (!app.enabled) throw new ApiRefusal(403, 'This app is disabled')
  if (app.requireTls && url.protocol !== 'https:') {
    throw new ApiRefusal(403, 'This app takes requests over TLS only')
  }
  const query = queryOf(url)
  const body = await readText(c.req.raw, app.limits)
  const { method } = c.req.raw
  const problem = requestProblem(app, { method, path: url.pathname, query, body }, now())
  if (problem !== undefined) throw new ApiRefusal(401, problem)
  return { app, query, body }
}

function queryOf({ searchParams }: URL): Readonly<Record<string, string>> {
  const pairs = [...searchParams]
  if (new Set(pairs.map(([name]) => name)).size < pairs.length) {
    throw new ApiRefusal(400, 'A parameter of the query is given twice')
  }
  return Object.fromEntries(pairs)
}

async function publish(port: RealtimePort, app: App, body: string): Promise<object> {
  const publication = readPublication(body, app.limits)
  const infos = await port.publish(app, publication)
  return publication.info.length === 0 ? {} : { channels: attributesOfAll(infos) }
}

async function publishBatch(port: RealtimePort, app: App, body: string): Promise<object> {
  const publications = readBatch(body, app.limits)
  const answers = await port.publishBatch(app, publications)
  if (publications.every(({ info }) => info.length === 0)) return {}
  const batch = publications.map(({ channels: [channel = ''] }, position) => {
    const info = answers[position]?.get(channel)
    return info === undefined ? {} : attributesOf(info)
  })
  return { batch }
}

async function listChannels(
  port: RealtimePort,
  app: App,
  query: Readonly<Record<string, string>>,
): Promise<object> {
  const prefix = query['filter_by_prefix'] ?? ''
  const countsUsers = prefix.startsWith('presence-')
  const info = readInfo(
    query['info'],
    countsUsers ? ['user_count', 'subscription_count'] : ['subscription_count'],
  )
  return { channels: attributesOfAll(await port.listChannels(app, { prefix, info })) }
}

async function describeChannel(
  port: RealtimePort,
  app: App,
  channel: Channel,
  query: Readonly<Record<string, string>>,
): Promise<object> {
  const allowed = ['subscription_count']
  if (channel.kind === 'presence') allowed.push('user_count')
  if (channel.isCached) allowed.push('cache')
  const info = readInfo(query['info'], allowed)
  const answer = await port.channel(app, channel.name, info)
  return { occupied: answer.occupied, ...attributesOf(answer) }
}

async function listUsers(port: RealtimePort, app: App, channel: Channel): Promise<object> {
  if (channel.kind !== 'presence') {
    throw new ApiRefusal(400, 'Users are known of presence channels alone')
  }
  const users = await port.users(app, channel.name)
  return { users: users.map((id) => ({ id })) }
}

async function terminate(port: RealtimePort, app: App, userId: string): Promise<object> {
  if (userId.length > app.limits.userIdChars) {
    throw new ApiRefusal(400, `A user's id has at most ${app.limits.userIdChars} characters`)
  }
  await port.terminateUser(app, userId)
  return {}
}

function channelIn(c: Context, app: App): Channel {
  const channel = readChannel(c.req.param('channel'), app.limits.channelNameChars)
  if (channel === undefined) throw new ApiRefusal(400, 'No channel may have this name')
  return channel
}

function attributesOfAll(infos: ReadonlyMap<string, ChannelInfo>): object {
  return Object.fromEntries([...infos].map(([name, info]) => [name, attributesOf(info)]))
}

/** Fields that are `undefined` are not sent. */
function attributesOf({ userCount, subscriptionCount, cache }: ChannelInfo): object {
  return {
    user_count: userCount,
    subscription_count: subscriptionCount,
    cache: cache && { data: cache.data, ttl: Math.ceil(cache.ttlMs / 1_000) },
  }
}
