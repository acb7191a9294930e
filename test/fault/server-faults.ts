/**
 * The faults of a redis-server itself, and how the cache handles them.
 *
 * @module
 */

import { setTimeout as delay } from 'node:timers/promises'
import type { Command, Reply } from '../../src/redis/requester.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { endingUnder, type Fault, loadsUnder, type Told } from './faults.ts'
import type { Operation } from './operations.ts'

/** How a cache reaches the server. */
export type Way = 'tcp' | 'rest'

/** The means to cause a fault. */
export interface Control {
  readonly server: RedisServer
  /** Sends a command on a connection that no fault breaks. */
  send(...command: Command): Promise<Reply>
  /** The namespaces of the trials. */
  readonly namespaces: readonly string[]
}

/** One fault. */
export interface ServerFault {
  readonly name: string
  strike(control: Control): Promise<void>
  lift(control: Control): Promise<void>
  /** How an operation ends; undefined if that depends on timing. */
  ending(operation: Operation, way: Way): string | undefined
  /** How often the loader runs; undefined if that depends on timing. */
  loads(operation: Operation, way: Way): number | undefined
  readonly losesData?: boolean
  /** How long a reconnect may take, in milliseconds. @default 0 */
  readonly graceMs?: number
  /** @default 5_000 */
  readonly deadlineMs?: number
}

/** Long enough to notice the loss of a connection, and to try to reconnect. */
const NOTICED_MS = 100
const RECONNECTED_MS = 3_000
const SHORT_MS = 400

const nothing = async (): Promise<void> => undefined

/** Results as under a fault of the other table; `overrides` by the names of operations. */
function like(
  { scope = 'all', ...told }: Partial<Fault> & { tells: Fault['tells']; behind?: Told },
  overrides: Readonly<Record<string, string>> = {},
): Pick<ServerFault, 'ending' | 'loads'> {
  const row = (way: Way): Fault => {
    const tells = way === 'rest' && told.behind ? told.behind : told.tells
    return { name: '', strike: () => undefined, scope, tells }
  }
  return {
    ending: (operation, way) => overrides[operation.name] ?? endingUnder(operation, row(way)),
    loads: (operation, way) => loadsUnder(operation, row(way)),
  }
}

/** Without data every load runs its loader, and every write except `touch` succeeds. */
const empty: Pick<ServerFault, 'ending' | 'loads'> = {
  ending({ name, what, usual, blind }) {
    if (what === 'read') return 'nothing'
    if (what === 'load') return blind ?? 'the loaded value'
    return name === 'touch' ? 'something else' : usual
  },
  loads: ({ what }) => (what === 'load' ? 1 : 0),
}

const chance: Pick<ServerFault, 'ending' | 'loads'> = {
  ending: () => undefined,
  loads: () => undefined,
}

/** The answer of the tests' endpoint if it cannot reach its Redis. */
const behind: Told = { reason: 'HTTP 500', applied: 'unknown' }
const timeout: Told = { reason: 'timeout', applied: 'unknown' }

/** Replaces keys by hashes. */
const usurp =
  (pattern: string, rename: (key: string) => string) =>
  async ({ send, namespaces }: Control): Promise<void> => {
    for (const namespace of namespaces) {
      const keys = (await send('KEYS', `nc:${namespace}:${pattern}`)) as string[]
      for (const key of keys.map(rename)) {
        await send('DEL', key)
        await send('HSET', key, 'SENTINEL-field', 'of another')
      }
    }
  }
/** Deletes the remaining hashes. */
async function oust({ send }: Control): Promise<void> {
  for (const key of (await send('KEYS', 'nc:*')) as string[]) {
    if ((await send('TYPE', key)) === 'hash') await send('DEL', key)
  }
}

const same = (key: string): string => key
const wrongType = 'rejects: WRONGTYPE, applied: unknown'

