/**
 * The members of a presence channel, as far as the server has listed them to this client.
 *
 * @module
 */

import { fieldsOf } from './frame.ts'

/** A user in a presence channel. */
export interface Member<Info = unknown> {
  readonly id: string
  /** As signed by the app's server; `undefined` if there is none, or it is `{}`. */
  readonly info: Info | undefined
}

/** A change of the members. */
export type MemberChange =
  | { readonly kind: 'joined'; readonly member: Member }
  | { readonly kind: 'left'; readonly member: Member }
  | { readonly kind: 'updated'; readonly member: Member }

/** The members of one channel. */
export class Members {
  readonly all: Map<string, Member> = new Map()
  #count = 0

  /** The number of members. Exact even where a large channel does not list all of them. */
  get count(): number {
    return Math.max(this.#count, this.all.size)
  }

  /** Replaces the members by the list in a subscription's answer. @returns The changes. */
  replace(data: unknown): MemberChange[] {
    const { hash, count } = fieldsOf(fieldsOf(data)['presence'])
    const users = Object.entries(fieldsOf(hash))
    const here = new Set(users.map(([id]) => id))
    const gone = [...this.all.keys()].filter((id) => !here.has(id)).flatMap((id) => this.#leave(id))
    const came = users.flatMap(([id, info]) => this.#join(id, info))
    this.#count = Number(count) || 0
    return [...gone, ...came]
  }

  /** Applies one event. @returns The changes; `undefined` if it is not a presence event. */
  take(event: string, data: unknown): MemberChange[] | undefined {
    const { user_id, user_info, joins, leaves, count } = fieldsOf(data)
    switch (event) {
      case 'pusher_internal:member_added':
        this.#count++
        return this.#join(String(user_id), user_info)
      case 'pusher_internal:member_removed':
        this.#count--
        return this.#leave(String(user_id))
      case 'nearcache:presence_update':
        return this.#join(String(user_id), user_info)
      case 'nearcache:presence_diff': {
        const gone = listOf(leaves).flatMap((id) => this.#leave(String(id)))
        const came = listOf(joins).map(fieldsOf)
        this.#count = Number(count) || 0
        return [
          ...gone,
          ...came.flatMap((user) => this.#join(String(user['user_id']), user['user_info'])),
        ]
      }
      default:
        return undefined
    }
  }

  clear(): void {
    this.all.clear()
    this.#count = 0
  }

  #join(id: string, given: unknown): MemberChange[] {
    // Lists say `{}` or `null` of a member without information, and news leave it out.
    const info = JSON.stringify(given ?? {}) === '{}' ? undefined : given
    const known = this.all.get(id)
    if (known !== undefined && JSON.stringify(known.info) === JSON.stringify(info)) return []
    const member = { id, info }
    this.all.set(id, member)
    return [{ kind: known === undefined ? 'joined' : 'updated', member }]
  }

  #leave(id: string): MemberChange[] {
    const member = this.all.get(id)
    this.all.delete(id)
    return member === undefined ? [] : [{ kind: 'left', member }]
  }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
