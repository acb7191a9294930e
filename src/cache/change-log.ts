/**
 * The latest changes of a source, in order, so that a value loaded earlier can be updated from them instead of
 * being loaded again.
 *
 * A writer marks that it is about to write, commits, and appends what it has changed, which removes the mark. A
 * reader takes a view of the log before it loads, and keeps the view's position with the value. A later reader
 * takes a new view in the same request as its look, and replays the entries in between. If a writer dies, its
 * mark becomes an entry of unknown outcome at the mark's deadline.
 *
 * @module
 */

import { fnv1a } from '../entry/fnv1a.ts'
import { randomId } from '../entry/id.ts'
import type { Keyspace } from '../entry/key.ts'
import { wholeNumber } from '../entry/option-checks.ts'
import { list, malformed } from '../redis/answer.ts'
import type { Reply } from '../redis/requester.ts'
import { LOG_APPEND, LOG_LOOK, LOG_MARK } from '../redis/scripts/log.ts'
import type { Script } from '../redis/scripts/script.ts'
import type { CacheContext } from './context.ts'
import { type LogEntry, type LogEntryKind, LogMirror } from './log-mirror.ts'
import { LogTexts, letterOf } from './log-texts.ts'
import type { CacheNamespace } from './namespace.ts'
import { partsOf } from './namespace-parts.ts'
import type { Policy } from './options.ts'

/** Options of a {@link ChangeLog}. All clients of one log must use the same. */
export interface ChangeLogOptions {
  /**
   * How many entries are kept, 16 to 10_000. A value loaded before the oldest of them cannot be updated.
   * @default 1_000
   */
  readonly maxEntries?: number
  /** How many shapes can be registered, 0 to 256. @default 32 */
  readonly maxShapes?: number
  /** Called in each step. Commands that it sends go in the same request as the step. @default none */
  readonly beside?: () => void
}

/** The state of a log at one instant, as a reader sees it. */
export interface LogView {
  /** Positions are valid only within their epoch. */
  readonly epoch: string
  /** Position of the latest entry. */
  readonly at: number
  /** The values marked by writers that are under way. */
  readonly marks: readonly unknown[]
  /** Whether the requested shape is registered, so that writers touch its tags. */
  readonly isShapeKnown: boolean
  /** Latest position at which one of the requested tags, or all tags, were touched. */
  readonly touchedAt: number
  /** The entries after a position, or `undefined` if some of them are no longer kept. */
  since(position: number): readonly LogEntry[] | undefined
}

/** The tags that a change touches. */
export type TagChanges = 'all' | readonly string[]

/** Options of an appended entry. */
export interface AppendOptions {
  /** Token of the mark that this entry replaces. @default '' */
  readonly token?: string
  /**
   * An `ordered` entry is stored as `unordered` if another entry that is not `ordered` was appended since its mark.
   * @default 'ordered'
   */
  readonly kind?: LogEntryKind
  /** As `next` of {@link ChangeLog.mark}. @default none */
  readonly next?: () => void
}

/** An appended entry, and a view that includes it. */
export interface Appended {
  readonly at: number
  /** The kind that was stored, which may differ from the requested one. */
  readonly kind: LogEntryKind
  readonly view: LogView
}

/** A writer's mark. */
export interface LogMark {
  readonly token: string
  /** The shapes that readers have registered. */
  readonly shapes: readonly string[]
  /** The values marked by the other writers under way. */
  readonly others: readonly unknown[]
}

/** The shape of a look that requests none. */
const NO_SHAPE = ''
const LIFE_MS = 30 * 86_400_000
/** Deadline of the mark of a `record`, whose mark and entry are in one request. */
const RECORD_MS = 10_000
/** Tags share this many slots, which bounds the log. Tags in one slot are touched together. */
const SLOTS = 4_096

/**
 * The change log of a namespace. Separate from the namespace, so that only bundles that use it contain it.
 *
 * @throws {InvalidOptionError} When an option is out of range, or another copy of this package made the namespace.
 */
