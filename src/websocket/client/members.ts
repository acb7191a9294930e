/**
 * Who is in a presence channel, as far as this client was told.
 *
 * @module
 */

import { fieldsOf } from './frame.ts'

/** A user in a presence channel. */
export interface Member<Info = unknown> {
  readonly id: string
  /** As it was signed; `undefined` where nothing was. */
  readonly info: Info | undefined
}

/** What has changed. */
export type MemberChange =
  | { readonly kind: 'joined'; readonly member: Member }
  | { readonly kind: 'left'; readonly member: Member }
  | { readonly kind: 'updated'; readonly member: Member }

/** The members of one channel. */
export class Members {
  readonly all: Map<string, Member> = new Map()
  #count = 0

  /** Exact, where a large channel no longer names everybody. */
  get count(): number {
    return Math.max(this.#count, this.all.size)
  }

  /** Takes the list of a subscription. @returns What is not as it was. */
  replace(data: unknown): MemberChange[] {
    const { hash, count } = fieldsOf(fieldsOf(data)['presence'])
    const users = Object.entries(fieldsOf(hash))
    const here = new Set(users.map(([id]) => id))
    const gone = [...this.all.keys()].filter((id) => !here.has(id)).flatMap((id) => this.#leave(id))
    const came = users.flatMap(([id, info]) => this.#join(id, info ?? undefined))
    this.#count = Number(count) || 0
    return [...gone, ...came]
  }

  /** Takes one event. @returns What it changes; `undefined` where it is none of presence. */
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

  #join(id: string, info: unknown): MemberChange[] {
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
