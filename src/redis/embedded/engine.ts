/**
 * A Redis in memory that answers commands as Redis 7.0 does.
 *
 * Intended differences from Redis 7.0:
 *
 * | Difference | Reason |
 * |---|---|
 * | A key is absent at the very millisecond it expires; Redis keeps it until the next | lifetimes are half-open everywhere in this library |
 * | Scores are written with the fewest digits that read back the same, as Redis 7.2 does; 7.0 writes 17 | `0.1` should come back as `0.1` |
 * | A score of -0 is stored as 0; Redis does so only in small sorted sets | one rule for all |
 * | INCRBYFLOAT and HINCRBYFLOAT add decimals exactly; Redis rounds to an 80-bit float | JavaScript has no such type, and nobody needs the rounding errors |
 * | Sums beyond 2^53 are stored exactly, and returned as the nearest JavaScript number | so does every JavaScript client |
 * | Floats in hexadecimal, signed cursors and a RANK of -2^63 are refused | no client sends them |
 * | SET with an expiry in the past deletes at once; Redis waits for the next access | the key is absent either way |
 * | Arguments are text: a lone surrogate is kept unchanged, and only operations on bits and byte ranges create other bytes | a request is JSON |
 * | LCS refuses strings whose lengths multiply to more than 2^26 | its table would take 256 MiB |
 * | Members of sets, and of large hashes, come in another order; HSCAN, SSCAN and ZSCAN respect COUNT for small collections too | Redis promises no order |
 * | Lua is not run; scripts that have a twin always count as loaded, and their errors name no line | see `scripting.ts` |
 * | One database; no MULTI, WATCH, blocking or connection commands | a request has no connection; transactions are requests |
 * | Memory is estimated, and one value is at most as long as the whole limit | a runtime does not report memory by value |
 *
 * @module
 */

import { checkFields, numberWithin } from '../../entry/option-checks.ts'
import { InvalidOptionError } from '../../errors.ts'
import type { Platform } from '../../platform/platform.ts'
import { webPlatform } from '../../platform/web.ts'
import type { Command, RedisResponse, Reply } from '../requester.ts'
import { ChangeListeners } from './change-listeners.ts'
import { Channels, type MessageListener } from './channels.ts'
import type { Effect } from './command.ts'
import { CommandError, unknownCommand, wrongArity } from './command-error.ts'
import { DATA_COMMANDS } from './data-commands.ts'
import { EVICTION_POLICIES, type EvictionPolicy } from './eviction.ts'
import { Keyspace, type KeyspaceOptions } from './keyspace.ts'
import type { Argv } from './parse.ts'
import { scriptCommands } from './script-commands.ts'
import { ScriptLibrary, type ScriptTwin } from './scripting.ts'
import { type ServerState, serverCommands } from './server.ts'
import { readSnapshot } from './snapshot-reader.ts'
import { writeSnapshot } from './snapshot-writer.ts'
import { FIGURES_TWIN } from './twins/figures.ts'
import { LOG_TWINS } from './twins/log.ts'
import { PRESENCE_TWINS } from './twins/presence.ts'
import { TWINS } from './twins/protocol.ts'
import { RATE_LIMIT_TWINS } from './twins/rate-limit/twins.ts'
import { SEMANTIC_TWINS } from './twins/semantic.ts'
import { SESSION_TWINS } from './twins/session.ts'
import { UPKEEP_TWINS } from './twins/upkeep.ts'
import { WARMING_TWINS } from './twins/warming.ts'
import { canonical, hasArity, type NamedSpec, toArgv } from './words.ts'

/** Options for {@link EmbeddedRedis}. */
export interface EmbeddedOptions {
  /** Clock and random numbers. @default webPlatform() */
  readonly platform?: Platform
  /**
   * The limit for keys and values, in estimated bytes above 0. `evictionPolicy` decides what is evicted above
   * it. @default 67_108_864 (64 MiB)
   */
  readonly maxBytes?: number
  /**
   * What is evicted when memory is full. With `noeviction`, or if no key may be evicted, commands that need
   * memory fail with `OOM`. @default 'allkeys-lru'
   */
  readonly evictionPolicy?: EvictionPolicy
  /**
   * The scripts that EVAL and EVALSHA can run. @default those of this library and of
   * `@upstash/ratelimit`
   */
  readonly twins?: readonly ScriptTwin[]
}

