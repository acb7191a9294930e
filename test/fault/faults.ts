/**
 * The faults of HTTP, and how the cache handles each: one row for a fault.
 *
 * @module
 */

import type { RemoteFailure } from '../../src/errors.ts'
import type { RedisRequest } from '../../src/redis/requester.ts'
import { commandsOf, type Strike } from './fault-server.ts'
import type { Kind, Operation } from './operations.ts'
import * as strikes from './strikes.ts'

/** Which requests a fault applies to. */
export type Scope = 'all' | 'writes' | 'scripts' | 'by hash' | 'texts' | 'pipelines'

/** The error of a write under a fault; `inBatch` if it differs in a pipeline. */
export interface Told {
  readonly reason: string
  readonly applied: RemoteFailure['applied']
  readonly inBatch?: RemoteFailure['applied']
}

/** One row of the matrix. */
export interface Fault {
  readonly name: string
  readonly strike: Strike
  /** @default 'all' */
  readonly scope?: Scope
  /** `nothing`: the operation ends as without the fault. */
  readonly tells: Told | 'nothing'
  /** Whether a retry succeeds if the fault applies only once. @default false */
  readonly passes?: boolean
  /** After how long, at most, the cache asks Redis again, in milliseconds. @default 1_000 */
  readonly pauseMs?: number
  /** Deadline of the caches in its trials, in milliseconds. @default 5_000 */
  readonly deadlineMs?: number
}

/** The breaker's default cooldown. */
export const COOLDOWN_MS = 1_000
/** The longest pause that a server can ask for. */
const LONGEST_PAUSE_MS = 30_000
/** Deadline of operations that are meant to exceed it: short, but long enough for a busy machine. */
const SHORT_MS = 500

/** The requests of an operation that a fault of each scope applies to. */
const STRUCK: Record<Scope, ReadonlySet<Kind>> = {
  all: new Set(['look', 'grant', 'grant+', 'script', 'script+', 'command', 'figures+']),
  writes: new Set(['grant', 'grant+', 'script', 'script+', 'command']),
  scripts: new Set(['grant', 'grant+', 'script', 'script+']),
  'by hash': new Set(['grant', 'grant+', 'script', 'script+']),
  texts: new Set(['look', 'grant', 'grant+']),
  pipelines: new Set(['grant+', 'script+', 'figures+']),
}

const NAMES: Record<Scope, (name: string) => boolean> = {
  all: () => true,
  writes: (name) => /^(EVAL|EVALSHA|DEL)$/.test(name),
  scripts: (name) => /^(EVAL|EVALSHA)$/.test(name),
  'by hash': (name) => name === 'EVALSHA',
  texts: () => true,
  pipelines: () => true,
}

/** Whether a fault of this scope applies to a request. */
export function isMeant(scope: Scope, request: RedisRequest): boolean {
  if (scope === 'pipelines') return request.path?.[0] === 'pipeline'
  return commandsOf(request).some(([name]) => NAMES[scope](name))
}

const unknown = (reason: string): Told => ({ reason, applied: 'unknown' })
const no = (reason: string): Told => ({ reason, applied: 'no' })
const timeout = { tells: unknown('timeout'), deadlineMs: SHORT_MS } as const

const TRANSPORT: readonly Fault[] = [
  { name: 'latency below the deadline', strike: strikes.late(40), tells: 'nothing' },
  { name: 'latency above the deadline', strike: strikes.late(SHORT_MS + 150), ...timeout },
  { name: 'a hang before the headers', strike: strikes.hang, ...timeout },
  { name: 'a hang in the middle of the body', strike: strikes.halfBody('hang'), ...timeout },
  { name: 'a reset before reading', strike: strikes.reset, tells: unknown('lost'), passes: true },
  {
    name: 'a reset after applying',
    strike: strikes.loseReply,
    tells: unknown('lost'),
    passes: true,
  },
  {
    name: 'a reset in the middle of the body',
    strike: strikes.halfBody('reset'),
    tells: unknown('lost'),
    passes: true,
  },
  {
    name: 'an end in the middle of the body',
    strike: strikes.halfBody('end'),
    tells: unknown('lost'),
    passes: true,
  },
  { name: 'a body sliced byte by byte', strike: strikes.sliced, tells: 'nothing' },
  { name: 'a request that arrives twice', strike: strikes.twice, tells: 'nothing' },
]

