/**
 * Reports why the sentinels did not lead to a primary. ioredis hides the reasons and keeps trying
 * silently.
 *
 * @module
 */

import type { RedisOptions } from 'ioredis'
import type { TcpListener } from './client.ts'
import { silenceError, unknownPrimary } from './connect-error.ts'
import { KEEP_ALIVE_MS } from './dial.ts'

/** Emitted by a client when it has asked all its sentinels in vain. The `error` events before it give the reasons. */
export const LOST_SENTINELS = 'sentinels lost'

type Emit = (event: string, error: Error) => void

/** The part of the ioredis connector that is used. */
interface SentinelConnector {
  /** Whether the client still waits for the connection. */
  connecting: boolean
  /** Learns of failovers on its own connections to the sentinels. */
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
  // These commands are refused to a user with minimal permissions.
  disableClientInfo: true,
  // This timer keeps the process alive, even if the connection has already ended.
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
      // The only `error` here is a summary of the sentinels' errors as text.
      const stream = await super.connect((event, error) =>
        emit(event === 'error' ? LOST_SENTINELS : event, error),
      )
      // The next connection has its own detector. ioredis does not stop the old one, which keeps the process alive.
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
      // Clients with options belong to the detector. They reconnect by themselves, and no request waits for them.
      client.on('error', (error) => options ?? this.#emit('error', error as Error))
      return client
    }
  }
  return TellingConnector as unknown as Connector
}

function isSilence(error: unknown): boolean {
  return error instanceof Error && error.message === 'Command timed out'
}
