/**
 * The SQLite tables of a hub: the channels that know of it, and what did not fit into socket attachments.
 *
 * @module
 */

import type { ObjectStorage } from './runtime.ts'

/** Names of the single values in the table `meta`. */
export type HubMetaName = 'epoch' | 'seq' | 'drainUntil'

const TABLES = [
  'CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID',
  // A channel is in this table from before the first report to it until it has acknowledged that the hub has
  // no more subscribers.
  'CREATE TABLE IF NOT EXISTS attached (channel TEXT PRIMARY KEY, is_behind) WITHOUT ROWID',
  'CREATE TABLE IF NOT EXISTS spilled (socket TEXT PRIMARY KEY, subscriptions) WITHOUT ROWID',
]

/** The tables of one hub. */
export class HubStore {
  readonly #sql: ObjectStorage['sql']

  constructor({ sql }: ObjectStorage) {
    this.#sql = sql
    for (const table of TABLES) sql.exec(table)
  }

  meta(name: HubMetaName): number | undefined {
    const [row] = this.#sql.exec('SELECT value FROM meta WHERE name = ?', name)
    return row === undefined ? undefined : Number(row['value'])
  }

  setMeta(name: HubMetaName, value: number): void {
    this.#sql.exec('INSERT OR REPLACE INTO meta VALUES (?, ?)', name, value)
  }

  /** Channels that may know of this hub, and whether a report to them failed. */
  attached(): (readonly [channel: string, isBehind: boolean])[] {
    const rows = [...this.#sql.exec('SELECT channel, is_behind FROM attached')]
    return rows.map(({ channel, is_behind }) => [String(channel), is_behind === 1] as const)
  }

  attach(channel: string, isBehind: boolean): void {
    this.#sql.exec('INSERT OR REPLACE INTO attached VALUES (?, ?)', channel, isBehind ? 1 : 0)
  }

  detach(channel: string): void {
    this.#sql.exec('DELETE FROM attached WHERE channel = ?', channel)
  }

  spilled(socket: string): string | undefined {
    const [row] = this.#sql.exec('SELECT subscriptions FROM spilled WHERE socket = ?', socket)
    return row === undefined ? undefined : String(row['subscriptions'])
  }

  spill(socket: string, subscriptions: string): void {
    this.#sql.exec('INSERT OR REPLACE INTO spilled VALUES (?, ?)', socket, subscriptions)
  }

  dropSpilled(socket: string): void {
    this.#sql.exec('DELETE FROM spilled WHERE socket = ?', socket)
  }

  /** Drops what is stored for all other sockets: they have ended without a close event. */
  keepSpilled(connections: Iterable<{ readonly id: string }>): void {
    const ids = new Set([...connections].map(({ id }) => id))
    const rows = [...this.#sql.exec('SELECT socket FROM spilled')]
    const gone = rows.map(({ socket }) => String(socket)).filter((socket) => !ids.has(socket))
    for (const socket of gone) this.dropSpilled(socket)
  }
}