const json = { error: 'ERR SENTINEL-body' }

/**
 * 429 with this `Retry-After` header, or with a date this many milliseconds from now, or without the
 * header.
 */
function limited(retryAfter: string | number | undefined, rest: Partial<Fault>): Fault {
  const header = (): Record<string, string> => {
    if (retryAfter === undefined) return {}
    const isDate = typeof retryAfter === 'number'
    const date = (): string => new Date(Date.now() + Number(retryAfter)).toUTCString()
    return { 'retry-after': isDate ? date() : retryAfter }
  }
  return {
    strike: (exchange) => strikes.status(429, strikes.PAGE, header())(exchange),
    tells: no('HTTP 429'),
    ...rest,
    name: `429 with Retry-After: ${rest.name ?? retryAfter}`,
  }
}

const HTTP: readonly Fault[] = [
  limited(undefined, { name: 'none', passes: true }),
  limited('0', { passes: true }),
  limited('soon', { passes: true }),
  limited(-60_000, { name: 'a date in the past', passes: true }),
  limited('7', { pauseMs: 7_000 }),
  limited(20_000, { name: 'a date to come', pauseMs: 20_000 }),
  limited('999999999', { pauseMs: LONGEST_PAUSE_MS }),
  limited(86_400_000, { name: 'tomorrow', pauseMs: LONGEST_PAUSE_MS }),
  ...[500, 502, 503, 504].flatMap((code): Fault[] => {
    const rest = { tells: unknown(`HTTP ${code}`), passes: code !== 500 }
    return [
      { name: `${code} with JSON`, strike: strikes.status(code, json), ...rest },
      { name: `${code} with HTML`, strike: strikes.status(code, strikes.PAGE), ...rest },
    ]
  }),
  {
    name: '503 with Retry-After: 3',
    strike: strikes.status(503, json, { 'retry-after': '3' }),
    tells: unknown('HTTP 503'),
    pauseMs: 3_000,
  },
  {
    name: '401',
    strike: strikes.status(401, { error: 'WRONGPASS SENTINEL-token' }),
    tells: no('HTTP 401'),
  },
  { name: '403', strike: strikes.status(403, strikes.PAGE), tells: no('HTTP 403') },
  {
    name: 'a redirect',
    strike: strikes.status(307, '', { location: 'http://127.0.0.1:1/SENTINEL' }),
    tells: no('redirected'),
  },
]

const badReply = { tells: unknown('malformed reply') } as const
const notJson = { tells: unknown('not JSON') } as const

/** The correct answer, with `change` applied to each result. */
const results = (change: (result: unknown) => unknown): Strike =>
  strikes.instead((answer, batch) => {
    const one = (part: unknown): unknown => ({
      ...(part as object),
      result: change((part as { result: unknown }).result),
    })
    return batch ? (answer as unknown[]).map(one) : one(answer)
  })

const numbersFor = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(numbersFor)
  return typeof value === 'string' ? 7 : value
}

const SHAPES: readonly Fault[] = [
  { name: 'truncated JSON', strike: strikes.truncated, ...notJson },
  { name: 'HTML with 200', strike: strikes.status(200, strikes.PAGE), ...notJson },
  { name: 'an empty body', strike: strikes.status(200, ''), ...notJson },
  { name: '{}', strike: strikes.instead(() => ({})), ...badReply },
  { name: '[]', strike: strikes.instead(() => []), ...badReply },
  { name: 'null', strike: strikes.status(200, 'null'), ...badReply },
  { name: 'results that are null', strike: results(() => null), ...badReply },
  { name: 'results that are lists', strike: results(() => [[]]), ...badReply },
  { name: 'results that are objects', strike: results(() => ({ SENTINEL: 1 })), ...badReply },
  { name: 'numbers for texts', strike: results(numbersFor), scope: 'texts', ...badReply },
  {
    name: 'too few answers of a pipeline',
    strike: strikes.instead((answer) => (answer as unknown[]).slice(1)),
    scope: 'pipelines',
    ...badReply,
  },
  {
    name: 'an answer too many of a pipeline',
    strike: strikes.instead((answer) => [...(answer as unknown[]), { result: 1 }]),
    scope: 'pipelines',
    ...badReply,
  },
  {
    name: 'a pipeline of which one command failed',
    strike: strikes.instead((answer) => [...(answer as unknown[]).slice(1), json]),
    scope: 'pipelines',
    tells: unknown('ERR'),
  },
]

