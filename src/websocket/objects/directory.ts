/**
 * One shard of the list of an app's occupied channels.
 *
 * @module
 */

import type { ObjectStorage } from './runtime.ts'
import type { DirectoryStub } from './stubs.ts'

/** The list behind one Durable Object. Channels report their changes; the directory never asks them. */
export class Directory implements DirectoryStub {
  readonly #sql: ObjectStorage['sql']

  constructor({ sql }: ObjectStorage) {
    this.#sql = sql
    sql.exec('CREATE TABLE IF NOT EXISTS channel (name TEXT PRIMARY KEY, version) WITHOUT ROWID')
  }

  /**
   * Ignores a version older than the stored one. A vacated channel keeps no version: the calls of one channel
   * arrive in order, so none is needed.
   */
  async note(channel: string, isOccupied: boolean, version: number): Promise<void> {
    const [row] = this.#sql.exec('SELECT version FROM channel WHERE name = ?', channel)
    if (row !== undefined && Number(row['version']) > version) return
    if (isOccupied) this.#sql.exec('INSERT OR REPLACE INTO channel VALUES (?, ?)', channel, version)
    else this.#sql.exec('DELETE FROM channel WHERE name = ?', channel)
  }

  /** Names that begin with a prefix, in order. */
  async list(prefix: string): Promise<string[]> {
    // The upper bound sorts after every name with the prefix; a LIKE pattern would need escapes.
    const rows = this.#sql.exec(
      'SELECT name FROM channel WHERE name >= ? AND name < ? ORDER BY name',
      prefix,
      `${prefix}\u{10FFFF}`,
    )
    return [...rows].map(({ name }) => String(name))
  }
}