const DEFAULT_TWINS: readonly ScriptTwin[] = [
  ...TWINS,
  ...LOG_TWINS,
  ...SESSION_TWINS,
  ...SEMANTIC_TWINS,
  ...RATE_LIMIT_TWINS,
  FIGURES_TWIN,
  ...UPKEEP_TWINS,
  ...WARMING_TWINS,
  ...PRESENCE_TWINS,
]

/**
 * The engine. It is synchronous, so every command, script and transaction is atomic and sees one fixed
 * time. State is per instance, hence per process or isolate; it is not shared, and lost when the process
 * or isolate ends.
 *
 * @example
 * ```ts
 * const redis = new EmbeddedRedis({ maxBytes: 8 * 1024 * 1024 })
 * redis.execute(['SET', 'greeting', 'hello', 'PX', 60_000]) // { result: 'OK' }
 * redis.execute(['INCR', 'greeting']) // { error: 'ERR value is not an integer or out of range' }
 * ```
 */
export class EmbeddedRedis {
  readonly #options: KeyspaceOptions
  #db: Keyspace
  readonly #commands = new Map<string, NamedSpec>()
  readonly #state: ServerState
  readonly #changeListeners = new ChangeListeners()
  /** Whether the running script may take more memory. */
  #scriptMayGrow = true

