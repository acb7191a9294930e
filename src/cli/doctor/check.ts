/**
 * What a check of the doctor is.
 *
 * @module
 */

import type { Platform } from '../../platform/platform.ts'
import type { Reply, Requester } from '../../redis/requester.ts'

/** `ok`, or how bad it is. `unknown`: it could not be found out, for the reason that is given. */
export type Grade = 'ok' | 'warn' | 'fail' | 'unknown'

/** What a check has found. */
export interface Finding {
  /** Names the check; does not change between versions. */
  readonly id: string
  readonly grade: Grade
  /** What was seen, in words and figures. No key, value, token or address. */
  readonly evidence: string
  /** What to do; null if nothing is amiss. */
  readonly advice: string | null
}

/** What checks work with. */
export interface Patient {
  /** Past the guard of a cache, so that nothing is sent twice and an open circuit hides nothing. */
  readonly requester: Requester
  readonly kind: string
  /** Whether it is a whole cluster. */
  readonly isCluster: boolean
  readonly platform: Platform
  /** Milliseconds with fractions, from any start. */
  readonly elapsed: () => number
  /** The prefix of the cache: what is tried is tried under it. */
  readonly prefix: string
  /** How far the connection has to go and how: by its address. */
  readonly way: Way
  /** Fields of INFO, all sections; empty where it is refused. */
  readonly info: ReadonlyMap<string, string>
  /** How long one request may take, in milliseconds. */
  readonly deadlineMs: number
}

/** What is known of the way to Redis. */
export interface Way {
  /** Whether it is encrypted; `undefined` where that is not known. */
  readonly isEncrypted: boolean | undefined
  /** Whether it ends on this machine. */
  readonly isLocal: boolean
}

/** Builds a finding; no advice is null. */
export function finding(
  id: string,
  grade: Grade,
  evidence: string,
  advice: string | null = null,
): Finding {
  return { id, grade, evidence, advice }
}

/** What a command was answered: a reply, or the first word of the error that Redis gave, or no answer. */
export type Asked =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'refused'; readonly word: string }