export function changeLog<Values>(
  namespace: CacheNamespace<Values>,
  options?: ChangeLogOptions,
): ChangeLog {
  const { ctx, policy } = partsOf(namespace, 'cache')
  ctx.link.guarded.allowRepeat([LOG_LOOK, LOG_MARK, LOG_APPEND])
  return new ChangeLog(ctx, policy, options)
}

/**
 * A bounded log in Redis, mirrored in this process: each look fetches only new entries. Each step is one command.
 *
 * If Redis cannot be reached, every step rejects as the cache's own commands do. The steps are scripts that
 * write, so on Upstash Global the primary answers them.
 */
export class ChangeLog {
  /** Whether Redis applies the commands of one tick in order; false on a cluster. */
  readonly isOrdered: boolean
  readonly #ctx: CacheContext
  readonly #texts: LogTexts
  readonly #maxEntries: number
  readonly #maxShapes: number
  readonly #beside: (() => void) | undefined
  #mirror = new LogMirror('')
  /** Shapes known to be registered in the mirror's epoch. */
  readonly #shapes = new Set<string>([NO_SHAPE])

  /** Made by {@link changeLog}. @throws {InvalidOptionError} */
  constructor(ctx: CacheContext, policy: Policy, options: ChangeLogOptions = {}) {
    const { maxEntries = 1_000, maxShapes = 32, beside } = options
    this.#ctx = ctx
    this.#texts = new LogTexts(ctx, policy)
    this.#maxEntries = wholeNumber(maxEntries, 'maxEntries', 16, 10_000)
    this.#maxShapes = wholeNumber(maxShapes, 'maxShapes', 0, 256)
    this.#beside = beside
    this.isOrdered = !ctx.link.cluster
  }

