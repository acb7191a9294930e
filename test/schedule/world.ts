/**
 * Four isolates on one Redis, a source that changes, and faults between them, in the order of a
 * schedule.
 *
 * @module
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import type { CacheNamespace } from '../../src/cache/namespace.ts'
import { LoaderTimeoutError, RemoteError, RemoteTimeoutError } from '../../src/errors.ts'
import { EmbeddedRedis } from '../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../src/testing/manual-platform.ts'
import { type Fate, Gate } from './gate.ts'
import { type Call, History, type Key, type Moment, type Value } from './history.ts'
import { Isolate, lagOf, type Surroundings } from './isolate.ts'
import { CALLS, type CallName, ISOLATES, READS, type ReadName, type Schedule } from './moves.ts'

const KEYS: readonly Key[] = ['ka', 'kb']
/** All callers declare both tags. */
const TAGS = ['t', 'u']
const OLD_TAGS = ['t']
/** The late tags of every value, where late tags are allowed. */
const LATE = ['late']
const LOAD = 'load of'
/** The time that each move takes, in milliseconds. */
const MOVE_MS = 1

/** The error of a loader. */
class SourceError extends Error {}

/** The keys and tags that a call covers, and the call itself. */
interface Cover {
  readonly keys: (key: Key) => readonly Key[]
  readonly tags?: (key: Key) => readonly string[]
  readonly run: (cache: CacheNamespace, key: Key) => Promise<unknown>
  readonly soft?: boolean
}

const one = (key: Key): readonly Key[] => [key]
const all = (): readonly Key[] => KEYS

const someTags = (key: Key): readonly string[] => (key === 'ka' ? ['u'] : TAGS)

const COVERS: Readonly<Record<Exclude<CallName, 'set' | 'setMany' | 'ticket'>, Cover>> = {
  delete: { keys: one, run: (cache, key) => cache.delete(key) },
  hard: {
    keys: all,
    tags: someTags,
    run: (cache, key) => cache.invalidateTags(someTags(key)),
  },
  soft: {
    keys: all,
    tags: someTags,
    run: (cache, key) => cache.invalidateTags(someTags(key), { mode: 'soft' }),
    soft: true,
  },
  late: { keys: all, tags: () => LATE, run: (cache) => cache.invalidateTags(LATE) },
  clear: { keys: all, run: (cache) => cache.clear() },
  prefix: { keys: all, run: (cache) => cache.invalidatePattern('k*') },
  scan: { keys: one, run: (cache, key) => cache.invalidatePattern(`?${key.slice(1)}`) },
}

