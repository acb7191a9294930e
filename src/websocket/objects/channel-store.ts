/**
 * The SQLite tables of a channel. Their data survive eviction, hibernation and a new version of the Worker.
 * The tables are created at the first write.
 *
 * @module
 */

import type { OutboxRow, OutboxStore } from '../protocol/webhook-outbox.ts'
import type { HubState } from './hub-counts.ts'
import type { MembershipRows } from './membership.ts'
import type { RosterRow } from './roster-types.ts'
import type { ObjectStorage, SqlRow } from './runtime.ts'

/** Names of the single values in the table `meta`. */
export type MetaName =
  | 'epoch'
  | 'serial'
  | 'told'
  | 'floor'
  | 'recording'
  | 'occupied'
  | 'version'
  | 'unlisted'
  | 'unmirrored'

/** A past event as stored. */
export interface StoredEvent {
  readonly serial: number
  /** Epoch milliseconds. */
  readonly at: number
  readonly frame: string
  /** The socket that published the event, and does not get it. */
  readonly origin: string | undefined
}

/** The last event of a cache channel as stored. */
export interface StoredLast {
  readonly serial: number
  readonly event: string
  readonly data: string
  readonly frame: string
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

const TABLES = [
  'CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID',
  'CREATE TABLE hub (name TEXT PRIMARY KEY, epoch, floor, seq, sockets, lease_until) WITHOUT ROWID',
  'CREATE TABLE count (hub TEXT, user TEXT, sockets, seq, PRIMARY KEY (hub, user)) WITHOUT ROWID',
  // This table keeps its row ids, which hold the order in which users joined.
  `CREATE TABLE user (id TEXT PRIMARY KEY, is_present, info, stay, leaves_at, is_told, told_info,
    told_stay)`,
  'CREATE TABLE past (serial INTEGER PRIMARY KEY, at, frame, origin)',
  'CREATE TABLE last (place INTEGER PRIMARY KEY, serial, event, data, frame, expires_at)',
  'CREATE TABLE outbox (id INTEGER PRIMARY KEY, row)',
]

/** The tables of one channel. */
export class ChannelStore implements OutboxStore {
  readonly #storage: ObjectStorage
  #isMade: boolean
  /** The stored count of users; `undefined` until it was read. */
  #told: number | undefined

  constructor(storage: ObjectStorage) {
    this.#storage = storage
    const [made] = storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'meta'")
    this.#isMade = made !== undefined
  }

  meta(name: MetaName): string | number | undefined {
    const [row] = this.#read('SELECT value FROM meta WHERE name = ?', name)
    return row?.['value'] as string | number | undefined
  }

  setMeta(name: MetaName, value: string | number): void {
    this.#write('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)', name, value)
  }

  /** All rows that {@link keep} has stored and not deleted. */
  membership(): MembershipRows {
    const hubs = this.#read('SELECT * FROM hub')
    const counts = this.#read('SELECT * FROM count')
    const users = this.#read('SELECT * FROM user ORDER BY rowid')
    return {
      hubs: hubs.map((row) => [String(row['name']), hubOf(row)] as const),
      counts: counts.map(
        ({ hub, user, sockets, seq }) =>
          [String(hub), String(user), { sockets: Number(sockets), seq: Number(seq) }] as const,
      ),
      users: users.map((row) => [String(row['id']), userOf(row)] as const),
      toldCount: this.#toldCount(),
    }
  }

