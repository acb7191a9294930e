/**
 * The states of each message of a mailbox, commit by commit, and which of them a read may show.
 *
 * @module
 */

import type { Email, EmailImage } from '../../../src/email/email.ts'

/** A message after a commit; null if it does not exist. */
type State = Pick<EmailImage, 'status' | 'isRead' | 'categories'> | null

/** A write that has returned. */
interface Returned {
  /** Index of the state of the message that it made. */
  readonly nth: number
  /** Epoch milliseconds. */
  readonly at: number
  readonly owner: number
}

/** For each message, the index of the first state that a read may show. */
export type Least = ReadonlyMap<string, number>

/** A reading actor, and how far it may lag behind the writes of others, in milliseconds. */
export interface Reader {
  readonly owner: number
  readonly lagMs: number
}

/** The states of all messages, in the order of their commits. */
export class MailHistory {
  readonly #states: ReadonlyMap<string, State[]>
  readonly #returned: ReadonlyMap<string, Returned[]>

  /** A history of messages that do not exist yet. */
  constructor(ids: readonly string[]) {
    this.#states = new Map(ids.map((id) => [id, [null]]))
    this.#returned = new Map(ids.map((id) => [id, [{ nth: 0, at: 0, owner: -1 }]]))
  }

  /** @returns The index of this state of the message. */
  commit(id: string, state: State): number {
    return (this.#states.get(id)?.push(state) ?? 0) - 1
  }

  return(id: string, returned: Returned): void {
    this.#returned.get(id)?.push(returned)
  }

  /** The states that a read beginning now must show, or newer ones. */
  leastOf({ owner, lagMs }: Reader, now: number): Least {
    return new Map(
      [...this.#returned].map(([id, all]) => {
        const seen = all.filter((write) => write.owner === owner || write.at <= now - lagMs)
        return [id, Math.max(...seen.map(({ nth }) => nth))]
      }),
    )
  }

  /** The messages that are listed, or not listed, although no state that may be shown permits it. */
  misplaced(
    listed: readonly string[],
    isMeant: (state: NonNullable<State>) => boolean,
    least: Least,
  ): string[] {
    return [...least].flatMap(([id, from]) => {
      const states = this.#since(id, from)
      const isListed = listed.includes(id)
      const isRight = states.some((state) => (state !== null && isMeant(state)) === isListed)
      return isRight ? [] : [`${id} ${isListed ? 'is' : 'is not'} listed`]
    })
  }

  /** Whether a count of messages is possible with the states that may be shown. */
  isCount(count: number, isMeant: (state: NonNullable<State>) => boolean, least: Least): boolean {
    const counts = [...least].map(([id, from]) =>
      this.#since(id, from).map((state) => state !== null && isMeant(state)),
    )
    const certain = counts.filter((states) => states.every(Boolean)).length
    return count >= certain && count <= counts.filter((states) => states.some(Boolean)).length
  }

  /** Whether a message, or its absence, equals one of the states that may be shown. */
  isShown(id: string, email: Email | undefined, least: Least): boolean {
    return this.#since(id, least.get(id) ?? 0).some((state) => textOf(state) === textOf(email))
  }

  #since(id: string, from: number): readonly State[] {
    return (this.#states.get(id) ?? []).slice(from)
  }
}

/** No two states have the same categories. */
function textOf(state: State | undefined): string {
  return state ? `${state.status} ${state.isRead} ${state.categories.join()}` : 'none'
}
