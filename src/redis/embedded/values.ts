/**
 * The values that a key can hold. Every collection knows its own size in bytes, so that the keyspace can
 * respect its memory limit without walking through it.
 *
 * Sizes are estimates: one byte a UTF-16 unit, as JavaScript engines store Latin text, and a fixed overhead a
 * member.
 *
 * @module
 */

import { IndexedMap } from './indexed-map.ts'
import type { StringValue } from './string-value.ts'

/** Overhead of a collection's member in bytes, besides its text. */
export const MEMBER_BYTES = 48

/** A value other than a string. */
export interface Collection {
  readonly type: 'hash' | 'set' | 'zset' | 'list'
  /** The number of members; an empty collection is never stored. */
  readonly size: number
  /** Estimated. */
  readonly bytes: number
  /** A deep copy, for COPY. */
  clone(): Collection
}

/** A value: a string, or a collection. */
export type Value = StringValue | Collection

/** Whether the value is of Redis' type string. */
export function isString(value: Value): value is StringValue {
  return typeof value === 'string' || value instanceof Uint8Array
}

/** Fields and their values, in order of insertion. */
export class HashValue implements Collection {
  readonly type = 'hash'
  readonly fields: IndexedMap<string> = new IndexedMap()
  #bytes = 0

  get size(): number {
    return this.fields.size
  }

  get bytes(): number {
    return this.#bytes
  }

  get(field: string): string | undefined {
    return this.fields.get(field)
  }

  /** Returns whether the field is new. */
  set(field: string, value: string): boolean {
    const old = this.fields.get(field)
    this.fields.set(field, value)
    this.#bytes += value.length - (old?.length ?? -field.length - MEMBER_BYTES)
    return old === undefined
  }

  delete(field: string): boolean {
    const old = this.fields.get(field)
    if (old === undefined) return false
    this.#bytes -= old.length + field.length + MEMBER_BYTES
    return this.fields.delete(field)
  }

  clone(): HashValue {
    const copy = new HashValue()
    for (const [field, value] of this.fields.entries()) copy.set(field, value)
    return copy
  }
}

/** Distinct members. */
export class SetValue implements Collection {
  readonly type = 'set'
  readonly members: IndexedMap<true> = new IndexedMap()
  #bytes = 0

  get size(): number {
    return this.members.size
  }

  get bytes(): number {
    return this.#bytes
  }

  has(member: string): boolean {
    return this.members.has(member)
  }

  /** Returns whether the member is new. */
  add(member: string): boolean {
    if (this.members.has(member)) return false
    this.members.set(member, true)
    this.#bytes += member.length + MEMBER_BYTES
    return true
  }

  delete(member: string): boolean {
    if (!this.members.delete(member)) return false
    this.#bytes -= member.length + MEMBER_BYTES
    return true
  }

  clone(): SetValue {
    const copy = new SetValue()
    for (const member of this.members.keys()) copy.add(member)
    return copy
  }
}
