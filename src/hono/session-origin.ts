/**
 * Detects cross-site request forgery: requests that a page of another site made a browser send.
 *
 * @module
 */

import type { Context, MiddlewareHandler } from 'hono'
import { checkFields } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'
import { problemResponse } from '../web/problem.ts'

/** Options for {@link refuseCrossSite}. */
export interface CrossSiteOptions {
  /** Further origins, such as `https://app.example`, whose pages may act for the user. @default none */
  readonly trustedOrigins?: readonly string[]
}

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Whether a request is cross-site, by the headers that the browser sends. */
export type CrossSiteCheck = (c: Context) => boolean

/**
 * Creates the check: a request that may change something, or opens a WebSocket, must come from a page of
 * its own origin or of a trusted one.
 *
 * `Sec-Fetch-Site` decides if it is sent, which all current browsers do over HTTPS and to localhost.
 * Otherwise `Origin` must be that of the request. A request with neither is refused, because clients that
 * are not browsers use bearer tokens.
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
 * Refuses cross-site requests with 403, as {@link session} does for requests with its cookie. Use it for
 * log-in routes, where there is no cookie yet. A request without `Cookie`, `Origin` and `Sec-Fetch-Site`
 * comes from a program, not a browser, so it cannot be forged by a page and passes.
 *
 * @throws {InvalidOptionError} When an option is unknown, or a trusted origin is not one.
 */
export function refuseCrossSite(options: CrossSiteOptions = {}): MiddlewareHandler {
  checkFields(options, 'options', ['trustedOrigins'])
  const isCrossSite = crossSiteCheck(options)
  return async function guardOrigin(c, next) {
    if (!isProgram(c) && isCrossSite(c)) return crossSiteResponse()
    await next()
    return undefined
  }
}

/** The response to a cross-site request. */
export function crossSiteResponse(): Response {
  return problemResponse({
    status: 403,
    title: 'The request comes from another site',
    code: 'cross_site',
  })
}

/** Browsers of recent years send at least one of these headers with every unsafe request. */
function isProgram(c: Context): boolean {
  return !['origin', 'sec-fetch-site', 'cookie'].some((name) => c.req.header(name) !== undefined)
}

function checkOrigin(text: string): string {
  // An origin with a path, a final slash or a default port would never match what browsers send.
  if (!URL.canParse(text) || new URL(text).origin !== text) {
    throw new InvalidOptionError('trustedOrigins', 'origins such as https://app.example')
  }
  return text
}
