/**
 * The primary key of a response: the effective request URI, and the user, if there is one.
 *
 * The origin must not see anything that is not in the key, or a request that differs in it could choose
 * what other clients are served (cache poisoning). So a query parameter that is left out of the key is
 * also left out of the request.
 *
 * @module
 */

/**
 * How the query is part of the key. `exact`: unchanged. `sorted`: sorted by parameter name. `include`
 * keeps only these parameters, `exclude` drops these; both also sort. Dropped parameters are not
 * forwarded.
 */
export type QueryRule =
  | 'exact'
  | 'sorted'
  | { readonly include: readonly string[] }
  | { readonly exclude: readonly string[] }

/** Responses to URIs with more characters than this are not cached. */
const MAX_URI = 8_192

/**
 * Request fields that frameworks and proxies trust, but that `Vary` never names. They are part of every
 * key, so that a response which a client influenced by them is only served to requests with the same ones.
 */
export const KEYED_HEADERS: readonly string[] = Object.freeze([
  'forwarded',
  'front-end-https',
  'x-forwarded-host',
  'x-forwarded-path',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-proto',
  'x-forwarded-protocol',
  'x-forwarded-scheme',
  'x-forwarded-server',
  'x-forwarded-ssl',
  'x-host',
  'x-http-host-override',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-host',
  'x-original-url',
  'x-rewrite-url',
  'x-url-scheme',
])

/** The URI that is looked up and forwarded: without fragment, and with the query changed by the rule. */
export function effectiveUrl(url: string, rule: QueryRule): URL {
  const effective = new URL(url)
  effective.hash = ''
  if (rule === 'exact' || effective.search === '') return effective
  const pairs = effective.search.slice(1).split('&').filter(keeps(rule))
  // By the encoded name. The sort is stable, so several values of one name keep their order.
  pairs.sort((a, b) => compare(nameOf(a), nameOf(b)))
  effective.search = pairs.join('&')
  return effective
}

function keeps(rule: Exclude<QueryRule, 'exact'>): (pair: string) => boolean {
  if (rule === 'sorted') return (pair) => pair !== ''
  if ('include' in rule) return (pair) => rule.include.includes(decodedName(pair))
  return (pair) => pair !== '' && !rule.exclude.includes(decodedName(pair))
}

function nameOf(pair: string): string {
  return pair.split('=', 1)[0] ?? ''
}

function decodedName(pair: string): string {
  return [...new URLSearchParams(nameOf(pair)).keys()][0] ?? ''
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/**
 * The key of a URI, or `undefined` if the URI is too long.
 *
 * @param user The user of a private response; `undefined` for a shared one.
 */
export function primaryKey({ href }: URL, user: string | undefined): string | undefined {
  if (href.length > MAX_URI) return undefined
  // A URI contains no space, so no URI can equal the key of a user.
  return user === undefined ? href : `${href} user=${encodeURIComponent(user.toWellFormed())}`
}

/** The key of one variant, under the current mark of its resource. */
export function variantKey(primary: string, mark: string, secondary: string): string {
  return `${primary} variant=${mark}.${secondary}`
}
