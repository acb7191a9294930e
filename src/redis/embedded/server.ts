/**
 * The commands about the server itself, and those for pub/sub.
 *
 * @module
 */

import type { Reply } from '../requester.ts'
import type { Channels } from './channels.ts'
import { type CommandTable, reads, writes } from './command.ts'
import { CommandError, syntaxError, unknownSubcommand, wrongArity } from './command-error.ts'
import { compileGlob } from './glob.ts'
import type { Keyspace } from './keyspace.ts'
import { type Argv, at, parseInteger } from './parse.ts'

/** The version of Redis whose behaviour the engine follows. */
const REDIS_VERSION = '7.0.15'

/** The state of these commands besides the keys. */
export interface ServerState {
  readonly channels: Channels
  commandsProcessed: number
  /** The instant last returned by TIME, in epoch microseconds. */
  lastMicros: number
}

function ping(argv: Argv): Reply {
  if (argv.length > 2) throw wrongArity(argv[0])
  return argv[1] ?? 'PONG'
}

/** Never returns the same instant twice, so that scripts can use it as a version. */
function time(db: Keyspace, state: ServerState): Reply {
  const micros = Math.max(db.now * 1_000, state.lastMicros + 1)
  state.lastMicros = micros
  return [String(Math.floor(micros / 1_000_000)), String(micros % 1_000_000)]
}

function flush(db: Keyspace, argv: Argv): Reply {
  const mode = argv[1]?.toUpperCase()
  if (argv.length > 2 || (mode !== undefined && mode !== 'SYNC' && mode !== 'ASYNC')) {
    throw syntaxError()
  }
  db.clear()
  return 'OK'
}

type Section = Readonly<Record<string, string | number>>

function infoSections(db: Keyspace, state: ServerState): Readonly<Record<string, Section>> {
  const keys = db.countLive()
  return {
    Server: { redis_version: REDIS_VERSION, redis_mode: 'standalone' },
    Memory: {
      used_memory: db.usedBytes,
      maxmemory: db.maxBytes,
      maxmemory_policy: db.evictionPolicy,
    },
    Stats: { total_commands_processed: state.commandsProcessed, ...db.stats },
    Keyspace: keys > 0 ? { db0: `keys=${keys},expires=${db.volatileSize},avg_ttl=0` } : {},
  }
}

function info(db: Keyspace, state: ServerState, argv: Argv): Reply {
  const wanted = argv.slice(1).map((name) => name.toLowerCase())
  const isAll =
    wanted.length === 0 || wanted.some((name) => /^(default|all|everything)$/.test(name))
  return Object.entries(infoSections(db, state))
    .filter(([name]) => isAll || wanted.includes(name.toLowerCase()))
    .map(([name, section]) => {
      const lines = Object.entries(section).map(([field, value]) => `${field}:${value}\r\n`)
      return `# ${name}\r\n${lines.join('')}`
    })
    .join('\r\n')
}

function pubsub(channels: Channels, argv: Argv): Reply {
  const subcommand = argv[1].toUpperCase()
  const rest = argv.slice(2)
  switch (subcommand) {
    case 'CHANNELS':
      return channels.names().filter(compileGlob(rest[0] ?? '*'))
    case 'NUMSUB':
      return rest.flatMap((name) => [name, channels.listenerCount(name)])
    case 'NUMPAT':
      return channels.patternCount
    default:
      throw unknownSubcommand('PUBSUB', argv[1])
  }
}

/** The estimated size of a key with its value, in bytes. */
function memory(db: Keyspace, argv: Argv): Reply {
  if (argv[1].toUpperCase() !== 'USAGE') throw unknownSubcommand('MEMORY', argv[1])
  const key = argv[2]
  if (key === undefined) throw wrongArity('memory|usage')
  if (argv.length > 3) {
    if (at(argv, 3).toUpperCase() !== 'SAMPLES' || argv.length !== 5) throw syntaxError()
    if (parseInteger(at(argv, 4)) < 0) throw syntaxError()
  }
  return db.peek(key)?.bytes ?? null
}

/** Accepts only database 0. */
function select(argv: Argv): Reply {
  if (parseInteger(argv[1]) !== 0) throw new CommandError('ERR DB index is out of range')
  return 'OK'
}

/** The server commands for one engine, with its state. */
export function serverCommands(state: ServerState): CommandTable {
  return {
    PING: reads(-1, (_db, argv) => ping(argv)),
    ECHO: reads(2, (_db, argv) => argv[1]),
    SELECT: reads(2, (_db, argv) => select(argv)),
    TIME: reads(1, (db) => time(db, state)),
    INFO: reads(-1, (db, argv) => info(db, state, argv)),
    DBSIZE: reads(1, (db) => db.countLive()),
    MEMORY: reads(-2, memory),
    FLUSHDB: writes(-1, flush),
    FLUSHALL: writes(-1, flush),
    PUBLISH: reads(3, (_db, argv) => state.channels.publish(argv[1], argv[2])),
    PUBSUB: reads(-2, (_db, argv) => pubsub(state.channels, argv)),
  }
}
