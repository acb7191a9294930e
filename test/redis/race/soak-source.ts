/**
 * The source of truth of a soak, a plain Redis of its own: a version for each row, and the floors
 * that its writers have published.
 *
 * A writer raises a row's version, makes its call, and publishes the version as the row's floor once
 * the call has returned. A reader gets the floor before its read begins. So the call of this floor had
 * returned before the read began, and no clock is needed to order them.
 *
 * @module
 */

import { Redis } from 'ioredis'

/** `hard`: no older version may be served. `soft`: no older version may be served as fresh. */
export type Strength = 'hard' | 'soft'

/** A row's floors. */
export type Floor = Readonly<Record<Strength, number>>

export class SoakSource {
  readonly #redis: Redis

  constructor(url: string) {
    this.#redis = new Redis(url)
  }

  /** Changes rows. @returns Their new versions, each higher than any before. */
  async change(rows: readonly number[]): Promise<number[]> {
    return Promise.all(rows.map((row) => this.#redis.incr(`version:${row}`)))
  }

  async versions(rows: readonly number[]): Promise<number[]> {
    return (await this.#redis.mget(rows.map((row) => `version:${row}`))).map(Number)
  }

  async publish(
    strength: Strength,
    rows: readonly number[],
    versions: readonly number[],
  ): Promise<void> {
    const members = rows.flatMap((row, i) => [String(versions[i] ?? 0), String(row)])
    await this.#redis.call('ZADD', [strength, 'GT', ...members])
  }

  async floors(rows: readonly number[]): Promise<Floor[]> {
    const [hard, soft] = await Promise.all([
      this.#redis.zmscore('hard', ...rows.map(String)),
      this.#redis.zmscore('soft', ...rows.map(String)),
    ])
    return rows.map((_row, i) => ({ hard: Number(hard[i] ?? 0), soft: Number(soft[i] ?? 0) }))
  }

  close(): void {
    this.#redis.disconnect()
  }
}
