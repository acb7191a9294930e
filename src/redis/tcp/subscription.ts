/**
 * Subscribes to channels on a separate connection, and reconnects when that connection is lost.
 *
 * @module
 */

import { settledWithin, TIMED_OUT } from '../../flight/deadline.ts'
import { callListener } from '../../platform/listener.ts'
import type { Platform } from '../../platform/platform.ts'
import type { TcpClient } from './client.ts'
import { silenceError } from './connect-error.ts'
import { backoff } from './dial.ts'
import { isReplyError } from './reply-error.ts'

/** Whether channels are given by name or by glob pattern. */
export type SubscriptionKind = 'subscribe' | 'psubscribe'

/** Options for {@link listen}. */
export interface ListenOptions {
  readonly kind: SubscriptionKind
  readonly channels: readonly string[]
  readonly onMessage: (data: string) => void
  /** Creates a client that connects once and does not reconnect. */
  readonly dial: () => Promise<TcpClient>
  /** Whether to dial again after a loss. */
  readonly comesBack: boolean
  /** How long it may take until the channels are subscribed, in milliseconds. */
  readonly timeoutMs: number
  /** After how much silence, even to a PING, the connection is replaced, in milliseconds. */
  readonly silenceMs: number
  readonly platform: Platform
  /** Ends the subscription when aborted. An error of the listener aborts it. */
  readonly ending: AbortController
}

/** How a connection ended: after it was subscribed, or before that with an error. */
type Ending = { readonly wasHeard: true } | { readonly wasHeard: false; readonly error: unknown }

/**
 * Subscribes, and passes on each message in the format of Upstash's event streams:
 * `message,channel,text` or `pmessage,pattern,channel,text`.
 *
 * `subscribe,channel,1` comes first, and again after each reconnect: messages published in between are
 * lost. `unsubscribe,channel,0` comes once when the first attempt to reconnect has failed. Resolves when the
 * channels are subscribed. If the first attempt fails, it rejects and stops. Later attempts continue without
 * limit, at most a second apart, even if the user may no longer use the channel.
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
    // The first attempt to reconnect has failed. The channels may be forbidden by now, and never return.
    if (failures === 2) tellOfEach(options, kind.replace('sub', 'unsub'), 0)
    if (!comesBack || signal.aborted) return
    await platform.delay(backoff(failures), signal).catch(() => undefined) // the subscription has ended
  } while (!signal.aborted)
}

/** Listens on one connection until it ends. */
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
    // The user was refused, and ioredis continues as the default user.
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
  else if (client.status === 'wait') client.connect().catch(() => undefined) // the events report errors
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
  if (!ending.signal.aborted) callListener(onMessage, [data], () => ending.abort())
}

function tellOfEach(options: ListenOptions, event: string, count: 0 | 1): void {
  for (const channel of options.channels) tell(options, `${event},${channel},${count}`)
}

/** Sends PING to detect a dead connection: a client that only listens would never notice. */
async function attend(
  client: TcpClient,
  { platform, silenceMs }: ListenOptions,
  over: AbortSignal,
): Promise<void> {
  const halfMs = silenceMs / 2
  try {
    for (;;) {
      await platform.delay(halfMs, over)
      const answered = client.call('PING', []).catch(() => undefined) // an error reply is an answer
      if ((await settledWithin(platform, halfMs, answered)) === TIMED_OUT) client.disconnect()
    }
  } catch {
    // The connection has ended.
  }
}
