/**
 * Records what happened in a world, and checks it against the promise of docs/consistency.md.
 *
 * @module
 */

/** The keys of a world. */
export type Key = 'ka' | 'kb'

/** A cached value. The history records its origin. */
export interface Value {
  readonly key: Key
  readonly id: number
}

/** A call after which no older value may be served. */
export interface Call {
  readonly who: number
  readonly name: string
  readonly keys: readonly Key[]
  /** The tags that it invalidates; `undefined` if it covers its keys whatever their tags are. */
  readonly tags?: readonly string[] | undefined
  /** Older values may still be served as stale. */
  readonly soft: boolean
  readonly began: number
  /** `undefined` until the call returns. Stays so if it rejects or its isolate dies. */
  returned?: Moment
}

/** A read of one key that returned a value. */
export interface Read {
  readonly who: number
  readonly how: string
  readonly key: Key
  readonly began: Moment
  /** The tags that the read declares. */
  readonly tags: readonly string[]
  /** Whether it returns only fresh values, so that it must honour soft calls too. */
  readonly freshOnly: boolean
  readonly value: Value
}

/** A step of the schedule, and the world's time in milliseconds. */
export interface Moment {
  readonly step: number
  readonly at: number
}

/** The step at which a value counts as made; `Infinity` while its set is in progress. */
interface Birth {
  readonly tags: readonly string[]
  step: number
}

/** How far an isolate may lag behind calls of others, in milliseconds. */
export type LagOf = (who: number) => number

/** All calls and reads of a world. */
export class History {
  readonly calls: Call[] = []
  readonly reads: Read[] = []
  /** Problems other than stale reads: unexpected errors, two loaders at once. */
  readonly problems: string[] = []
  readonly #births: Birth[] = []

  /** Records that a loader was called and reads the source now. */
  loaded(key: Key, tags: readonly string[], step: number): Value {
    return { key, id: this.#births.push({ tags, step }) - 1 }
  }

  /** Makes a value for a set. It counts as made from a later step: see {@link settle}. */
  given(key: Key, tags: readonly string[]): Value {
    return this.loaded(key, tags, Number.POSITIVE_INFINITY)
  }

  /** Records the step from which a given value counts as made. */
  settle({ id }: Value, step: number): void {
    const birth = this.#births[id]
    if (birth) birth.step = step
  }

  /** How many reads returned a value made after a call had begun. If none did, the test proves nothing. */
  get renewed(): number {
    return this.reads.filter(({ value }) =>
      this.calls.some(({ began }) => this.#birth(value).step > began),
    ).length
  }

  /** One sentence for each read that broke the promise, and each other problem. */
  violations(lagOf: LagOf): string[] {
    return [...this.problems, ...this.reads.flatMap((read) => this.#faultOf(read, lagOf))]
  }

  /** Checks T1 to T3, and T6 for an isolate that may lag. */
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

/** Whether a read must honour a call: it had returned, in the same isolate or at least `lagMs` before. */
function binds({ who, keys, soft, returned }: Call, read: Read, lagMs: number): boolean {
  if (returned === undefined || !keys.includes(read.key)) return false
  if (soft && !read.freshOnly) return false
  if (returned.step >= read.began.step) return false
  return who === read.who || returned.at <= read.began.at - lagMs
}

/** A call by tags covers values that have one of the tags, and reads that declare one of them. */
function covers({ tags }: Call, named: readonly string[]): boolean {
  return tags === undefined || tags.some((tag) => named.includes(tag))
}

function nameOf({ who, how, key, began }: Read): string {
  return `${how} of ${key} by isolate ${who}, begun at step ${began.step},`
}
