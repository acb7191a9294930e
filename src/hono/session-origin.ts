/**
 * Tells requests that a page of another site made a browser send from those of one's own pages.
 *
 * @module
 */

import type { Context, MiddlewareHandler } from 'hono'
import { InvalidOptionError } from '../errors.ts'
import { problemResponse } from '../web/problem.ts'

/** Options for {@link refuseCrossSite}. */
export interface CrossSiteOptions {
  /** Origins, such as `https://app.example`, whose pages may act for the user. @default none but its own */
  readonly trustedOrigins?: readonly string[]
}

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Whether a request is a forgery, for all that its browser says. */
export type CrossSiteCheck = (c: Context) => boolean

/**
 * Makes the check: a request that may change something, or opens a WebSocket, has to come from a page
 * of its own origin or of a trusted one.
 *
 * `Sec-Fetch-Site` decides where it is sent, which is every browser of today over HTTPS and to
 * localhost; else `Origin` has to be the request's own. A request with neither is refused: what is no
 * browser has bearer tokens.
 *
 * @throws {InvalidOptionError} When a trusted origin is not one.
 */
export function crossSiteCheck({ trustedOrigins = [] }: CrossSiteOptions): CrossSiteCheck {
  const trusted = new Set(trustedOrigins.map(checkOrigin))
  return (c) => {
    const isSafe = SAFE_METHODS.has(c.req.method) && c.req.header('upgrade') === undefined
    if (isSafe) return false
    const origin = c.req.header('origin')
    if (origin !== undefined && trusted.has(origin)) return false
    const site = c.req.header('sec-fetch-site')
    if (site !== undefined) return site !== 'same-origin' && site !== 'none'
    return origin !== new URL(c.req.url).origin
  }
}

/**
 * Refuses forged requests with 403, as {@link session} does for those with its cookie: for routes that
 * log in, which have no cookie yet. A request without cookies that says nothing of where it comes from
 * is a program's, which nobody can make act for another, and goes on.
 *
 * @throws {InvalidOptionError} When a trusted origin is not one.
 */
export function refuseCrossSite(options: CrossSiteOptions = {}): MiddlewareHandler {
  const isCrossSite = crossSiteCheck(options)
  return async function guardOrigin(c, next) {
    if (!isProgram(c) && isCrossSite(c)) return crossSiteResponse()
    await next()
    return undefined
  }
}

/** What a forged request gets. */
export function crossSiteResponse(): Response {
  return problemResponse({
    status: 403,
    title: 'The request comes from another site',
    code: 'cross_site',
  })
}

/** Browsers of the last years send one of these at least with whatever may change something. */
function isProgram(c: Context): boolean {
  return !['origin', 'sec-fetch-site', 'cookie'].some((name) => c.req.header(name) !== undefined)
}

function checkOrigin(text: string): string {
  // A path, a slash at the end or a default port would never match what browsers send.
  if (!URL.canParse(text) || new URL(text).origin !== text) {
    throw new InvalidOptionError('trustedOrigins', 'origins such as https://app.example')
  }
  return text
}
