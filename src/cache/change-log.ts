/**
 * What has changed lately in a source, in order: so that what was loaded before can be carried on
 * instead of being loaded again.
 *
 * A writer marks that it is about to write, commits, and appends what it has changed, which takes the
 * mark away. A reader takes a view before it loads, and keeps its position with what it loaded; a
 * later reader takes a view in the request of its look and replays what lies between. A mark whose
 * writer has died becomes an entry of unknown outcome at its deadline.
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

/** Options of a {@link ChangeLog}. All clients of one log give the same. */
export interface ChangeLogOptions {
  /**
   * Entries that are kept; what was loaded before the oldest cannot be replayed; 16 to 10_000.
   * @default 1_000
   */
  readonly maxEntries?: number
  /** Shapes that are registered, 0 to 256. @default 32 */
  readonly maxShapes?: number
  /** Called with each step: what is sent in it goes in the same request. @default none */
  readonly beside?: () => void
}

/** What a reader knows of a log at one instant. */
export interface LogView {
  /** Positions mean nothing in another epoch. */
  readonly epoch: string
  /** Position of the latest entry. */
  readonly at: number
  /** What the writers under way have marked. */
  readonly marks: readonly unknown[]
  /** Whether the shape asked for is registered, so that writers touch its tags. */
  readonly isShapeKnown: boolean
  /** Position at which one of the tags asked for was last touched, or all were. */
  readonly touchedAt: number
  /** The entries after a position, or `undefined` if not all of them are there any more. */
  since(position: number): readonly LogEntry[] | undefined
}

/** Which tags a change touches: all there are, or these. */
export type TagChanges = 'all' | readonly string[]

/** What an entry is of. */
export interface AppendOptions {
  /** Of the mark, which is taken away. @default '' */
  readonly token?: string
  /**
   * An ordered one becomes unordered if one that is not ordered was appended since its mark.
   * @default 'ordered'
   */
  readonly kind?: LogEntryKind
  /** As the one of {@link ChangeLog.mark}. @default none */
  readonly next?: () => void
}

/** An entry that was appended, and a view that has it. */
export interface Appended {
  readonly at: number
  /** What it was appended as: it is not the last if another writer came between. */
  readonly kind: LogEntryKind
  readonly view: LogView
}

/** A writer's mark. */
export interface LogMark {
  readonly token: string
  /** The shapes that readers have registered. */
  readonly shapes: readonly string[]
  /** What the other writers under way had marked. */
  readonly others: readonly unknown[]
}

/** Of a look that asks for none. */
const NO_SHAPE = ''
const LIFE_MS = 30 * 86_400_000
/** How long a record may be under way: its mark and its entry are in one request. */
const RECORD_MS = 10_000
/** Tags share this many slots, so that the log is bounded: two in one are touched together. */
const SLOTS = 4_096

/**
 * The change log of a namespace. Apart from the namespace itself, so that who has none ships none.
 *
 * @throws {InvalidOptionError} When an option is out of its range, or the namespace is of another copy
 * of this package.
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
 * A bounded log in Redis, mirrored here: each look brings what is new. Each step is one command.
 *
 * Every step rejects as the cache's own commands do when Redis cannot be asked. On Upstash Global the
 * steps are scripts that write, so the primary answers them.
 */
export class ChangeLog {
  /** Whether commands of one tick are applied in their order: not on a cluster. */
  readonly isOrdered: boolean
  readonly #ctx: CacheContext
  readonly #texts: LogTexts
  readonly #maxEntries: number
  readonly #maxShapes: number
  readonly #beside: (() => void) | undefined
  #mirror = new LogMirror('')
  /** Shapes that are registered in the epoch of the mirror. */
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
   * Looks at the log, and at tags of one shape of query, which is registered by that.
   *
   * @param shape A line of text that names the shape; `''` asks for none.
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
    // Nothing has happened since, and nothing is under way.
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

  /** One of another epoch is kept by the views that were made of it. */
  #mirrorOf(epoch: string): LogMirror {
    if (this.#mirror.epoch !== epoch) {
      this.#mirror = new LogMirror(epoch)
      this.#shapes.clear()
      this.#shapes.add(NO_SHAPE)
    }
    return this.#mirror
  }

  /**
   * Says that a write is about to happen, for at most `forMs` milliseconds.
   *
   * @param intent What is known of it.
   * @param next Called once the mark is on its way: what is sent in it comes behind the mark, in the
   *   same request. It must not throw.
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
   * Says what has changed.
   *
   * Without the token of a mark, or if that is gone, the entry's place among the others says nothing.
   */
  async append(value: unknown, tags: TagChanges, options: AppendOptions = {}): Promise<void> {
    await this.#append(await this.#texts.write(value), tags, options)
  }

  /**
   * Says what has changed, and looks at the log behind that, in the same step.
   *
   * @returns `undefined` when the view does not reach back to the entry.
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
   * Says what has changed, of a write that was not marked before: mark and append in one request. Of
   * two writes at once it is not known which came last.
   */
  async record(value: unknown, tags: TagChanges): Promise<void> {
    const token = randomId()
    const text = await this.#texts.write(value)
    // In one tick, hence in one request, in this order.
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

/** Head, entries, marks. The namespace is in the name of their hash slot. */
function keysOf({ base, path }: Keyspace): readonly string[] {
  return ['head', 'entries', 'marks'].map((part) => `${base}:c:{${path}}:${part}`)
}

/** What a mirror shows at a position. */
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
