/**
 * One isolate: a cache of its own on the Redis that all isolates share, over a network that the
 * schedule controls.
 *
 * @module
 */

import { RedisCacheManager } from '../../src/cache/manager.ts'
import type { CacheNamespace } from '../../src/cache/namespace.ts'
import { RemoteError } from '../../src/errors.ts'
import { unlessAborted } from '../../src/flight/deadline.ts'
import type { Platform } from '../../src/platform/platform.ts'
import type { EmbeddedRedis } from '../../src/redis/embedded/index.ts'
import { embeddedTransport } from '../../src/redis/embedded/index.ts'
import type { Command, RedisRequest, RedisResponse, Transport } from '../../src/redis/requester.ts'
import * as scripts from '../../src/redis/scripts/protocol.ts'
import type { ManualPlatform } from '../../src/testing/manual-platform.ts'
import type { Gate } from './gate.ts'
import type { Passage, Setting } from './moves.ts'

const SCRIPT_NAMES = new Map(
  Object.entries(scripts).flatMap(([name, script]) =>
    'sha1' in script ? [[script.sha1, name] as const] : [],
  ),
)

/** `near.ttl` of the isolate that has one, in milliseconds. */
export const NEAR_TTL_MS = 400

/** How the isolates differ: the near tier, and the error of the clock. */
const KINDS = [
  { near: false, skewMs: 0 },
  { near: { verify: true }, skewMs: -5_000 },
  { near: { ttl: NEAR_TTL_MS }, skewMs: 0 },
  { near: false, skewMs: 5_000 },
] as const

/** What an isolate needs from its world. */
export interface Surroundings {
  readonly setting: Setting
  readonly platform: ManualPlatform
  readonly engine: EmbeddedRedis
  readonly gate: Gate
  /** How the next request of any isolate passes the network. */
  nextPassage(): Passage
  /** Called when a request is applied that takes leases from their holders. */
  leaseDropped(): void
}

/** How far an isolate may lag behind the calls of others, in milliseconds. */
export function lagOf(who: number): number {
  return KINDS[who]?.near === KINDS[2].near ? NEAR_TTL_MS : 0
}

/** One isolate, until it dies. */
export class Isolate {
  readonly who: number
  readonly cache: CacheNamespace
  readonly #surroundings: Surroundings
  #isAlive = true

  constructor(who: number, surroundings: Surroundings) {
    this.who = who
    this.#surroundings = surroundings
    const { near, skewMs } = KINDS[who] ?? KINDS[0]
    const { lateTags, windows, early } = surroundings.setting
    this.cache = new RedisCacheManager({
      redis: this.#transport(),
      platform: skewed(surroundings.platform, skewMs),
      breaker: { threshold: 1_000 },
      jitter: 0,
      near: near && { ...near, maxEntries: 16 },
    }).namespace('n', {
      ...(lateTags && { lateTags, tags: () => ['late'] }),
      prefixes: ['k'],
      ttl: early ? 1_000 : 10_000,
      loaderTimeout: { hard: '2s', ...(windows === 'if-error' && { soft: 100 }) },
      earlyRefresh: early ? 100 : 0,
      ...(windows === 'revalidate' && { staleWhileRevalidate: '1h' }),
      ...(windows === 'if-error' && { staleIfError: '1h' }),
    })
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  /** Ends the isolate at once: it gets no more replies, but requests it has sent may still arrive. */
  die(): void {
    this.#isAlive = false
    this.#surroundings.gate.drop(this.who)
  }

  #transport(): Transport {
    const inner = embeddedTransport({ engine: this.#surroundings.engine })
    return {
      kind: 'embedded',
      cluster: this.#surroundings.setting.cluster,
      close: () => inner.close(),
      request: ({ signal, ...request }) =>
        this.#isAlive
          ? unlessAborted(this.#exchange(inner, request) as Promise<never>, signal)
          : new Promise(() => undefined),
    }
  }

  async #exchange(inner: Transport, request: RedisRequest): Promise<RedisResponse<unknown>> {
    const passage = this.#surroundings.nextPassage()
    const isHeldBefore = passage === 'before' || passage === 'both'
    const answer = await this.#deliver(inner, request, isHeldBefore)
    if (passage === 'after' || passage === 'both') await this.#hold(inner, request, 'is answered')
    return answer
  }

  /** Applies the commands of a pipeline one by one: commands of other isolates may come between. */
  #deliver(
    inner: Transport,
    request: RedisRequest,
    isHeld: boolean,
  ): Promise<RedisResponse<unknown>> {
    const one = async (part: RedisRequest): Promise<RedisResponse<unknown>> => {
      if (isHeld) await this.#hold(inner, part, 'arrives')
      return this.#apply(inner, part)
    }
    if (!request.path?.length) return one(request)
    const parts = commandsOf(request).map((body) => one({ path: [], body }))
    return Promise.all(parts) as Promise<unknown> as Promise<RedisResponse<unknown>>
  }

  /** Waits for the schedule, which may lose the request or its reply, or deliver the request twice. */
  async #hold(inner: Transport, request: RedisRequest, how: string): Promise<void> {
    const label = `isolate ${this.who}: ${nameOf(request)}`
    const fate = await this.#surroundings.gate.wait(this.who, `${label} ${how}`)
    if (fate === 'fail') throw lost()
    if (fate === 'twice') void this.#comesAgain(inner, request, label)
  }

  /** Delivers a copy of the request later. Its reply is ignored. */
  async #comesAgain(inner: Transport, request: RedisRequest, label: string): Promise<void> {
    const fate = await this.#surroundings.gate.wait(-1, `${label} arrives again`)
    if (fate !== 'fail') await this.#apply(inner, request)
  }

  #apply(inner: Transport, request: RedisRequest): Promise<RedisResponse<unknown>> {
    if (commandsOf(request).some(dropsLease)) this.#surroundings.leaseDropped()
    return inner.request(request)
  }
}

function skewed(platform: ManualPlatform, skewMs: number): Platform {
  return {
    now: () => platform.now() + skewMs,
    random: () => platform.random(),
    delay: (ms, signal) => platform.delay(ms, signal),
    defer: (work) => platform.defer(work),
  }
}

function lost(): RemoteError {
  const failure = { operation: 'pipeline', reason: 'ECONNRESET', applied: 'unknown' } as const
  return new RemoteError({ ...failure, retryable: true })
}

function commandsOf({ path = [], body }: RedisRequest): readonly Command[] {
  return path.length === 0 ? [body as Command] : (body as Command[])
}

/** Whether a command takes a lease from its holder: a delete, or the first request of a set. */
function dropsLease([name, ...args]: Command): boolean {
  if (name === 'DEL') return args.some((key) => String(key).includes(':l:'))
  return args[0] === scripts.TAKE.sha1 || args[0] === scripts.STORE.sha1
}

/** The commands of a request as text: scripts by name, keys without their common prefix. */
function nameOf(request: RedisRequest): string {
  return commandsOf(request)
    .map(([name, ...args]) => {
      const [script = name, ...rest] = SCRIPT_NAMES.has(String(args[0]))
        ? [SCRIPT_NAMES.get(String(args[0])), ...args.slice(2)]
        : [name, ...args]
      return [script, ...rest]
        .join(' ')
        .replaceAll(/nc:default\/?n?:/g, '')
        .slice(0, 90)
    })
    .join(' | ')
}
