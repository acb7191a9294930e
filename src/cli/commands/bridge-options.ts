/**
 * Reads the settings of `nearcache bridge` from options, environment and file.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { explain } from '../explain.ts'
import { readInteger } from '../numbers.ts'
import { UsageError } from '../usage-error.ts'
import { readConfigFile } from './bridge-config.ts'
import type { BridgeSettings, DatabaseSettings, RedisSource } from './bridge-settings.ts'

/** The help text. */
export const USAGE = `nearcache bridge [OPTIONS]

Serve a Redis over HTTP, as Upstash does, for @upstash/redis and restTransport.

  --redis URL              the Redis to serve: redis:// or rediss://; or set REDIS_URL
  --embedded               serve an engine in this process; its data is lost when the process ends
  --config FILE            serve several databases, each with its own tokens, from a JSON file
  --port NUMBER            port to listen on; 0 for any free port (8079)
  --host ADDRESS           interface to listen on (127.0.0.1)
  --token TOKEN            token for all commands; prefer NEARCACHE_BRIDGE_TOKEN, because other users of
                           the machine can see options; without it, a token is generated and printed
  --read-only-token TOKEN  token for reads only; or set NEARCACHE_BRIDGE_READ_ONLY_TOKEN
  --max-body BYTES         maximum size of a request (10485760)
  --help`

const OPTIONS = {
  redis: { type: 'string' },
  embedded: { type: 'boolean' },
  config: { type: 'string' },
  port: { type: 'string' },
  host: { type: 'string' },
  token: { type: 'string' },
  'read-only-token': { type: 'string' },
  'max-body': { type: 'string' },
} as const

type Environment = Readonly<Record<string, string | undefined>>
type Given = ReturnType<typeof parse>

/** @throws {UsageError} Names the invalid option, never its value. */
export function readBridgeOptions(words: readonly string[], env: Environment): BridgeSettings {
  const given = parse(words)
  return {
    databases:
      given.config === undefined ? [readDatabase(given, env)] : readFile(given, given.config, env),
    host: readHost(given.host ?? '127.0.0.1'),
    port: readInteger('port', given.port ?? '8079', 0, 65_535),
    maxBody:
      given['max-body'] === undefined
        ? undefined
        : readInteger('max-body', given['max-body'], 1, Number.MAX_SAFE_INTEGER),
  }
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options: OPTIONS }).values
  } catch (error) {
    throw new UsageError(explain('bridge', error, Object.keys(OPTIONS)))
  }
}

function readDatabase(given: Given, env: Environment): DatabaseSettings {
  const { redis, embedded = false } = given
  if (redis !== undefined && embedded) {
    throw new UsageError('--redis and --embedded cannot be used together')
  }
  return {
    source: embedded ? { kind: 'embedded' } : readSource(redis ?? env['REDIS_URL']),
    token: given.token ?? (env['NEARCACHE_BRIDGE_TOKEN'] || undefined),
    readOnlyToken:
      given['read-only-token'] ?? (env['NEARCACHE_BRIDGE_READ_ONLY_TOKEN'] || undefined),
  }
}

function readSource(url: string | undefined): RedisSource {
  if (url !== undefined && url !== '') return { kind: 'tcp', url }
  throw new UsageError(
    'no Redis is configured: add --redis redis://localhost:6379, set REDIS_URL, or add --embedded',
  )
}

function readFile(given: Given, file: string, env: Environment): readonly DatabaseSettings[] {
  for (const option of ['redis', 'embedded', 'token', 'read-only-token'] as const) {
    if (given[option] === undefined) continue
    throw new UsageError(`--config and --${option} cannot be used together: put it into the file`)
  }
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const { code = 'unknown' } = error as { readonly code?: string }
    throw new UsageError(`--config: cannot read the file (${code})`)
  }
  return readConfigFile(text, env)
}

function readHost(host: string): string {
  if (/^[\w.:-]+$/.test(host)) return host
  throw new UsageError('--host must be an IP address or a host name, without port, such as 0.0.0.0')
}