  /** Stores the changes in one transaction. */
  keep({ hubs, counts, users, toldCount }: MembershipRows): void {
    const isTold = toldCount === this.#toldCount()
    if (isTold && hubs.length + counts.length + users.length === 0) return
    this.#make()
    this.#storage.transactionSync(() => {
      for (const [name, state] of hubs) this.#keepHub(name, state)
      for (const [hub, user, row] of counts) {
        if (row === undefined)
          this.#write('DELETE FROM count WHERE hub = ? AND user = ?', hub, user)
        else
          this.#write(
            'INSERT OR REPLACE INTO count VALUES (?, ?, ?, ?)',
            hub,
            user,
            row.sockets,
            row.seq,
          )
      }
      for (const [id, row] of users) this.#keepUser(id, row)
      if (!isTold) this.setMeta('told', toldCount)
    })
    this.#told = toldCount
  }

  past(): StoredEvent[] {
    return this.#read('SELECT * FROM past ORDER BY serial').map(
      ({ serial, at, frame, origin }) => ({
        serial: Number(serial),
        at: Number(at),
        frame: String(frame),
        origin: origin === null ? undefined : String(origin),
      }),
    )
  }

  addPast({ serial, at, frame, origin = undefined }: StoredEvent): void {
    this.#write(
      'INSERT OR REPLACE INTO past VALUES (?, ?, ?, ?)',
      serial,
      at,
      frame,
      origin ?? null,
    )
  }

  dropPast(upToSerial: number): void {
    this.#write('DELETE FROM past WHERE serial <= ?', upToSerial)
  }

  last(): StoredLast | undefined {
    const [row] = this.#read('SELECT * FROM last')
    if (row === undefined) return undefined
    const { serial, event, data, frame, expires_at } = row
    return {
      serial: Number(serial),
      event: String(event),
      data: String(data),
      frame: String(frame),
      expiresAt: Number(expires_at),
    }
  }

  setLast(last: StoredLast | undefined): void {
    if (last === undefined) {
      if (this.#isMade) this.#write('DELETE FROM last')
      return
    }
    const { serial, event, data, frame, expiresAt } = last
    this.#write(
      'INSERT OR REPLACE INTO last VALUES (0, ?, ?, ?, ?, ?)',
      serial,
      event,
      data,
      frame,
      expiresAt,
    )
  }

  load(): readonly OutboxRow[] {
    return this.#read('SELECT row FROM outbox ORDER BY id').map(({ row }) =>
      JSON.parse(String(row)),
    )
  }

  put(row: OutboxRow): void {
    this.#write('INSERT OR REPLACE INTO outbox VALUES (?, ?)', row.id, JSON.stringify(row))
  }

  delete(id: number): void {
    this.#write('DELETE FROM outbox WHERE id = ?', id)
  }

  /** Whether the tables exist. */
  get isMade(): boolean {
    return this.#isMade
  }

  /** Deletes all data: an object without storage and without sockets costs nothing. */
  async clear(): Promise<void> {
    if (!this.#isMade) return
    this.#isMade = false
    this.#told = undefined
    await this.#storage.deleteAll()
  }

  #toldCount(): number {
    this.#told ??= Number(this.meta('told') ?? 0)
    return this.#told
  }

  #keepHub(name: string, state: HubState | undefined): void {
    if (state === undefined) {
      this.#write('DELETE FROM hub WHERE name = ?', name)
      return
    }
    const { epoch, floor, seq, sockets, leaseUntil } = state
    this.#write(
      'INSERT OR REPLACE INTO hub VALUES (?, ?, ?, ?, ?, ?)',
      name,
      epoch,
      floor,
      seq,
      sockets,
      leaseUntil,
    )
  }

  #keepUser(id: string, row: RosterRow | undefined): void {
    if (row === undefined) {
      this.#write('DELETE FROM user WHERE id = ?', id)
      return
    }
    const { present, told } = row
    // An upsert: REPLACE would move the row to the end.
    this.#write(
      `INSERT INTO user VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
        is_present = excluded.is_present, info = excluded.info, stay = excluded.stay,
        leaves_at = excluded.leaves_at, is_told = excluded.is_told, told_info = excluded.told_info,
        told_stay = excluded.told_stay`,
      id,
      present ? 1 : 0,
      present?.info ?? null,
      present?.stay ?? null,
      present?.leavesAt ?? null,
      told ? 1 : 0,
      told?.info ?? null,
      told?.stay ?? null,
    )
  }

  #read(query: string, ...bindings: string[]): SqlRow[] {
    return this.#isMade ? [...this.#storage.sql.exec(query, ...bindings)] : []
  }

  #write(query: string, ...bindings: (string | number | null)[]): void {
    this.#make()
    this.#storage.sql.exec(query, ...bindings)
  }

  #make(): void {
    if (this.#isMade) return
    this.#isMade = true
    this.#storage.transactionSync(() => {
      for (const table of TABLES) this.#storage.sql.exec(table)
    })
  }
}

function hubOf({ epoch, floor, seq, sockets, lease_until }: SqlRow): HubState {
  return {
    epoch: Number(epoch),
    floor: Number(floor),
    seq: Number(seq),
    sockets: Number(sockets),
    leaseUntil: Number(lease_until),
  }
}

function userOf(row: SqlRow): RosterRow {
  const { info, stay, leaves_at, told_info, told_stay } = row
  const leavesAt = leaves_at === null ? undefined : Number(leaves_at)
  return {
    present:
      row['is_present'] === 1 ? { info: textOf(info), stay: Number(stay), leavesAt } : undefined,
    told: row['is_told'] === 1 ? { info: textOf(told_info), stay: Number(told_stay) } : undefined,
  }
}

function textOf(value: unknown): string | undefined {
  return value === null ? undefined : String(value)
}