  /** @throws {InvalidOptionError} When an option is unknown or out of its documented range. */
  constructor(options: EmbeddedOptions = {}) {
    checkFields(options, 'options', ['platform', 'maxBytes', 'evictionPolicy', 'twins'])
    const { platform = webPlatform(), maxBytes = 64 * 1024 * 1024 } = options
    const { evictionPolicy = 'allkeys-lru', twins = DEFAULT_TWINS } = options
    if (!(maxBytes > 0)) throw new InvalidOptionError('maxBytes', 'a number of bytes above 0')
    if (!EVICTION_POLICIES.includes(evictionPolicy)) {
      throw new InvalidOptionError('evictionPolicy', `one of ${EVICTION_POLICIES.join(', ')}`)
    }
    this.#options = { platform, maxBytes, evictionPolicy }
    this.#db = new Keyspace(this.#options)
    this.#state = { channels: new Channels(platform), commandsProcessed: 0, lastMicros: 0 }
    const tables = {
      ...DATA_COMMANDS,
      ...serverCommands(this.#state),
      ...scriptCommands(new ScriptLibrary(twins), (command, isReadOnly) =>
        this.#callFromScript(command, isReadOnly),
      ),
    }
    for (const [name, { arity, effect, run }] of Object.entries(tables)) {
      const spec = { name, arity, effect, run }
      this.#commands.set(name, spec).set(name.toLowerCase(), spec)
    }
  }

  /**
   * Runs one command. Its name may be in any case.
   *
   * @returns The reply, or the error reply of Redis. For an unknown command, the error quotes arguments, so do
   * not log it.
   */
  execute(command: Command): RedisResponse<Reply> {
    this.#db.begin()
    try {
      return this.#answer(command)
    } finally {
      this.#changeListeners.tell(this.#db.changes)
    }
  }

  /**
   * Runs commands as MULTI and EXEC do: all at one instant, or none if one of them is unknown or has the
   * wrong number of arguments. A command that fails when it runs does not stop the others.
   *
   * @returns One answer a command; or one error, `EXECABORT` and the first reason, if nothing
   * was run.
   */
  transaction(commands: readonly Command[]): RedisResponse<Reply>[] | RedisResponse<Reply> {
    for (const command of commands) {
      const refusal = this.#refusal(command)
      if (refusal === undefined) continue
      return { error: `EXECABORT Transaction discarded because of: ${refusal}` }
    }
    this.#db.begin()
    try {
      return commands.map((command) => this.#answer(command))
    } finally {
      this.#changeListeners.tell(this.#db.changes)
    }
  }

  /**
   * Writes a snapshot of all data, in chunks that are made on demand. They are consistent only if no command
   * runs in between. The access times and counts for eviction are not included.
   *
   * @param chunkBytes Length of every chunk but the last, from 1 to 1 GiB. @default 1_048_576
   * @throws {InvalidOptionError} When `chunkBytes` is not a number in this range.
   */
  dump({ chunkBytes = 1024 * 1024 }: { readonly chunkBytes?: number } = {}): Iterable<Uint8Array> {
    numberWithin(chunkBytes, 'chunkBytes', 1, 2 ** 30)
    this.#db.begin()
    return writeSnapshot([...this.#db.entries()], Math.floor(chunkBytes))
  }

  /**
   * Replaces all data by that of a snapshot. Keys that have expired since are left out. What exceeds the
   * limit is evicted.
   *
   * @throws {SnapshotError} When the data is not a snapshot, or damaged; the engine then keeps its data.
   */
  load(chunks: Iterable<Uint8Array>): void {
    const db = new Keyspace(this.#options)
    db.begin()
    readSnapshot(chunks, db)
    this.#db = db
    this.#changeListeners.forget()
    this.#changeListeners.tell(db.changes)
  }

  /**
   * Calls a listener after each command or transaction that changed something, and after each load, before
   * the answer is returned. If the listener throws, so does the command, but its change stays; the listener is
   * called again with the next command, even if that only reads.
   *
   * @returns A function that removes the listener.
   */
  onChange(listener: () => void): () => void {
    return this.#changeListeners.add(listener)
  }

  /** The supported commands by name, with their arity as COMMAND INFO returns it. */
  get commands(): ReadonlyMap<string, number> {
    return new Map(Array.from(this.#commands.values(), ({ name, arity }) => [name, arity]))
  }

  /** Subscribes to a channel. Messages come after the command. The returned function unsubscribes. */
  subscribe(channel: string, listener: MessageListener): () => void {
    return this.#state.channels.subscribe(channel, listener)
  }

  /** Subscribes to the channels that match a glob. The returned function unsubscribes. */
  psubscribe(pattern: string, listener: MessageListener): () => void {
    return this.#state.channels.psubscribe(pattern, listener)
  }

  #answer(command: Command): RedisResponse<Reply> {
    try {
      const argv = toArgv(command)
      const spec = this.#find(argv)
      this.#state.commandsProcessed++
      if (spec.effect !== 'read') this.#prepareMemory(spec.effect)
      return { result: spec.run(this.#db, canonical(argv, spec)) }
    } catch (error) {
      return { error: errorReply(error) }
    }
  }

  /** The error that keeps the command out of a transaction, if there is one. */
  #refusal(command: Command): string | undefined {
    try {
      this.#find(toArgv(command))
      return undefined
    } catch (error) {
      return errorReply(error)
    }
  }

  /** @throws {CommandError} When the command is unknown or has the wrong number of words. */
  #find(argv: Argv): NamedSpec {
    const name = argv[0]
    const spec = this.#commands.get(name) ?? this.#commands.get(name.toUpperCase())
    if (spec === undefined) throw unknownCommand(argv)
    if (!hasArity(spec, argv)) throw wrongArity(spec.name)
    return spec
  }

  /** @throws {CommandError} When the command may need memory and none can be freed. */
  #prepareMemory(effect: Effect): void {
    this.#db.sweep()
    if (effect === 'write') return
    this.#scriptMayGrow = this.#db.makeRoom()
    if (effect === 'grow' && !this.#scriptMayGrow) throw outOfMemory()
  }

  #callFromScript(command: Command, isReadOnly: boolean): Reply {
    const argv = toArgv(command)
    const spec = this.#commands.get(argv[0]) ?? this.#commands.get(argv[0].toUpperCase())
    if (spec === undefined) {
      throw new CommandError('ERR Unknown Redis command called from script')
    }
    if (!hasArity(spec, argv)) {
      throw new CommandError('ERR Wrong number of args calling Redis command from script')
    }
    if (spec.effect === 'script') {
      throw new CommandError('ERR This Redis command is not allowed from script')
    }
    if (spec.effect === 'read') return spec.run(this.#db, canonical(argv, spec))
    if (isReadOnly) {
      throw new CommandError('ERR Write commands are not allowed from read-only scripts.')
    }
    if (spec.effect === 'grow' && !this.#scriptMayGrow) throw outOfMemory()
    // Once a script has begun to write, it may finish, so that it is not applied in part.
    this.#scriptMayGrow = true
    return spec.run(this.#db, canonical(argv, spec))
  }
}

function outOfMemory(): CommandError {
  return new CommandError("OOM command not allowed when used memory > 'maxmemory'.")
}

/** @throws Any other error unchanged, such as a bug in a twin. */
function errorReply(error: unknown): string {
  if (error instanceof CommandError) return error.message
  throw error
}
