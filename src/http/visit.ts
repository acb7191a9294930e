/**
 * One request to the cache, with everything that is determined before the lookup.
 *
 * @module
 */

import { type Directives, parseCacheControl } from './directives.ts'
import { effectiveUrl, primaryKey } from './key.ts'
import type { Settings } from './options.ts'
import type { Rules } from './rules.ts'
import type { Wanted } from './verdict.ts'

/** Produces the response to a request: the application itself, or a connection to it. */
export type Origin = (request: Request) => Response | Promise<Response>

/** A request that the cache may answer. */
export interface Visit extends Wanted, Ways {
  readonly request: Request
  /** The URI that is looked up and forwarded. */
  readonly url: URL
  readonly key: string
  readonly rules: Rules
  /** Whether the request has credentials and the cache is shared. */
  readonly isPersonal: boolean
  rememberUnshared(): void
  defer(work: Promise<unknown>): void
}

/** What each form of the cache (handler, `fetch`, proxy) supplies with its requests. */
export interface Ways {
  readonly origin: Origin
  /** How to load in the background after the answer, if that is possible. */
  readonly behind: Origin | undefined
  /** Whether a redirect may be stored. Not if other callers expect it to be followed. @default true */
  readonly keepsRedirects?: boolean
  /** Whether the application has failed, and its error was turned into a response. @default false */
  readonly hasFailed?: () => boolean
}

/** Fields that distinguish users if the option `user` is not given. */
const CREDENTIALS = ['authorization', 'cookie']
const NO_DIRECTIVES: Directives = new Map()

/** Prepares a visit; `undefined` for a request whose URI is too long for a key. */
export function visitOf(
  settings: Settings,
  request: Request,
  ways: Ways,
  rememberUnshared: (key: string) => void,
): Visit | undefined {
  const { platform, query, keyedHeaders, requestDirectives } = settings
  const url = effectiveUrl(request.url, query)
  const user = settings.user?.(request)
  const key = primaryKey(url, user)
  if (key === undefined) return undefined
  const { headers } = request
  const rules: Rules =
    user === undefined ? settings.rules : { ...settings.rules, audience: 'private' }
  const isNameless = user === undefined && rules.audience === 'private'
  const keyed = isNameless ? [...CREDENTIALS, ...keyedHeaders] : keyedHeaders
  // With a target in absolute form (RFC 9112, section 3.2.2) they may differ, and applications trust either.
  const isNamesake = headers.get('host') === url.host
  return {
    request,
    url,
    key,
    headers,
    askedAt: platform.now(),
    directives: requestDirectives === 'honour' ? directivesOf(headers) : NO_DIRECTIVES,
    keyedHeaders: (isNamesake ? keyed : ['host', ...keyed]).filter((name) => headers.has(name)),
    rules,
    isPersonal:
      rules.audience === 'shared' && (headers.has('authorization') || headers.has('cookie')),
    ...ways,
    rememberUnshared: () => rememberUnshared(key),
    defer: (work) => platform.defer(work.catch(() => undefined)),
  }
}

function directivesOf(headers: Headers): Directives {
  const directives = parseCacheControl(headers.get('cache-control'))
  const isOld = !headers.has('cache-control') && headers.get('pragma')?.includes('no-cache')
  return isOld ? new Map([['no-cache', true]]) : directives
}
