/**
 * Listens to channels on a connection of its own, and on another one when that is lost.
 *
 * @module
 */

import { settledWithin, TIMED_OUT } from '../../flight/deadline.ts'
import type { Platform } from '../../platform/platform.ts'
import type { TcpClient } from './client.ts'
import { silenceError } from './connect-error.ts'
import { backoff } from './dial.ts'
import { isReplyError } from './reply-error.ts'

/** Which channels: by name, or by glob pattern. */
export type SubscriptionKind = 'subscribe' | 'psubscribe'

/** Options for {@link listen}. */
export interface ListenOptions {
  readonly kind: SubscriptionKind
  readonly channels: readonly string[]
  readonly onMessage: (data: string) => void
  /** A client that makes one connection, and no other when that has ended. */
  readonly dial: () => Promise<TcpClient>
  /** Whether to dial again. */
  readonly comesBack: boolean
  /** How long it may take until the channels are heard, in milliseconds. */
  readonly timeoutMs: number
  /** After how long a server that does not even answer a PING is left, in milliseconds. */
  readonly silenceMs: number
  readonly platform: Platform
  /** Ends the subscription. Aborted by the listener that throws. */
  readonly ending: AbortController
}

/** How a connection ended: once the channels had been heard, or before, and why. */
type Ending = { readonly wasHeard: true } | { readonly wasHeard: false; readonly error: unknown }

/**
 * Subscribes, and hands on what is heard in the words of Upstash's event streams:
 * `message,channel,text` or `pmessage,pattern,channel,text`.
 *
 * `subscribe,channel,1` comes first, and again after each time the connection was lost: what was
 * published in between is lost too. `unsubscribe,channel,0` comes once when the first attempt at another
 * connection has failed. Resolves once the channels are heard; rejects, and stops trying,
 * when the first attempt fails. Later attempts may fail for ever, of a user that has lost its rights for
 * example: they are a second apart.
 */
export function listen(options: ListenOptions): Promise<void> {
  const first = Promise.withResolvers<void>()
  void keep(options, first)
  return first.promise
}

async function keep(options: ListenOptions, first: PromiseWithResolvers<void>): Promise<void> {
  const { kind, comesBack, platform, ending } = options
  const { signal } = ending
  let failures = 0
  let isFirst = true
  do {
    const end = await hear(options, () => first.resolve())
    failures = end.wasHeard ? 1 : failures + 1
    if (isFirst && !end.wasHeard) return first.reject(end.error)
    isFirst = false
    // The first after it was heard: its channels may be forbidden by now, for ever.
    if (failures === 2) tellOfEach(options, kind.replace('sub', 'unsub'), 0)
    if (!comesBack || signal.aborted) return
    await platform.delay(backoff(failures), signal).catch(() => undefined) // it has ended
  } while (!signal.aborted)
}

/** Listens on one connection, until that ends. */
async function hear(options: ListenOptions, onHeard: () => void): Promise<Ending> {
  const { kind, channels, dial, timeoutMs, platform, ending } = options
  let failure: unknown
  let wasHeard = false
  const over = new AbortController()
  const ended = Promise.withResolvers<void>()
  const heard = Promise.withResolvers<void>()
  let client: TcpClient
  try {
    client = await dial()
  } catch (error) {
    return { wasHeard, error }
  }
  const end = (): void => client.disconnect()
  const subscribe = (): void => {
    // A user that was refused: ioredis goes on as the default one.
    if (isReplyError(failure)) {
      end()
      return
    }
    client[kind](...channels).then(
      () => {
        wasHeard = true
        tellOfEach(options, kind, 1)
        onHeard()
        heard.resolve()
        void attend(client, options, over.signal)
      },
      (error) => {
        failure ??= error
        end()
      },
    )
  }
  client.on('error', (error) => {
    failure ??= error
  })
  client.on('ready', subscribe)
  client.on('message', (...told) => tell(options, `message,${told.join(',')}`))
  client.on('pmessage', (...told) => tell(options, `pmessage,${told.join(',')}`))
  client.on('end', () => ended.resolve())
  ending.signal.addEventListener('abort', end, { once: true })
  if (ending.signal.aborted) end()
  else if (client.status === 'wait') client.connect().catch(() => undefined) // told by the events
  const either = Promise.race([heard.promise, ended.promise])
  if ((await settledWithin(platform, timeoutMs, either)) === TIMED_OUT) {
    failure = silenceError()
    end()
  }
  await ended.promise
  over.abort()
  ending.signal.removeEventListener('abort', end)
  return wasHeard ? { wasHeard } : { wasHeard, error: failure }
}

function tell({ onMessage, ending }: ListenOptions, data: string): void {
  try {
    if (!ending.signal.aborted) onMessage(data)
  } catch {
    // An error of the listener's own. Thrown on, it would end the process.
    ending.abort()
  }
}

function tellOfEach(options: ListenOptions, event: string, count: 0 | 1): void {
  for (const channel of options.channels) tell(options, `${event},${channel},${count}`)
}

/** Ends a connection whose server has gone without a word: who only listens would never know. */
async function attend(
  client: TcpClient,
  { platform, silenceMs }: ListenOptions,
  over: AbortSignal,
): Promise<void> {
  const halfMs = silenceMs / 2
  try {
    for (;;) {
      await platform.delay(halfMs, over)
      const answered = client.call('PING', []).catch(() => undefined) // a refusal is an answer
      if ((await settledWithin(platform, halfMs, answered)) === TIMED_OUT) client.disconnect()
    }
  } catch {
    // The connection is over.
  }
}
