/**
 * Checks credentials with the deployment's own service, or, in development, against a demo account.
 *
 * @module
 */

import * as z from 'zod/mini'

/** What a log-in form sends. */
export interface Credentials {
  readonly email: string
  readonly password: string
}

/** The account that credentials belong to. */
export interface Account {
  readonly userId: string
  readonly email: string
  readonly permissions?: readonly string[] | undefined
}

/**
 * Checks credentials. Resolves to the account, or to `undefined` if they are wrong. Rejects if they cannot
 * be checked now.
 */
export type Authenticate = (credentials: Credentials) => Promise<Account | undefined>

const Answer = z.object({
  userId: z.string().check(z.minLength(1), z.maxLength(512)),
  email: z.string().check(z.minLength(1), z.maxLength(512)),
  permissions: z.optional(
    z.array(z.string().check(z.minLength(1), z.maxLength(128))).check(z.maxLength(64)),
  ),
})

/** The service did not answer as specified, so credentials cannot be checked. */
export class AuthenticatorError extends Error {
  override readonly name = 'AuthenticatorError'
}

/** How long the service may take. */
const TIMEOUT_MS = 5_000

/**
 * Asks a Worker of the deployment: `POST /authenticate` with `{ email, password }`. It must answer 200 with
 * `{ userId, email, permissions? }`, or 401.
 */
export function authenticateBy(service: Pick<Fetcher, 'fetch'>): Authenticate {
  return async function askService(credentials) {
    const response = await service.fetch('https://authenticator/authenticate', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(credentials),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    if (response.status === 401) return undefined
    const answer = Answer.safeParse(response.ok ? await response.json() : undefined)
    if (!answer.success)
      throw new AuthenticatorError('The authenticator does not answer as it should')
    return answer.data
  }
}

/** The demo account works only on the machine that runs the Worker. */
const LOCAL_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** The demo account, as the log-in page shows it. */
export const DEMO: Credentials = Object.freeze({ email: 'ada@demo.example', password: 'engine' })

/** Whether a request is addressed to this machine, so that the demo account may be used. */
export function isLocal(url: string): boolean {
  return LOCAL_HOSTS.has(new URL(url).hostname)
}

/** Accepts one account, whose password is public. */
export const authenticateDemo: Authenticate = async ({ email, password }) => {
  if (email !== DEMO.email || password !== DEMO.password) return undefined
  return { userId: 'demo-ada', email, permissions: ['mail:read', 'mail:write'] }
}
