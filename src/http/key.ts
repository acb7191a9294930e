/**
 * The primary key of a response: the effective request URI, and the user where there is one.
 *
 * What is not in the key must not reach whoever makes the response, or a request that differs in it
 * could choose what others are served (cache poisoning): a query parameter that is left out of the key
 * is left out of the request too.
 *
 * @module
 */

/**
 * How the query takes part in the key. `exact`: as it is. `sorted`: in the order of its names.
 * `include` keeps only these parameters, `exclude` drops these; both sort, and the dropped ones are
 * not sent on.
 */
export type QueryRule =
  | 'exact'
  | 'sorted'
  | { readonly include: readonly string[] }
  | { readonly exclude: readonly string[] }

/** Above this many characters a URI is not cached. */
const MAX_URI = 8_192

/**
 * Request fields that frameworks and proxies believe, and that no `Vary` names: what a client can make
 * an application say through them is stored for requests with the same ones alone.
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

/** The URI that is asked for and sent on: without fragment, its query as the rule has it. */
export function effectiveUrl(url: string, rule: QueryRule): URL {
  const effective = new URL(url)
  effective.hash = ''
  if (rule === 'exact' || effective.search === '') return effective
  const pairs = effective.search.slice(1).split('&').filter(keeps(rule))
  // By the name as it is written: a stable sort keeps several values of one in their order.
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
 * The key of a URI, or `undefined` if it is too long to be one.
 *
 * @param user Whose private response it is; `undefined` for one that is shared.
 */
export function primaryKey({ href }: URL, user: string | undefined): string | undefined {
  if (href.length > MAX_URI) return undefined
  // A URI has no spaces, so that nothing can be taken for what follows it.
  return user === undefined ? href : `${href} user=${encodeURIComponent(user.toWellFormed())}`
}

/** The key of one variant, under the mark that its resource has at present. */
export function variantKey(primary: string, mark: string, secondary: string): string {
  return `${primary} variant=${mark}.${secondary}`
}
