/**
 * Signs and checks requests of the HTTP API: HMAC-SHA-256 over method, path and query, where the query
 * contains the MD5 of the body.
 *
 * @module
 */

import { md5 } from '@noble/hashes/legacy.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { encodeUtf8 } from '../../entry/bytes.ts'
import { isSameText } from '../../entry/same-text.ts'
import { type Credentials, sign } from './signature.ts'

/** The parts of a request that are signed. */
export interface SignedRequest {
  readonly method: string
  /** From the root, without the query: `/apps/1/events`. */
  readonly path: string
  /** Decoded parameters; each name occurs once. */
  readonly query: Readonly<Record<string, string>>
  /** `''` if there is none. */
  readonly body: string
}

/** The largest accepted difference between the clocks of both sides, in seconds. */
export const TIMESTAMP_WINDOW_SECONDS = 600

/**
 * The query, with its signature, to send a request with.
 *
 * @param nowMs Epoch milliseconds.
 */
export function signedQuery(
  { key, secret }: Credentials,
  { method, path, query, body }: SignedRequest,
  nowMs: number,
): URLSearchParams {
  const fields = {
    ...query,
    auth_key: key,
    auth_timestamp: String(Math.floor(nowMs / 1_000)),
    auth_version: '1.0',
    ...(body === '' ? {} : { body_md5: md5Hex(body) }),
  }
  const auth_signature = sign(secret, signedText(method, path, fields))
  return new URLSearchParams({ ...fields, auth_signature })
}

/**
 * Checks that a request was signed with the app's secret, recently, and with this body.
 *
 * @param nowMs Epoch milliseconds.
 * @returns What is wrong with the request, or `undefined`.
 */
export function requestProblem(
  { key, secret }: Credentials,
  { method, path, query, body }: SignedRequest,
  nowMs: number,
): string | undefined {
  const { auth_signature = '', ...signed } = query
  if (signed['auth_version'] !== '1.0') return 'auth_version must be 1.0'
  if (signed['auth_key'] !== key) return 'auth_key is not the key of this app'
  if (!isTimely(signed['auth_timestamp'] ?? '', nowMs)) {
    return `auth_timestamp must be within ${TIMESTAMP_WINDOW_SECONDS} seconds of the server's time`
  }
  if ((body !== '' || signed['body_md5'] !== undefined) && signed['body_md5'] !== md5Hex(body)) {
    return 'body_md5 is not the MD5 of the body'
  }
  const isSigned = pathsOf(path).some((spelling) =>
    isSameText(auth_signature, sign(secret, signedText(method, spelling, signed))),
  )
  return isSigned ? undefined : 'auth_signature is not the signature of this request'
}

function isTimely(timestamp: string, nowMs: number): boolean {
  if (!/^\d{1,12}$/.test(timestamp)) return false
  return Math.abs(nowMs / 1_000 - Number(timestamp)) <= TIMESTAMP_WINDOW_SECONDS
}

/** Some SDKs sign the path as they send it, others sign it before percent-encoding. */
function pathsOf(path: string): readonly string[] {
  if (!path.includes('%')) return [path]
  try {
    return [path, decodeURIComponent(path)]
  } catch {
    // URIError for an invalid percent-encoding: there is only one spelling.
    return [path]
  }
}

function signedText(method: string, path: string, query: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(query).map(([name, value]) => [name.toLowerCase(), value] as const)
  pairs.sort(([one], [other]) => (one < other ? -1 : 1))
  const text = pairs.map(([name, value]) => `${name}=${value}`).join('&')
  return `${method.toUpperCase()}\n${path}\n${text}`
}

function md5Hex(text: string): string {
  return bytesToHex(md5(encodeUtf8(text)))
}