  /**
   * Looks at the log, and at the tags of one shape, which this registers.
   *
   * @param shape Name of the shape, one line of text; `''` for none.
   */
  async look(shape: string = NO_SHAPE, tags: readonly string[] = []): Promise<LogView> {
    const mirror = this.#mirror
    const { epoch, at } = mirror
    const isRegistered = this.#shapes.has(shape)
    const reply = await this.#run(LOG_LOOK, [
      this.#maxEntries,
      epoch,
      at,
      isRegistered ? 1 : '',
      this.#maxShapes,
      shape,
      ...slotsOf(tags),
    ])
    // A short answer: no new entry and no write under way.
    if (isRegistered && typeof reply === 'number') {
      return { ...viewOf(mirror, at), marks: [], isShapeKnown: true, touchedAt: reply }
    }
    return this.#viewOf(reply, shape)
  }

  async #viewOf(reply: Reply | undefined, shape: string): Promise<LogView> {
    const [epoch, at, isKnown, touchedAt, marks, texts] = list(reply, 6)
    if (typeof epoch !== 'string' || typeof at !== 'number') throw malformed()
    const found = textsIn(texts)
    const entries = await Promise.all(
      found.map((text, i) => this.#texts.readEntry(text, at - found.length + 1 + i)),
    )
    const mirror = this.#mirrorOf(epoch)
    mirror.add(entries, at, this.#maxEntries)
    if (isKnown === 1) this.#shapes.add(shape)
    return {
      ...viewOf(mirror, at),
      marks: await this.#readAll(marks),
      isShapeKnown: isKnown === 1,
      touchedAt: Number(touchedAt),
    }
  }

  #readAll(marks: Reply | undefined): Promise<unknown[]> {
    return Promise.all(textsIn(marks).map((text) => this.#texts.read(text)))
  }

  /** The mirror of an epoch. Views of an earlier epoch keep using its mirror. */
  #mirrorOf(epoch: string): LogMirror {
    if (this.#mirror.epoch !== epoch) {
      this.#mirror = new LogMirror(epoch)
      this.#shapes.clear()
      this.#shapes.add(NO_SHAPE)
    }
    return this.#mirror
  }

  /**
   * Marks that a write is about to happen, which may take at most `forMs` milliseconds.
   *
   * @param intent What is known about the write.
   * @param next Called once the mark has been sent. Commands that it sends follow the mark in the same request. It
   *   must not throw.
   */
  async mark(intent: unknown, forMs: number, next?: () => void): Promise<LogMark> {
    const token = randomId()
    const text = await this.#texts.write(intent)
    const marking = this.#run(LOG_MARK, [token, forMs, text])
    next?.()
    const [shapes, others] = list(await marking, 2)
    return {
      token,
      shapes: String(shapes).split('\n').filter(Boolean),
      others: await this.#readAll(others),
    }
  }

  /**
   * Appends an entry that says what has changed.
   *
   * Without the token of a mark, or if the mark is gone, the order of the entry among the others is unknown.
   */
  async append(value: unknown, tags: TagChanges, options: AppendOptions = {}): Promise<void> {
    await this.#append(await this.#texts.write(value), tags, options)
  }

  /**
   * Appends an entry and then looks at the log, in one step.
   *
   * @returns `undefined` if the view does not include the entry.
   */
  async appendAndLook(
    value: unknown,
    tags: TagChanges,
    options: AppendOptions = {},
  ): Promise<Appended | undefined> {
    const { epoch, at: from } = this.#mirror
    const text = await this.#texts.write(value)
    const [at, look] = await this.#append(text, tags, options, [epoch, from])
    const view = await this.#viewOf(look, NO_SHAPE)
    const [entry] = view.since(Number(at) - 1) ?? []
    return entry && { at: entry.at, kind: entry.kind, view }
  }

  /**
   * Marks and appends in one request, after a write that was not marked before. The order of two concurrent
   * writes is then unknown.
   */
  async record(value: unknown, tags: TagChanges): Promise<void> {
    const token = randomId()
    const text = await this.#texts.write(value)
    // Sent in one tick, so they go in one request, in this order.
    const mark = this.#run(LOG_MARK, [token, RECORD_MS, text])
    await Promise.all([mark, this.#append(text, tags, { token })])
  }

  async #append(
    text: string,
    tags: TagChanges,
    { token = '', kind = 'ordered', next }: AppendOptions,
    from: readonly [epoch: string, at: number | ''] = ['', ''],
  ): Promise<readonly Reply[]> {
    const [all, slots] = tags === 'all' ? ['1', []] : ['', slotsOf(tags)]
    const args = [this.#maxEntries, token, letterOf(kind), text, all, ...from, ...slots]
    const appending = this.#run(LOG_APPEND, args)
    next?.()
    const reply = list(await appending, from[1] === '' ? 1 : 2)
    if (typeof reply[0] !== 'number') throw malformed()
    return reply
  }

  async #run(script: Script, args: readonly (string | number)[]): Promise<Reply> {
    this.#beside?.()
    const keys = keysOf(this.#ctx.names.keyspace)
    return this.#ctx.link.run(script, keys, [randomId(), LIFE_MS, ...args])
  }
}

/** The keys of head, entries and marks. The path in braces puts them in one hash slot. */
function keysOf({ base, path }: Keyspace): readonly string[] {
  return ['head', 'entries', 'marks'].map((part) => `${base}:c:{${path}}:${part}`)
}

/** The part of a view that comes from the mirror, at a position. */
function viewOf(mirror: LogMirror, at: number): Pick<LogView, 'epoch' | 'at' | 'since'> {
  return { epoch: mirror.epoch, at, since: (position) => mirror.between(position, at) }
}

function slotsOf(tags: readonly string[]): number[] {
  return [...new Set(tags.map((tag) => fnv1a(tag) % SLOTS))]
}

function textsIn(reply: Reply | undefined): string[] {
  if (!Array.isArray(reply)) throw malformed()
  return reply.map(String)
}
