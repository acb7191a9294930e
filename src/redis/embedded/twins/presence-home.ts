/**
 * The functions that the twins of the presence scripts share, the same line by line as in the scripts.
 *
 * @module
 */

import type { Call } from '../scripting.ts'
import { clock, texts } from './user.ts'

/** A live connection. */
export interface Known {
  /** When its lease ends, in epoch milliseconds. */
  readonly at: number
  readonly user: string
  readonly node: string
  readonly write: string
}

/** Keys and shared steps of one namespace, at one instant. */
export class Home {
  readonly now: number
  readonly call: Call
  readonly #home: string

  constructor(call: Call, home: string) {
    this.call = call
    this.#home = home
    this.now = clock(call)
  }

  key(kind: string, name: string): string {
    return `${this.#home}:${kind}:${name}`
  }

  get nodes(): string {
    return `${this.#home}:n`
  }

  keep(key: string, at: number): void {
    if (Number(this.call('PTTL', key)) < at - this.now) this.call('PEXPIREAT', key, String(at))
  }

  index(key: string, at: number, member: string): void {
    this.call('ZADD', key, String(at), member)
    this.keep(key, at)
  }

  seen(user: string, life: number): void {
    const key = this.key('p', user)
    this.call('HSET', key, 'l', String(this.now))
    this.keep(key, this.now + life)
  }

  isIn(key: string, member: string): 0 | 1 {
    return this.call('ZSCORE', key, member) === null ? 0 : 1
  }

  forget(key: string): void {
    this.call('ZREMRANGEBYSCORE', key, '-inf', String(this.now))
  }

  /** Members whose leases have not ended, ordered by the end of the lease. */
  live(key: string, ...limit: readonly string[]): readonly string[] {
    return texts(
      this.call('ZRANGEBYSCORE', key, `(${this.now}`, '+inf', ...limit),
    ) as readonly string[]
  }

  count(key: string): number {
    return Number(this.call('ZCOUNT', key, `(${this.now}`, '+inf'))
  }

  /** Records that a node has connections until `at`, unless a later time is recorded already. */
  holds(node: string, at: number): void {
    const before = Number(this.call('ZSCORE', this.nodes, node) ?? 0)
    this.index(this.nodes, Math.max(at, before), node)
  }

  settle(room: string, user: string): number {
    let latest = 0
    for (const conn of this.live(this.key('u', user))) {
      latest = Math.max(latest, Number(this.call('ZSCORE', this.key('m', room), conn) ?? 0))
    }
    const infos = this.key('i', room)
    if (latest > this.now) {
      this.index(this.key('w', room), latest, user)
      if (this.call('EXISTS', infos) === 1) this.keep(infos, latest)
    } else {
      this.call('ZREM', this.key('w', room), user)
      this.call('HDEL', infos, user)
    }
    return latest
  }

  prune(room: string): void {
    const [users, now] = [this.key('w', room), String(this.now)]
    const gone = texts(this.call('ZRANGEBYSCORE', users, '-inf', now, 'LIMIT', 0, 1_000))
    for (const user of gone) {
      this.call('ZREM', users, String(user))
      this.call('HDEL', this.key('i', room), String(user))
    }
    this.forget(this.key('m', room))
  }

  enter(conn: string, [room, about, info]: readonly string[], user: string, at: number): void {
    this.call('HSET', this.key('c', conn), `r:${room}`, about ?? '')
    this.index(this.key('m', room ?? ''), at, conn)
    if (user === '') return
    const since = Number(this.call('ZSCORE', this.key('w', room ?? ''), user) ?? 0)
    if (since <= this.now) this.call('HDEL', this.key('i', room ?? ''), user)
    const latest = this.settle(room ?? '', user)
    if (info === '') return
    this.call('HSETNX', this.key('i', room ?? ''), user, info ?? '')
    this.keep(this.key('i', room ?? ''), latest)
  }

  leave(conn: string, room: string, user: string): number {
    this.call('HDEL', this.key('c', conn), `r:${room}`)
    const was = Number(this.call('ZREM', this.key('m', room), conn))
    if (user !== '') this.settle(room, user)
    return was
  }

  rooms(conn: string): string[] {
    const fields = texts(this.call('HKEYS', this.key('c', conn))) as readonly string[]
    return fields
      .filter((field) => field.startsWith('r:'))
      .map((field) => field.slice(2))
      .sort()
  }

  alive(conn: string): Known | undefined {
    const found = texts(this.call('HMGET', this.key('c', conn), 'x', 'u', 'n', 'v'))
    const [at, user = '', node = '', write = ''] = found.map((text) => text ?? '')
    if (at === '' || Number(at) <= this.now) return undefined
    return { at: Number(at), user, node, write }
  }

  drop(conn: string, { user, node }: Known): void {
    this.call('ZREM', this.key('n', node), conn)
    if (user !== '') this.call('ZREM', this.key('u', user), conn)
    for (const room of this.rooms(conn)) this.leave(conn, room, user)
    this.call('DEL', this.key('c', conn))
  }

  close(conn: string, known: Known, life: number, remember: number): void {
    if (known.user !== '') this.seen(known.user, life)
    this.drop(conn, known)
    this.call('HSET', this.key('c', conn), 'v', known.write)
    this.call('PEXPIRE', this.key('c', conn), String(remember))
  }
}
