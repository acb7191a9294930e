/**
 * Decides who may see a dashboard: requests with the token, browsers that have logged in with it, or
 * requests that the application's own function accepts.
 *
 * @module
 */

import { toBase64Url } from '../entry/bytes.ts'
import { randomId } from '../entry/id.ts'
import type { Platform } from '../platform/platform.ts'
import { bearerIn, hasBearer, isSameSecret } from '../web/bearer.ts'
import type { Authenticate } from './options.ts'

/** How a request was admitted. `bearer` needs no form token, as pages of other sites cannot send the header. */
export type Admitted = 'bearer' | 'browser'

const SESSION = /^(\d{1,15})\.([\w-]{1,64})\.([\w-]{43})$/

/** Admits requests to one dashboard. Stateless: a session is a signed text. */
export class Admission {
  readonly #authenticate: string | Authenticate
  readonly #platform: Platform
  readonly #sessionMs: number

  constructor(authenticate: string | Authenticate, platform: Platform, sessionMs: number) {
    this.#authenticate = authenticate
    this.#platform = platform
    this.#sessionMs = sessionMs
  }

  /** Whether there is a token to log in with. */
  get hasLogin(): boolean {
    return typeof this.#authenticate === 'string'
  }

  /** Says how a request is admitted; `undefined` if it is not. */
  async admit(request: Request, session: string | undefined): Promise<Admitted | undefined> {
    if (typeof this.#authenticate === 'function') {
      return (await this.#authenticate(request)) === true ? 'browser' : undefined
    }
    if (hasBearer(request.headers)) {
      return (await isSameSecret(bearerIn(request.headers), this.#authenticate))
        ? 'bearer'
        : undefined
    }
    return (await this.#isValid(session, this.#authenticate)) ? 'browser' : undefined
  }

  /** Creates a session for the right token; `undefined` for a wrong one. */
  async logIn(
    token: string,
  ): Promise<{ readonly session: string; readonly maxAge: number } | undefined> {
    if (typeof this.#authenticate !== 'string') return undefined
    if (!(await isSameSecret(token, this.#authenticate))) return undefined
    const claims = `${this.#platform.now() + this.#sessionMs}.${randomId()}`
    const session = `${claims}.${await sign(claims, this.#authenticate)}`
    return { session, maxAge: Math.floor(this.#sessionMs / 1_000) }
  }

  async #isValid(session: string | undefined, token: string): Promise<boolean> {
    const [, until, id, signature] = SESSION.exec(session ?? '') ?? []
    if (signature === undefined || !(Number(until) > this.#platform.now())) return false
    return isSameSecret(signature, await sign(`${until}.${id}`, token))
  }
}

/** Signs with the token: when the token changes, all sessions become invalid. */
async function sign(claims: string, token: string): Promise<string> {
  const bytes = new TextEncoder().encode(token)
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', bytes, algorithm, false, ['sign'])
  const text = new TextEncoder().encode(`nearcache dashboard session ${claims}`)
  return toBase64Url(new Uint8Array(await crypto.subtle.sign('HMAC', key, text)))
}
