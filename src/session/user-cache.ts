/**
 * What is cached of users, as methods: data, preferences, permissions, activity.
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

  /** Keeps a user's data for `userTtl`. @throws {InvalidValueError} When it cannot be stored. */
  cacheUserData(userId: string, data: User): Promise<void> {
    return putUserValue(this.#ctx, userId, USER_DATA, data)
  }

  /** What is kept of a user's data; `undefined` where nothing is. */
  getCachedUserData(userId: string): Promise<User | undefined> {
    return this.#read<User>(userId, USER_DATA)
  }

  /**
   * A user's data as it is kept, or as `load` returns it. What was loaded is kept, unless the user was
   * invalidated meanwhile.
   *
   * @throws Whatever `load` rejected with, unchanged.
   */
  async getUserData(userId: string, load: () => Promise<User>): Promise<User> {
    return (await loadUserValue(this.#ctx, userId, USER_DATA, load)) as User
  }

  /**
   * Keeps a user's preferences for `preferencesTtl`.
   *
   * @throws {InvalidValueError} When they do not fit `preferencesSchema`, or cannot be stored.
   */
  cacheUserPreferences(userId: string, preferences: Preferences): Promise<void> {
    return putUserValue(this.#ctx, userId, PREFERENCES, preferences)
  }

  /** What is kept of a user's preferences; `undefined` where nothing is, or nothing that fits. */
  getCachedUserPreferences(userId: string): Promise<Preferences | undefined> {
    return this.#read<Preferences>(userId, PREFERENCES)
  }

  /** A user's preferences, as {@link getUserData} has data. */
  async getUserPreferences(userId: string, load: () => Promise<Preferences>): Promise<Preferences> {
    return (await loadUserValue(this.#ctx, userId, PREFERENCES, load)) as Preferences
  }

  /**
   * Says what a user may do from now on. Every validation that starts after this has returned sees it;
   * the fast path, within its bound.
   *
   * @throws {InvalidValueError} When there are more than 1,000, or one is longer than 256 characters.
   */
  cacheUserPermissions(userId: string, permissions: readonly string[]): Promise<void> {
    return putUserValue(this.#ctx, userId, PERMISSIONS, permissions)
  }

  /** What is kept of a user's permissions; `undefined` where nothing is. */
  getCachedUserPermissions(userId: string): Promise<readonly string[] | undefined> {
    return this.#read<readonly string[]>(userId, PERMISSIONS)
  }

  /** A user's permissions, as {@link getUserData} has data. */
  async getUserPermissions(
    userId: string,
    load: () => Promise<readonly string[]>,
  ): Promise<readonly string[]> {
    return (await loadUserValue(this.#ctx, userId, PERMISSIONS, load)) as readonly string[]
  }

  /**
   * Says that a user's role or permissions have changed, when wherever they are decided says so already.
   *
   * First sessions are told: validations see the new permissions, or without any none, for
   * {@link getUserPermissions} to load anew; and the user's data, which may name a role, is forgotten.
   * Then everybody whom {@link onPermissionChange} has named forgets what was computed before. When this
   * has returned, none of that is served; what was being computed meanwhile is not kept. The fast path
   * sees the change within its bound.
   *
   * @throws {InvalidValueError} As {@link cacheUserPermissions} does.
   * @throws {SessionUnavailableError} When sessions could not be told; then nobody else was. Call again.
   * @throws Whatever one of those others rejected with, unchanged, when all were told. Call again.
   */
  changePermissions(userId: string, permissions?: readonly string[]): Promise<void> {
    const changed = changeUserPermissions(this.#ctx, userId, permissions)
    const told = changed.then(() => this.#listeners.tell(userId))
    return carriedOn(this.#ctx.platform, told)
  }

  /**
   * Names one who holds what was computed under a user's permissions: answers, lists, pages. It is called
   * by {@link changePermissions}, which waits for it, in the isolate where that is called.
   *
   * @returns A function that ends it.
   */
  onPermissionChange(listener: PermissionListener): () => void {
    return this.#listeners.add(listener)
  }

  /**
   * Forgets a user's data, preferences and permissions in one step. What is being loaded is not kept;
   * sessions stay, and say no permissions until somebody does.
   */
  invalidateUser(userId: string): Promise<void> {
    return renewUser(this.#ctx, userId)
  }

  /** The former name of {@link invalidateUser}. */
  invalidateUserData(userId: string): Promise<void> {
    return this.invalidateUser(userId)
  }

  /**
   * What stands for the user's sessions until the next revocation. Asked before a password is checked,
   * and given to `createSession` as `ifEpoch`, it keeps a login from outrunning a revocation.
   */
  sessionEpoch(userId: string): Promise<string> {
    return hardIdOf(this.#ctx, userId)
  }

  /** When a user was last seen, in epoch milliseconds, to within the touch interval. */
  lastSeen(userId: string): Promise<number | undefined> {
    return lastSeen(this.#ctx, userId)
  }

  /**
   * Appends to what a user did: one command, in the order in which Redis gets them.
   *
   * @param action 1 to 128 characters.
   */
  trackActivity(userId: string, action: string, meta?: unknown): Promise<void> {
    return track(this.#ctx, userId, action, meta)
  }

  /** A page of what a user did, the latest first. */
  getUserActivity(userId: string, options?: ActivityOptions): Promise<ActivityPage> {
    return activityOf(this.#ctx, userId, options)
  }

  async #read<T>(userId: string, field: UserField): Promise<T | undefined> {
    return (await userValue(this.#ctx, userId, field))?.value as T | undefined
  }
}