/** All faults. */
export const SERVER_FAULTS: readonly ServerFault[] = [
  {
    name: 'a process that is stopped',
    deadlineMs: SHORT_MS,
    graceMs: RECONNECTED_MS,
    async strike({ server }) {
      process.kill(server.pid, 'SIGSTOP')
    },
    async lift({ server, send }) {
      process.kill(server.pid, 'SIGCONT')
      await send('PING')
      await delay(NOTICED_MS)
    },
    ...like({ tells: timeout }),
  },
  {
    name: 'a process that is killed',
    losesData: true,
    graceMs: RECONNECTED_MS,
    async strike({ server }) {
      process.kill(server.pid, 'SIGKILL')
      await delay(NOTICED_MS)
    },
    lift: ({ server }) => server.restart(),
    ...like({ tells: { reason: 'ECONNREFUSED', applied: 'no' }, behind }),
  },
  {
    name: 'a restart without data',
    losesData: true,
    graceMs: RECONNECTED_MS,
    async strike({ server }) {
      await server.restart()
      await delay(RECONNECTED_MS)
    },
    lift: nothing,
    ...empty,
  },
  {
    name: 'FLUSHALL',
    losesData: true,
    strike: async ({ send }) => void (await send('FLUSHALL')),
    lift: nothing,
    ...empty,
  },
  {
    name: 'FLUSHALL again and again',
    losesData: true,
    async strike({ send }) {
      void flush(send, 300)
    },
    lift: () => delay(400),
    ...chance,
  },
  {
    name: 'SCRIPT FLUSH',
    strike: async ({ send }) => void (await send('SCRIPT', 'FLUSH')),
    lift: nothing,
    ...like({ tells: 'nothing' }),
  },
  {
    name: 'maxmemory with noeviction',
    async strike({ send }) {
      await send('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
      await send('CONFIG', 'SET', 'maxmemory', '1')
    },
    lift: unlimited,
    // Scripts that begin with DEL still run, so that room can be made and invalidation works.
    ...like(
      { scope: 'scripts', tells: { reason: 'OOM', applied: 'unknown' } },
      { 'invalidateTags, soft': 'done', 'set, relaxed': 'done' },
    ),
  },
  {
    name: 'maxmemory with allkeys-lru',
    losesData: true,
    async strike({ send }) {
      await send('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
      const used = /used_memory:(\d+)/.exec(String(await send('INFO', 'memory')))?.[1]
      // Less than is stored, so that the first command must evict some of it.
      await send('CONFIG', 'SET', 'maxmemory', String(Number(used) - 30_000))
    },
    async lift(control) {
      await unlimited(control)
      const evicted = /evicted_keys:(\d+)/.exec(String(await control.send('INFO', 'stats')))?.[1]
      if (!(Number(evicted) > 0)) throw new Error('nothing was evicted')
    },
    ...chance,
  },
  {
    name: 'a primary that was made a replica',
    strike: async ({ send }) => void (await send('REPLICAOF', '127.0.0.1', '1')),
    lift: async ({ send }) => void (await send('REPLICAOF', 'NO', 'ONE')),
    ...like({
      scope: 'writes',
      tells: { reason: 'READONLY', applied: 'no', inBatch: 'unknown' },
    }),
  },
  {
    name: 'a password that is not known',
    graceMs: RECONNECTED_MS,
    async strike({ send }) {
      await send('CONFIG', 'SET', 'requirepass', 'SENTINEL-password')
      await send('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      await delay(NOTICED_MS)
    },
    lift: async ({ send }) => void (await send('CONFIG', 'SET', 'requirepass', '')),
    ...like({ tells: { reason: 'NOAUTH', applied: 'no', inBatch: 'unknown' }, behind }),
  },
  {
    name: 'connections that are killed again and again',
    graceMs: RECONNECTED_MS,
    async strike({ send }) {
      void kill(send, 300)
    },
    lift: () => delay(400),
    ...chance,
  },
  {
    name: 'connections that are refused for their number',
    graceMs: RECONNECTED_MS,
    async strike({ send }) {
      await send('CONFIG', 'SET', 'maxclients', '1')
      await send('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      await delay(NOTICED_MS)
    },
    lift: async ({ send }) => void (await send('CONFIG', 'SET', 'maxclients', '1000')),
    ...chance,
  },
  {
    name: 'hashes in the place of entries',
    strike: usurp('e:*', same),
    lift: oust,
    ...empty,
  },
  {
    name: 'hashes in the place of leases',
    strike: usurp('e:*', (key) => key.replace(':e:', ':l:')),
    lift: oust,
    ...like(
      { tells: 'nothing' },
      { set: wrongType, setMany: wrongType, 'begin and commit': wrongType },
    ),
  },
  {
    name: 'hashes in the place of markers',
    strike: usurp('t:*', same),
    lift: oust,
    losesData: true,
    ending(operation, way) {
      const loud = ['set', 'set, relaxed', 'setMany', 'begin and commit', 'invalidateTags, soft']
      return loud.includes(operation.name) ? wrongType : empty.ending(operation, way)
    },
    loads: empty.loads,
  },
]

async function unlimited({ send }: Control): Promise<void> {
  await send('CONFIG', 'SET', 'maxmemory', '0')
}

async function flush(send: Control['send'], forMs: number): Promise<void> {
  const until = Date.now() + forMs
  while (Date.now() < until) await send('FLUSHALL')
}

async function kill(send: Control['send'], forMs: number): Promise<void> {
  const until = Date.now() + forMs
  for (; Date.now() < until; await delay(3)) {
    await send('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
  }
}