/** A world in which a schedule is played. */
export class World {
  readonly history = new History()
  /** What happened, one line a move. */
  readonly log: string[] = []
  readonly #schedule: Schedule
  readonly #platform = new ManualPlatform()
  readonly #engine = new EmbeddedRedis({ platform: this.#platform })
  readonly #gate = new Gate()
  readonly #isolates: Isolate[]
  readonly #running = new Map<Promise<void>, Isolate>()
  /** For each running load, the step at which its read began. */
  readonly #loading: Record<Key, Set<{ readonly began: number }>> = {
    ka: new Set(),
    kb: new Set(),
  }
  #step = 0
  #requests = 0
  /** Whether all moves are made, after which nothing is held. */
  #isOver = false
  /** The last step at which a lease may have been dropped, lost or not granted. */
  #disturbed = 0

  constructor(schedule: Schedule) {
    this.#schedule = schedule
    this.#isolates = Array.from(
      { length: ISOLATES },
      (_, who) => new Isolate(who, this.#surroundings()),
    )
  }

  /** Plays the whole schedule and returns the violations. */
  async play(): Promise<string[]> {
    if (this.#schedule.setting.old) await this.#storeOld()
    for (const move of this.#schedule.moves) {
      this.#step++
      const [verb = '', first = '0', key = 'ka'] = move.split(' ')
      const told = this.#make(verb, Number(first), key as Key)
      this.log.push(`${this.#step}. ${move}${told ? `   (${told})` : ''}`)
      await this.#pass(MOVE_MS)
    }
    this.#isOver = true
    await this.#drain()
    await this.#readAll()
    return this.history.violations(lagOf)
  }

  /** Stores both keys as a caller that does not know the second tag. */
  async #storeOld(): Promise<void> {
    const { cache } = new Isolate(0, {
      ...this.#surroundings(),
      nextPassage: () => 'through',
    })
    for (const key of KEYS) {
      const value = this.history.loaded(key, this.#tags(OLD_TAGS), 0)
      await cache.getOrSet(key, () => value, { tags: OLD_TAGS })
    }
  }

  /** Makes a move. Returns its effect, where the text of the move does not say it. */
  #make(verb: string, n: number, key: Key): string | undefined {
    switch (verb) {
      case 'go':
      case 'fail':
      case 'twice':
        return this.#settle(n, verb)
      case 'lose':
        return this.#lose(n)
      case 'wait':
        this.#disturbed = this.#step
        this.#platform.jump(n)
        return
      case 'die':
        return this.#die(n)
      default:
        if ((READS as readonly string[]).includes(verb)) this.#read(n, verb as ReadName, key)
        else if ((CALLS as readonly string[]).includes(verb)) this.#call(n, verb as CallName, key)
        else throw new Error(`no such move: ${verb}`)
        return
    }
  }

  #settle(n: number, fate: Fate): string | undefined {
    const told = this.#gate.settle(n, fate)
    // A failed load releases only its own lease.
    if (fate !== 'go' && !told?.startsWith(LOAD)) this.#disturbed = this.#step
    return told
  }

  #read(who: number, how: ReadName, key: Key): void {
    const { cache } = this.#at(who)
    const began = this.#now()
    const saw = (of: Key, value: unknown, freshOnly: boolean): void => {
      if (value === undefined) return
      const tags = how === 'bare' ? [] : TAGS
      this.history.reads.push({ who, how, key: of, began, tags, freshOnly, value: value as Value })
      this.log.push(`   ${how} of ${of} by isolate ${who} ends with value ${(value as Value).id}`)
    }
    const sawAll = (values: ReadonlyMap<string, unknown>, freshOnly: boolean): void => {
      for (const [of, value] of values) saw(of as Key, value, freshOnly)
    }
    const alone = this.#schedule.setting.windows === 'none'
    const options = { tags: TAGS }
    const loadMany = async (keys: readonly string[]): Promise<Map<string, unknown>> => {
      const loads = keys.map(
        async (of) => [of, await this.#load(who, of as Key, began.step)] as const,
      )
      // Waits for all loads: a load left running would look concurrent with the next load of its key.
      await Promise.allSettled(loads)
      return new Map(await Promise.all(loads))
    }
    this.#run(who, `${how} ${key}`, async () => {
      switch (how) {
        case 'get':
          return saw(key, await cache.get(key, options), true)
        case 'bare':
          return saw(key, await cache.get(key), true)
        case 'getOrSet':
          return saw(
            key,
            await cache.getOrSet(key, () => this.#load(who, key, began.step), options),
            alone,
          )
        case 'getMany':
          return sawAll(await cache.getMany(KEYS, { tags: TAGS }), true)
        case 'getOrSetMany':
          return sawAll(await cache.getOrSetMany(KEYS, loadMany, { tags: TAGS }), alone)
        case 'touch':
          await cache.touch(key, options)
      }
    })
  }

  /** Reads the source at once, which is the worst case, and ends when the schedule lets it. */
  async #load(who: number, key: Key, began: number): Promise<Value> {
    const running = this.#loading[key]
    // Both reads began after the last step that could have taken a lease away.
    if ([...running].some((other) => Math.min(began, other.began) > this.#disturbed)) {
      this.history.problems.push(`two loads of ${key} at once, at step ${this.#step}`)
    }
    const load = { began }
    running.add(load)
    const value = this.history.loaded(key, this.#tags(TAGS), this.#step)
    this.log.push(`   isolate ${who} begins to load ${key}: value ${value.id}`)
    const isHeld = this.#schedule.setting.holdsLoads && !this.#isOver
    const fate = isHeld ? await this.#gate.wait(who, `${LOAD} ${key} by isolate ${who} ends`) : 'go'
    running.delete(load)
    if (fate === 'fail') throw new SourceError()
    return value
  }

  #call(who: number, name: CallName, key: Key): void {
    if (name === 'set') this.#set(who, [key])
    else if (name === 'setMany') this.#set(who, KEYS)
    else if (name === 'ticket') this.#ticket(who, key)
    else this.#cover(who, name, key)
  }

  #cover(who: number, name: keyof typeof COVERS, key: Key): void {
    const { cache } = this.#at(who)
    const { keys, tags, run, soft = false } = COVERS[name]
    if (name === 'late' && !this.#schedule.setting.lateTags) return
    const call = this.#begin({
      who,
      name: `${name} ${key}`,
      keys: keys(key),
      tags: tags?.(key),
      soft,
    })
    const work = async (): Promise<void> => {
      await run(cache, key)
      call.returned = this.#now()
    }
    this.#run(who, call.name, work)
  }

  #set(who: number, keys: readonly Key[]): void {
    const { cache } = this.#at(who)
    const values = new Map(keys.map((key) => [key, this.history.given(key, this.#tags(TAGS))]))
    const call = this.#begin({ who, name: `set ${keys}`, keys, soft: false })
    const work = async (): Promise<void> => {
      const [key = 'ka'] = keys
      if (keys.length === 1) await cache.set(key, values.get(key), { tags: TAGS })
      else await cache.setMany(values, { tags: TAGS })
      call.returned = this.#now()
      for (const value of values.values()) this.history.settle(value, call.returned.step)
    }
    this.#run(who, call.name, work)
  }

  /** Takes a ticket, computes the value and stores it. The value counts from when it was computed. */
  #ticket(who: number, key: Key): void {
    const { cache } = this.#at(who)
    const call = this.#begin({ who, name: `ticket ${key}`, keys: [key], soft: false })
    const work = async (): Promise<void> => {
      const ticket = await cache.begin(key, { tags: TAGS })
      const value = this.history.given(key, this.#tags(TAGS))
      this.history.settle(value, this.#step)
      await ticket.commit(value)
      call.returned = this.#now()
    }
    this.#run(who, call.name, work)
  }

  /** The declared tags, and the late ones where they are allowed. */
  #tags(declared: readonly string[]): readonly string[] {
    return this.#schedule.setting.lateTags ? [...declared, ...LATE] : declared
  }

  #begin(call: Omit<Call, 'began'>): Call {
    const begun: Call = { ...call, began: this.#step }
    this.history.calls.push(begun)
    return begun
  }

  #lose(n: number): string | undefined {
    const { result } = this.#engine.execute(['KEYS', '*'])
    const keys = (result as string[]).toSorted()
    const key = keys[n % Math.max(1, keys.length)]
    if (key === undefined) return undefined
    this.#disturbed = this.#step
    this.#engine.execute(['DEL', key])
    return key
  }

  #die(who: number): string | undefined {
    const isolate = this.#at(who)
    this.#disturbed = this.#step
    isolate.die()
    for (const [work, of] of this.#running) if (of === isolate) this.#running.delete(work)
    this.#isolates[who] = new Isolate(who, this.#surroundings())
    return undefined
  }

  /** Runs an operation. It may reject only with errors that the documentation announces. */
  #run(who: number, name: string, work: () => Promise<void>): void {
    const isolate = this.#at(who)
    const running = work()
      .catch((error: unknown) => {
        this.log.push(`   ${name} of isolate ${who} rejects: ${String(error)}`)
        if (!isExpected(error)) this.history.problems.push(`${name} rejects with ${String(error)}`)
      })
      .finally(() => this.#running.delete(running))
    this.#running.set(running, isolate)
  }

  /** Lets all running operations end, without further faults. */
  async #drain(): Promise<void> {
    for (let turn = 0; this.#running.size > 0 || this.#gate.size > 0; turn++) {
      if (turn > 100) {
        this.history.problems.push('an operation never ends')
        return
      }
      while (this.#gate.size > 0) {
        const told = this.#settle(0, 'go')
        this.log.push(`   afterwards: ${told}`)
        await this.#pass(0)
      }
      if (this.#running.size > 0) {
        this.#disturbed = this.#step
        await this.#pass(300)
      }
    }
  }

  /** At the end, every isolate that was used reads every key, after the lag of its near tier. */
  async #readAll(): Promise<void> {
    const words = new Set(this.#schedule.moves.flatMap((move) => move.split(' ').slice(1)))
    this.#step++
    await this.#pass(2 * Math.max(...this.#isolates.map(({ who }) => lagOf(who))))
    for (const { who } of this.#isolates.filter(({ who }) => words.has(String(who)))) {
      for (const key of KEYS.filter((name) => words.has(name))) {
        this.#step++
        this.log.push(`${this.#step}. in the end: get and getOrSet of ${key} by isolate ${who}`)
        this.#read(who, 'get', key)
        await this.#drain()
        this.#read(who, 'getOrSet', key)
        await this.#drain()
      }
    }
  }

  async #pass(ms: number): Promise<void> {
    this.#platform.jump(ms)
    await nextTurn()
  }

  #now(): Moment {
    return { step: this.#step, at: this.#platform.now() }
  }

  #nextPassage(): Schedule['setting']['passages'][number] {
    const { passages } = this.#schedule.setting
    if (this.#isOver) return 'through'
    return passages[this.#requests++ % passages.length] ?? 'through'
  }

  #surroundings(): Surroundings {
    return {
      setting: this.#schedule.setting,
      platform: this.#platform,
      engine: this.#engine,
      gate: this.#gate,
      nextPassage: () => this.#nextPassage(),
      leaseDropped: () => {
        this.#disturbed = this.#step
      },
    }
  }

  #at(who: number): Isolate {
    const isolate = this.#isolates[who]
    if (!isolate) throw new Error(`there is no isolate ${who}`)
    return isolate
  }
}

/** A loader's own error, its timeout, or, for writes, an unreachable Redis. */
function isExpected(error: unknown): boolean {
  return (
    error instanceof SourceError ||
    error instanceof LoaderTimeoutError ||
    error instanceof RemoteError ||
    error instanceof RemoteTimeoutError
  )
}
