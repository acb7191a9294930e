/**
 * `nearcache bridge`: serves a Redis over HTTP, as Upstash does.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { type BridgeDatabase, bridge } from '../../bridge/index.ts'
import {
  ConfigurationError,
  InvalidOptionError,
  RemoteError,
  RemoteTimeoutError,
} from '../../errors.ts'
import { withDeadline } from '../../flight/deadline.ts'
import { webPlatform } from '../../platform/web.ts'
import { embeddedTransport } from '../../redis/embedded/index.ts'
import type { Transport } from '../../redis/requester.ts'
import { isLoopback } from '../../redis/rest-options.ts'
import { tcpTransport } from '../../redis/tcp/index.ts'
import type { CliCommand, Host } from '../command.ts'
import { type Listening, listen } from '../server.ts'
import { UsageError } from '../usage-error.ts'
import { readBridgeOptions, USAGE } from './bridge-options.ts'
import type { BridgeSettings, DatabaseSettings, RedisSource } from './bridge-settings.ts'

/** How long running requests may take to finish after the process was asked to stop. */
const GRACE_MS = 10_000
const PING_MS = 2_000

const platform = webPlatform()

/** The command. */
export const bridgeCommand: CliCommand = {
  usage: () => USAGE,
  async run(words, host) {
    const settings = readBridgeOptions(words, host.env)
    const databases: Served[] = []
    try {
      for (const database of settings.databases) databases.push(toServed(database))
      await serve(settings, databases, host)
      return 0
    } catch (error) {
      throw error instanceof InvalidOptionError ? new UsageError(explain(error, words)) : error
    } finally {
      await Promise.all(databases.map(({ redis }) => redis.close()))
    }
  },
}

interface Served extends BridgeDatabase {
  readonly redis: Transport
  /** Whether the token was generated here, and so has to be printed. */
  readonly isMadeUp: boolean
}

function toServed({ source, token, readOnlyToken }: DatabaseSettings): Served {
  return {
    redis: transportTo(source),
    token: token ?? randomBytes(24).toString('base64url'),
    isMadeUp: token === undefined,
    ...(readOnlyToken !== undefined && { readOnlyToken }),
  }
}

function transportTo(source: RedisSource): Transport {
  return source.kind === 'embedded'
    ? embeddedTransport({ platform })
    : tcpTransport({ url: source.url, strings: 'bytes', platform })
}

async function serve(
  settings: BridgeSettings,
  databases: readonly Served[],
  host: Host,
): Promise<void> {
  const streams = new AbortController()
  const { maxBody } = settings
  const app = bridge({
    databases,
    platform,
    signal: streams.signal,
    ...(maxBody !== undefined && { maxBodyBytes: maxBody }),
  })
  await Promise.all(databases.map((database, index) => check(database, index, databases, host)))
  const server = await listen({ ...settings, fetch: (request) => app.fetch(request), platform })
  introduce(settings, server, databases, host)
  await aborted(host.signal)
  host.warn('Stopping …')
  streams.abort()
  await server.close(GRACE_MS)
}

/** Prints the variables for clients, and warnings. */
function introduce(
  { host: address }: BridgeSettings,
  { port }: Listening,
  databases: readonly Served[],
  host: Host,
): void {
  const name = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[address] ?? bracketed(address)
  host.print(`UPSTASH_REDIS_REST_URL=http://${name}:${port}`)
  const [first] = databases
  if (databases.length > 1)
    host.print('# UPSTASH_REDIS_REST_TOKEN: use a token from the --config file')
  else if (first?.isMadeUp) host.print(`UPSTASH_REDIS_REST_TOKEN=${first.token}`)
  else host.print('# UPSTASH_REDIS_REST_TOKEN: use the token that you set')
  const kinds = databases.map(({ redis }) =>
    redis.kind === 'tcp' ? 'Redis' : 'the embedded engine',
  )
  host.warn(`Serving ${kinds.join(', ')}. Press Ctrl-C to stop.`)
  if (!isLoopback(address)) {
    host.warn(
      'Listening on the network without TLS: tokens are readable; put a TLS proxy in front.',
    )
  }
}

/**
 * Warns if Redis does not answer. The bridge starts anyway: requests succeed as soon as Redis answers.
 *
 * @throws {ConfigurationError} When the package that connects to Redis is not installed.
 */
async function check(
  { redis }: Served,
  index: number,
  { length }: readonly Served[],
  host: Host,
): Promise<void> {
  const which = length > 1 ? `Redis of database ${index + 1}` : 'Redis'
  const late = (): Error => new RemoteTimeoutError('PING', PING_MS)
  try {
    const { error } = await withDeadline(platform, PING_MS, late, (signal) =>
      redis.request({ path: [], body: ['PING'], signal }),
    )
    // Only the first word: the rest may quote the command.
    if (error !== undefined) host.warn(`${which} refuses: ${error.split(' ', 1)[0]}`)
  } catch (error) {
    if (error instanceof ConfigurationError) throw error
    const reason = error instanceof RemoteError ? error.reason : 'no answer'
    host.warn(`${which} does not answer yet (${reason}); requests fail until it does.`)
  }
}

/** Names the option of the command line. For a file, it cannot say which of the databases is at fault. */
function explain({ option, message }: InvalidOptionError, words: readonly string[]): string {
  const need = message.slice(message.indexOf('must be'))
  const isFile = words.some((word) => word.startsWith('--config'))
  const word = { url: 'redis', readOnlyToken: 'read-only-token' }[option] ?? option
  const what = isFile ? `--config: a ${option === 'url' ? 'redis' : option}` : `--${word}`
  // The transport's own message also tells it from other transports, which does not matter here.
  return `${what} ${option === 'url' ? 'must be a URL such as redis://user:password@localhost:6379/0' : need}`
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
