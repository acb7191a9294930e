/**
 * Types that the checks of `nearcache doctor` share.
 *
 * @module
 */

import type { Platform } from '../../platform/platform.ts'
import type { Reply, Requester } from '../../redis/requester.ts'

/** The result of a check. `unknown`: the check could not be made; the evidence says why. */
export type Grade = 'ok' | 'warn' | 'fail' | 'unknown'

/** What a check has found. */
export interface Finding {
  /** The name of the check, which does not change between versions. */
  readonly id: string
  readonly grade: Grade
  /** What was found, in words and figures. Contains no key, value, token or address. */
  readonly evidence: string
  /** What to do; `null` if there is nothing to do. */
  readonly advice: string | null
}

/** The input of the checks. */
export interface Patient {
  /** Bypasses the guard of a cache: no command is retried, and no open circuit hides the state of Redis. */
  readonly requester: Requester
  readonly kind: string
  /** Whether the requester connects to a whole cluster. */
  readonly isCluster: boolean
  readonly platform: Platform
  /** Milliseconds with fractions, from any start. */
  readonly elapsed: () => number
  /** The prefix of the cache. Test keys are created under it. */
  readonly prefix: string
  /** What the address tells about the connection. */
  readonly way: Way
  /** Fields of INFO, all sections; empty if the command is refused. */
  readonly info: ReadonlyMap<string, string>
  /** How long one request may take, in milliseconds. */
  readonly deadlineMs: number
}

/** What is known about the connection to Redis. */
export interface Way {
  /** `undefined` if that is not known. */
  readonly isEncrypted: boolean | undefined
  /** Whether Redis runs on this machine. */
  readonly isLocal: boolean
}

/** Builds a finding. */
export function finding(
  id: string,
  grade: Grade,
  evidence: string,
  advice: string | null = null,
): Finding {
  return { id, grade, evidence, advice }
}

/** The answer to a command: a reply, or the first word of an error reply. */
export type Asked =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'refused'; readonly word: string }
