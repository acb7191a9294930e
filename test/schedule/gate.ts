/**
 * Holds what runs at the same time, so that a schedule says what goes on next.
 *
 * fast-check has a scheduler of its own, but it does not shrink the order it has chosen. Here the
 * order is part of the generated moves, and a failing one shrinks with them.
 *
 * @module
 */

/** How a held step goes on. What `fail` and `twice` mean is up to who waits. */
export type Fate = 'go' | 'fail' | 'twice'

interface Held {
  readonly owner: number
  readonly label: string
  readonly settle: (fate: Fate) => void
}

/** The steps that wait, in the order in which they came. */
export class Gate {
  #held: Held[] = []

  get size(): number {
    return this.#held.length
  }

  /** Waits until the schedule picks this step. Never resolves if its owner is dropped. */
  wait(owner: number, label: string): Promise<Fate> {
    return new Promise((settle) => this.#held.push({ owner, label, settle }))
  }

  /** Lets the n-th step, counted around, go on; returns its label. */
  settle(n: number, fate: Fate): string | undefined {
    const [step] = this.#held.splice(n % Math.max(1, this.#held.length), 1)
    step?.settle(fate)
    return step?.label
  }

  /** Forgets every step of an owner that has died. */
  drop(owner: number): void {
    this.#held = this.#held.filter((step) => step.owner !== owner)
  }
}
