/**
 * Sends figures to a StatsD server over UDP, on Node.
 *
 * @module
 */

import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { checkFields, oneOf, wholeNumber } from '../../entry/option-checks.ts'
import { InvalidOptionError } from '../../errors.ts'
import type { HealthReport } from '../health.ts'
import type { MetricsSink } from '../metrics.ts'
import { gaugeLines, type LineStyle, linesOf } from './lines.ts'

/** Options for {@link statsdSink}. */
export interface StatsdOptions {
  /** A host name, or an address of either family. @default '127.0.0.1' */
  readonly host?: string
  /** 1 to 65_535. @default 8125 */
  readonly port?: number
  /** The start of every name, such as `shop.`; at most 64 characters without spaces. @default none */
  readonly prefix?: string
  /**
   * `tags` of DogStatsD; or `names`, for servers without tags: `cache.hit.default_users.near.fresh`.
   * @default 'names'
   */
  readonly attributes?: 'tags' | 'names'
  /** Tags of every line; only with `attributes: 'tags'`. @default none */
  readonly tags?: Readonly<Record<string, string>>
  /** Bound on a datagram: at most the MTU of the route without headers; 128 to 65_507. @default 1_432 */
  readonly maxBytes?: number
}

/** A sink with a socket of its own. */
export interface StatsdSink extends MetricsSink {
  /** Resolves when the datagrams are sent; never rejects, since a batch that is sent again would count twice. */
  readonly write: MetricsSink['write']
  /** Sends `cache.memory_usage` in bytes and `cache.error_rate` from 0 to 1 as gauges. Never throws. */
  readonly health: (report: HealthReport) => void
  /** How many datagrams could not be sent. UDP does not report whether the others arrive. */
  readonly failed: number
  /** Closes the socket; later writes are lost. */
  readonly close: () => void
}

const NAMES = ['host', 'port', 'prefix', 'attributes', 'tags', 'maxBytes']

/**
 * Makes a sink for `Metrics`. Its socket does not keep the process alive.
 *
 * @throws {InvalidOptionError} When an option is unknown or out of its range.
 *
 * @example
 * ```ts no-check
 * await startupCacheSystem({ monitor: { sinks: [statsdSink({ attributes: 'tags', tags: { env: 'prod' } })] } })
 * ```
 */
export function statsdSink(options: StatsdOptions = {}): StatsdSink {
  checkFields(options, 'options', NAMES)
  const { host = '127.0.0.1', port = 8_125, maxBytes = 1_432 } = options
  if (typeof host !== 'string' || host === '') throw new InvalidOptionError('host', 'a host name')
  wholeNumber(port, 'port', 1, 65_535)
  wholeNumber(maxBytes, 'maxBytes', 128, 65_507)
  return new UdpSink(styleOf(options), { host, port }, maxBytes)
}

function styleOf({ prefix = '', attributes = 'names', tags = {} }: StatsdOptions): LineStyle {
  if (!/^[^\s:|@#]{0,64}$/.test(prefix)) {
    throw new InvalidOptionError('prefix', 'at most 64 characters without spaces and :|@#')
  }
  oneOf(attributes, 'attributes', ['tags', 'names'])
  const pairs = Object.entries(tags)
  if (attributes === 'names' && pairs.length > 0) {
    throw new InvalidOptionError('tags', "given only with attributes: 'tags'")
  }
  if (!pairs.every((pair) => pair.join('').length <= 200)) {
    throw new InvalidOptionError('tags', 'names and values of at most 200 characters together')
  }
  return { prefix, attributes, tags: pairs }
}

class UdpSink implements StatsdSink {
  readonly name = 'statsd'
  readonly #style: LineStyle
  readonly #server: { readonly host: string; readonly port: number }
  readonly #maxBytes: number
  readonly #socket: Socket
  #failed = 0

  constructor(style: LineStyle, server: { host: string; port: number }, maxBytes: number) {
    this.#style = style
    this.#server = server
    this.#maxBytes = maxBytes
    this.#socket = createSocket(isIPv6(server.host) ? 'udp6' : 'udp4')
    this.#socket.unref()
    // The failure of a datagram is also passed to its callback.
    this.#socket.on('error', () => undefined)
  }

  get failed(): number {
    return this.#failed
  }

  readonly write: StatsdSink['write'] = async ({ figures }) => {
    await this.#send(linesOf(figures, this.#style))
  }

  readonly health: StatsdSink['health'] = ({ stats }) => {
    void this.#send(gaugeLines(stats, this.#style))
  }

  readonly close: StatsdSink['close'] = () => {
    try {
      this.#socket.close()
    } catch {
      // It is closed already.
    }
  }

  async #send(lines: readonly string[]): Promise<void> {
    await Promise.all(packed(lines, this.#maxBytes).map((datagram) => this.#sendOne(datagram)))
  }

  #sendOne(datagram: string): Promise<void> {
    const { host, port } = this.#server
    return new Promise((resolve) => {
      const done = (error: unknown): void => {
        if (error) this.#failed++
        resolve()
      }
      try {
        this.#socket.send(datagram, port, host, done)
      } catch (error) {
        done(error) // the socket is closed
      }
    })
  }
}

/** Packs whole lines into datagrams. A line longer than `maxBytes` gets a datagram of its own. */
function packed(lines: readonly string[], maxBytes: number): string[] {
  const datagrams: string[] = []
  let datagram = ''
  for (const line of lines) {
    // Names and tags are ASCII: one byte a character.
    if (datagram !== '' && datagram.length + 1 + line.length > maxBytes) {
      datagrams.push(datagram)
      datagram = ''
    }
    datagram += datagram === '' ? line : `\n${line}`
  }
  return datagram === '' ? datagrams : [...datagrams, datagram]
}
