/**
 * What happened in a world, and whether it keeps the promise of docs/consistency.md.
 *
 * @module
 */

/** The keys of a world. */
export type Key = 'ka' | 'kb'

/** What is cached: where it came from is kept beside it, in the history. */
export interface Value {
  readonly key: Key
  readonly id: number
}

/** A call after which nothing older may be served. */
export interface Call {
  readonly who: number
  readonly name: string
  readonly keys: readonly Key[]
  /** The tags that it invalidates; `undefined` for a call that covers whatever its keys hold. */
  readonly tags?: readonly string[] | undefined
  /** May be served as stale afterwards. */
  readonly soft: boolean
  readonly began: number
  /** `undefined` until it has returned; for ever, if it rejects or its isolate dies. */
  returned?: Moment
}

/** A read of one key that was served something. */
export interface Read {
  readonly who: number
  readonly how: string
  readonly key: Key
  readonly began: Moment
  /** The tags that it declares. */
  readonly tags: readonly string[]
  /** Serves only what is fresh, so that soft calls count as well. */
  readonly freshOnly: boolean
  readonly value: Value
}

/** A step of the schedule, and the time on the clock of the world in milliseconds. */
export interface Moment {
  readonly step: number
  readonly at: number
}

/** A value's beginning: the step at which it counts as made, `Infinity` while its set is under way. */
interface Birth {
  readonly tags: readonly string[]
  step: number
}

/** How far an isolate may lag behind calls of others, in milliseconds. */
export type LagOf = (who: number) => number

/** Everything that a world has seen. */
export class History {
  readonly calls: Call[] = []
  readonly reads: Read[] = []
  /** What went wrong beside stale reads: an error nobody expects, two loaders at once. */
  readonly problems: string[] = []
  readonly #births: Birth[] = []

  /** A loader has been called: it reads the source now. */
  loaded(key: Key, tags: readonly string[], step: number): Value {
    return { key, id: this.#births.push({ tags, step }) - 1 }
  }

  /** A value for a set, which counts from a later step: see {@link settle}. */
  given(key: Key, tags: readonly string[]): Value {
    return this.loaded(key, tags, Number.POSITIVE_INFINITY)
  }

  /** The step from which a given value counts as made. */
  settle({ id }: Value, step: number): void {
    const birth = this.#births[id]
    if (birth) birth.step = step
  }

  /** How many values were served that were made after a call had begun: the cache did something. */
  get renewed(): number {
    return this.reads.filter(({ value }) =>
      this.calls.some(({ began }) => this.#birth(value).step > began),
    ).length
  }

  /** One sentence for each read that broke the promise, and each other problem. */
  violations(lagOf: LagOf): string[] {
    return [...this.problems, ...this.reads.flatMap((read) => this.#faultOf(read, lagOf))]
  }

  /** T1 to T3, and T6 for an isolate that lags. */
  #faultOf(read: Read, lagOf: LagOf): string[] {
    if (read.value.key !== read.key) return [`${nameOf(read)} was served a value of another key`]
    const { tags, step } = this.#birth(read.value)
    const broken = this.calls.find(
      (call) =>
        step < call.began &&
        binds(call, read, lagOf(read.who)) &&
        covers(call, [...tags, ...read.tags]),
    )
    return broken
      ? [
          `${nameOf(read)} was served what was made before "${broken.name}" of isolate ${broken.who}`,
        ]
      : []
  }

  #birth({ id }: Value): Birth {
    return this.#births[id] ?? { tags: [], step: 0 }
  }
}

/** Whether a read must honour a call: it had returned, so long ago or in the same isolate. */
function binds({ who, keys, soft, returned }: Call, read: Read, lagMs: number): boolean {
  if (returned === undefined || !keys.includes(read.key)) return false
  if (soft && !read.freshOnly) return false
  if (returned.step >= read.began.step) return false
  return who === read.who || returned.at <= read.began.at - lagMs
}

/** A call by tags covers what bears one of them, and what a reader of one of them asks for. */
function covers({ tags }: Call, named: readonly string[]): boolean {
  return tags === undefined || tags.some((tag) => named.includes(tag))
}

function nameOf({ who, how, key, began }: Read): string {
  return `${how} of ${key} by isolate ${who}, begun at step ${began.step},`
}
