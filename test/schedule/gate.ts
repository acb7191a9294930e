/**
 * Holds concurrent steps, so that a schedule decides which continues next.
 *
 * fast-check has a scheduler of its own, but it does not shrink the order that it has chosen. Here the
 * order is part of the generated moves, so that it shrinks with them.
 *
 * @module
 */

/** How a held step continues. The step itself defines what `fail` and `twice` mean. */
export type Fate = 'go' | 'fail' | 'twice'

interface Held {
  readonly owner: number
  readonly label: string
  readonly settle: (fate: Fate) => void
}

/** The held steps, in order of arrival. */
export class Gate {
  #held: Held[] = []

  get size(): number {
    return this.#held.length
  }

  /** Waits until the schedule picks this step. Never resolves if its owner is dropped. */
  wait(owner: number, label: string): Promise<Fate> {
    return new Promise((settle) => this.#held.push({ owner, label, settle }))
  }

  /** Lets the n-th held step (modulo their number) continue, and returns its label. */
  settle(n: number, fate: Fate): string | undefined {
    const [step] = this.#held.splice(n % Math.max(1, this.#held.length), 1)
    step?.settle(fate)
    return step?.label
  }

  /** Removes every step of an owner that has died. */
  drop(owner: number): void {
    this.#held = this.#held.filter((step) => step.owner !== owner)
  }
}
