/**
 * Tells why the sentinels did not lead to a primary: ioredis keeps the reasons to itself, and tries on
 * in silence.
 *
 * @module
 */

import type { RedisOptions } from 'ioredis'
import type { TcpListener } from './client.ts'
import { silenceError, unknownPrimary } from './connect-error.ts'
import { KEEP_ALIVE_MS } from './dial.ts'

/** Emitted by a client when it has asked all its sentinels in vain; the `error` before tells why. */
export const LOST_SENTINELS = 'sentinels lost'

type Emit = (event: string, error: Error) => void

/** The part of the connector of ioredis that is built on. */
interface SentinelConnector {
  /** Whether anybody waits for the connection still. */
  connecting: boolean
  /** Hears of failovers, on connections to sentinels of its own. */
  readonly failoverDetector: { cleanup(): void } | null
  connect(emit: Emit): Promise<{ once(event: 'close', listener: () => void): unknown }>
  resolve(sentinel: object): Promise<unknown>
  connectToSentinel(
    sentinel: object,
    options?: object,
  ): { on(event: string, listener: TcpListener): unknown }
}

type Connector = NonNullable<RedisOptions['Connector']>

const OF_SENTINELS = {
  // A user that may do no more than it needs is refused these.
  disableClientInfo: true,
  // How long the end of one keeps the process, even of one that has ended already.
  disconnectTimeout: 100,
  keepAlive: KEEP_ALIVE_MS,
}

/** A connector that emits an `error` for each sentinel that fails, with its code or its reply. */
export function tellingConnector(connector: unknown): Connector {
  const Base = connector as new (options: object) => SentinelConnector
  class TellingConnector extends Base {
    #emit: Emit = () => undefined

    override async connect(emit: Emit): ReturnType<SentinelConnector['connect']> {
      this.#emit = emit
      // Of errors there is this one: it sums the others up in a text.
      const stream = await super.connect((event, error) =>
        emit(event === 'error' ? LOST_SENTINELS : event, error),
      )
      // The next connection has another. ioredis leaves it behind a goodbye, and the process with it.
      stream.once('close', () => this.failoverDetector?.cleanup())
      return stream
    }

    override async resolve(sentinel: object): Promise<unknown> {
      if (!this.connecting) return null
      try {
        const primary = await super.resolve(sentinel)
        if (!primary) this.#emit('error', unknownPrimary())
        return primary
      } catch (error) {
        this.#emit('error', isSilence(error) ? silenceError() : (error as Error))
        throw error
      }
    }

    override connectToSentinel(
      sentinel: object,
      options?: object,
    ): ReturnType<SentinelConnector['connectToSentinel']> {
      const client = super.connectToSentinel(sentinel, { ...OF_SENTINELS, ...options })
      // The detector's have options, and try again by themselves: nobody waits for them.
      client.on('error', (error) => options ?? this.#emit('error', error as Error))
      return client
    }
  }
  return TellingConnector as unknown as Connector
}

function isSilence(error: unknown): boolean {
  return error instanceof Error && error.message === 'Command timed out'
}
