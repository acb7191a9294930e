/**
 * Keeps pages of other sites from sending forms in a user's name: a form must come from this origin, and
 * repeat a cookie that no other origin can read.
 *
 * @module
 */

import type { Context } from 'hono'
import { getCookie } from 'hono/cookie'
import { serialize } from 'hono/utils/cookie'
import { randomId } from '../entry/id.ts'
import { isSameSecret } from '../web/bearer.ts'

const COOKIE = 'nearcache-dashboard-form'

/** The token for the forms of a page; the browser has it as a cookie. */
export function formToken(c: Context): string {
  const known = getCookie(c, COOKIE)
  if (known !== undefined && /^[\w-]{16,64}$/.test(known)) return known
  const token = `${randomId()}${randomId()}`
  putCookie(c, COOKIE, token)
  return token
}

/** Whether a form that was sent is one of ours. */
export async function isOwnForm(c: Context, given: string | undefined): Promise<boolean> {
  const expected = getCookie(c, COOKIE)
  if (!isSameOrigin(c.req.raw) || expected === undefined || given === undefined) return false
  return isSameSecret(given, expected)
}

/**
 * Sets a cookie that only this dashboard gets. It has no path: it is then of the folder that it was set
 * in, wherever the dashboard is mounted.
 */
export function putCookie(c: Context, name: string, value: string, maxAge?: number): void {
  const terms = {
    httpOnly: true,
    sameSite: 'Strict',
    secure: new URL(c.req.url).protocol === 'https:',
    ...(maxAge !== undefined && { maxAge }),
  } as const
  c.header('set-cookie', serialize(name, value, terms), { append: true })
}

export function dropCookie(c: Context, name: string): void {
  putCookie(c, name, '', 0)
}

/** By what the browser says of the request, which no page can change. */
function isSameOrigin({ headers, url }: Request): boolean {
  const site = headers.get('sec-fetch-site')
  if (site !== null) return site === 'same-origin'
  const origin = headers.get('origin')
  // Behind a proxy the scheme may be another one.
  return origin !== null && URL.canParse(origin) && new URL(origin).host === new URL(url).host
}
