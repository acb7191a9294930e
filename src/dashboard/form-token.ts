/**
 * Prevents pages of other sites from sending forms in a user's name (CSRF): a form must come from this
 * origin, and repeat the value of a cookie that no other origin can read.
 *
 * @module
 */

import type { Context } from 'hono'
import { getCookie } from 'hono/cookie'
import { serialize } from 'hono/utils/cookie'
import { randomId } from '../entry/id.ts'
import { isSameSecret } from '../web/bearer.ts'

const COOKIE = 'nearcache-dashboard-form'

/** The token for the forms of a page. The browser has the same token as a cookie. */
export function formToken(c: Context): string {
  const known = getCookie(c, COOKIE)
  if (known !== undefined && /^[\w-]{16,64}$/.test(known)) return known
  const token = `${randomId()}${randomId()}`
  putCookie(c, COOKIE, token)
  return token
}

/** Whether a form was sent from a page of this dashboard. */
export async function isOwnForm(c: Context, given: string | undefined): Promise<boolean> {
  const expected = getCookie(c, COOKIE)
  if (!isSameOrigin(c.req.raw) || expected === undefined || given === undefined) return false
  return isSameSecret(given, expected)
}

/**
 * Sets a cookie that is sent only to this dashboard. It has no path attribute, so it applies to the folder
 * of the current address, wherever the dashboard is mounted.
 */
export function putCookie(c: Context, name: string, value: string, maxAge?: number): void {
  const terms = {
    httpOnly: true,
    sameSite: 'Strict',
    // Behind a proxy that ends TLS, only the browser's `Origin` says that it uses https.
    secure: /^https:/.test(c.req.header('origin') ?? c.req.url),
    ...(maxAge !== undefined && { maxAge }),
  } as const
  c.header('set-cookie', serialize(name, value, terms), { append: true })
}

export function dropCookie(c: Context, name: string): void {
  putCookie(c, name, '', 0)
}

/** Uses headers that the browser sets and no page can change. */
function isSameOrigin({ headers, url }: Request): boolean {
  const site = headers.get('sec-fetch-site')
  if (site !== null) return site === 'same-origin'
  const origin = headers.get('origin')
  // Behind a proxy, the scheme may differ, so only the host is compared.
  return origin !== null && URL.canParse(origin) && new URL(origin).host === new URL(url).host
}