/** An error reply of Redis, with its original text. */
const reply = (text: string, tells: Fault['tells'], rest: Partial<Fault> = {}): Fault => ({
  name: `"${text}"${rest.scope ? ` to ${rest.scope}` : ''}`,
  strike: strikes.refuse(text, NAMES[rest.scope ?? 'all']),
  tells,
  ...rest,
})
/** An error reply to every command; the commands of a pipeline are refused together. */
const outage = (reason: string): Told => ({ reason, applied: 'no', inBatch: 'unknown' })

const REPLIES: readonly Fault[] = [
  reply('WRONGTYPE Operation against SENTINEL', unknown('WRONGTYPE'), { scope: 'scripts' }),
  reply('OOM command not allowed', unknown('OOM'), { scope: 'scripts' }),
  reply('MISCONF Redis is configured to', no('MISCONF'), { scope: 'writes' }),
  reply('READONLY You can not write', outage('READONLY'), { scope: 'writes', passes: true }),
  reply('NOPERM this user has no', no('NOPERM'), { scope: 'scripts' }),
  reply('NOAUTH Authentication required.', outage('NOAUTH')),
  reply('WRONGPASS invalid SENTINEL-token', outage('WRONGPASS')),
  reply('MOVED 3999 127.0.0.1:6381', no('MOVED')),
  reply("CROSSSLOT Keys in request don't hash to", no('CROSSSLOT')),
  reply('LOADING Redis is loading', outage('LOADING'), { passes: true }),
  reply('BUSY Redis is busy running a script.', outage('BUSY'), { passes: true }),
  reply('ERR max requests limit exceeded. Limit: 10', outage('request quota exceeded')),
  reply('ERR DB capacity quota exceeded', no('data quota exceeded'), { scope: 'writes' }),
  reply('NOSCRIPT No matching script.', 'nothing', { scope: 'by hash' }),
  reply('NOSCRIPT No matching script.', no('NOSCRIPT'), { scope: 'scripts', passes: true }),
  reply('SENTINEL is no word of Redis', unknown('ERR')),
]

/** All faults of a request that reaches a server. */
export const FAULTS: readonly Fault[] = [...TRANSPORT, ...HTTP, ...SHAPES, ...REPLIES]

/** The first request of an operation that a fault applies to, from 0; -1 for none. */
function struckAt({ sends }: Operation, fault: Fault, nth?: number): number {
  const isStruck = (kind: Kind, i: number): boolean =>
    STRUCK[fault.scope ?? 'all'].has(kind) && (nth === undefined || i === nth)
  if (fault.tells === 'nothing' || (nth !== undefined && fault.passes)) return -1
  return sends.findIndex(isStruck)
}

/**
 * How an operation ends under a fault: reads find nothing; loads return the value of their loader, or a
 * stale value that was found valid; writes reject with the error.
 */
export function endingUnder(operation: Operation, fault: Fault, nth?: number): string {
  const at = struckAt(operation, fault, nth)
  if (at < 0 || fault.tells === 'nothing') return operation.usual
  switch (operation.what) {
    case 'read':
      return 'nothing'
    case 'load':
      return (at === 0 ? operation.blind : operation.hindered) ?? 'the loaded value'
    case 'write': {
      const { reason, applied, inBatch = applied } = fault.tells
      return `rejects: ${reason}, applied: ${operation.sends[at]?.endsWith('+') ? inBatch : applied}`
    }
    case 'figures':
      return operation.usual
  }
}

/** How often the loader runs: once, unless the load has found a fresh value. */
export function loadsUnder(operation: Operation, fault: Fault, nth?: number): number {
  if (operation.what !== 'load') return 0
  return struckAt(operation, fault, nth) === 0 ? 1 : (operation.loads ?? 0)
}
