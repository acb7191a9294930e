/**
 * The methods for cached data of users: data, preferences, permissions, activity.
 *
 * @module
 */

import { carriedOn } from '../platform/carried-on.ts'
import { type ActivityOptions, type ActivityPage, activityOf, track } from './activity.ts'
import type { SessionContext } from './context.ts'
import { type PermissionListener, PermissionListeners } from './permission-listeners.ts'
import { PERMISSIONS, PREFERENCES, USER_DATA, type UserField } from './user-values.ts'
import {
  changeUserPermissions,
  hardIdOf,
  lastSeen,
  loadUserValue,
  putUserValue,
  renewUser,
  userValue,
} from './users.ts'

/** The part of a `SessionUserCache` that needs no session. */
export class UserCache<Preferences, User> {
  readonly #ctx: SessionContext
  readonly #listeners = new PermissionListeners()

  constructor(ctx: SessionContext) {
    this.#ctx = ctx
  }

  /** Stores a user's data for `userTtl`. @throws {InvalidValueError} When it cannot be stored. */
  cacheUserData(userId: string, data: User): Promise<void> {
    return putUserValue(this.#ctx, userId, USER_DATA, data)
  }

  /** The stored data of a user; `undefined` if there is none. */
  getCachedUserData(userId: string): Promise<User | undefined> {
    return this.#read<User>(userId, USER_DATA)
  }

  /**
   * The stored data of a user, or else what `load` returns. That is stored, unless the user was invalidated
   * in the meantime.
   *
   * @throws Whatever `load` rejected with, unchanged.
   */
  async getUserData(userId: string, load: () => Promise<User>): Promise<User> {
    return (await loadUserValue(this.#ctx, userId, USER_DATA, load)) as User
  }

  /**
   * Stores a user's preferences for `preferencesTtl`.
   *
   * @throws {InvalidValueError} When they do not fit `preferencesSchema`, or cannot be stored.
   */
  cacheUserPreferences(userId: string, preferences: Preferences): Promise<void> {
    return putUserValue(this.#ctx, userId, PREFERENCES, preferences)
  }

  /** The stored preferences of a user; `undefined` if there are none, or none that fit the schema. */
  getCachedUserPreferences(userId: string): Promise<Preferences | undefined> {
    return this.#read<Preferences>(userId, PREFERENCES)
  }

  /** Like {@link getUserData}, for a user's preferences. */
  async getUserPreferences(userId: string, load: () => Promise<Preferences>): Promise<Preferences> {
    return (await loadUserValue(this.#ctx, userId, PREFERENCES, load)) as Preferences
  }

  /**
   * Sets a user's permissions. Every validation that starts after this has returned sees them; the fast path
   * sees them within its bound.
   *
   * @throws {InvalidValueError} When there are more than 1,000, or one is longer than 256 characters.
   */
  cacheUserPermissions(userId: string, permissions: readonly string[]): Promise<void> {
    return putUserValue(this.#ctx, userId, PERMISSIONS, permissions)
  }

  /** The stored permissions of a user; `undefined` if there are none. */
  getCachedUserPermissions(userId: string): Promise<readonly string[] | undefined> {
    return this.#read<readonly string[]>(userId, PERMISSIONS)
  }

  /** Like {@link getUserData}, for a user's permissions. */
  async getUserPermissions(
    userId: string,
    load: () => Promise<readonly string[]>,
  ): Promise<readonly string[]> {
    return (await loadUserValue(this.#ctx, userId, PERMISSIONS, load)) as readonly string[]
  }

  /**
   * Announces that a user's role or permissions have changed. Call it after the change is stored where
   * permissions are decided.
   *
   * First the sessions are updated. Validations then see the new permissions; without `permissions` they see
   * none, and {@link getUserPermissions} loads them again. The user's data, which may contain a role, is
   * dropped. Then every listener of {@link onPermissionChange} drops what it has computed before. Once this
   * has returned, none of that is served, and results that were being computed in the meantime are not
   * stored. The fast path sees the change within its bound.
   *
   * @throws {InvalidValueError} As {@link cacheUserPermissions} does.
   * @throws {SessionUnavailableError} When the sessions could not be updated; then no listener was called.
   *   Call again.
   * @throws Whatever a listener rejected with, unchanged, after all were called. Call again.
   */
  changePermissions(userId: string, permissions?: readonly string[]): Promise<void> {
    const changed = changeUserPermissions(this.#ctx, userId, permissions)
    const told = changed.then(() => this.#listeners.tell(userId))
    return carriedOn(this.#ctx.platform, told)
  }

  /**
   * Adds a listener that holds results computed from a user's permissions: answers, lists, pages. {@link
   * changePermissions} calls it and waits for it, but only in the isolate where `changePermissions` is
   * called.
   *
   * @returns A function that removes the listener.
   */
  onPermissionChange(listener: PermissionListener): () => void {
    return this.#listeners.add(listener)
  }

  /**
   * Drops a user's data, preferences and permissions in one step. Loads in progress are not stored. Sessions
   * stay valid, without permissions until these are set again.
   */
  invalidateUser(userId: string): Promise<void> {
    return renewUser(this.#ctx, userId)
  }

  /** The former name of {@link invalidateUser}. */
  invalidateUserData(userId: string): Promise<void> {
    return this.invalidateUser(userId)
  }

  /**
   * An id that changes at each revocation of the user's sessions. Read it before a password is checked, and
   * pass it to `createSession` as `ifEpoch`: then a login cannot outrun a revocation.
   */
  sessionEpoch(userId: string): Promise<string> {
    return hardIdOf(this.#ctx, userId)
  }

  /** When a user was last seen, in epoch milliseconds, accurate to the touch interval. */
  lastSeen(userId: string): Promise<number | undefined> {
    return lastSeen(this.#ctx, userId)
  }

  /**
   * Appends to a user's activity: one command. Actions are in the order in which Redis gets them.
   *
   * @param action 1 to 128 characters.
   */
  trackActivity(userId: string, action: string, meta?: unknown): Promise<void> {
    return track(this.#ctx, userId, action, meta)
  }

  /** A page of a user's activity, the latest first. */
  getUserActivity(userId: string, options?: ActivityOptions): Promise<ActivityPage> {
    return activityOf(this.#ctx, userId, options)
  }

  async #read<T>(userId: string, field: UserField): Promise<T | undefined> {
    return (await userValue(this.#ctx, userId, field))?.value as T | undefined
  }
}
