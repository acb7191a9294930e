/**
 * The field `Cache-Status` (RFC 9211): what this cache did with a request.
 *
 * @module
 */

/** Why a request was sent on. */
export type Forwarded =
  | 'bypass'
  | 'method'
  | 'uri-miss'
  | 'vary-miss'
  | 'miss'
  | 'request'
  | 'stale'

/** What is told. */
export interface CacheStatus {
  readonly hit?: boolean
  readonly fwd?: Forwarded
  /** Status of the answer to a request that was sent on, where it is not what the client gets. */
  readonly fwdStatus?: number
  /** Seconds for which the response is still fresh; negative for a stale one. */
  readonly ttl?: number
  readonly stored?: boolean
  readonly collapsed?: boolean
  readonly key?: string
  readonly detail?: string
}

/** Adds a member to the field: other caches on the way have theirs in it. */
export function addCacheStatus(headers: Headers, name: string, status: CacheStatus): void {
  const { hit, fwd, fwdStatus, ttl, stored, collapsed, key, detail } = status
  const parameters = [
    hit && 'hit',
    fwd && `fwd=${fwd}`,
    fwdStatus !== undefined && `fwd-status=${fwdStatus}`,
    ttl !== undefined && `ttl=${ttl}`,
    stored && 'stored',
    collapsed && 'collapsed',
    key !== undefined && `key=${quote(key)}`,
    detail !== undefined && `detail=${detail}`,
  ].filter((parameter) => typeof parameter === 'string')
  headers.append('cache-status', [name, ...parameters].join('; '))
}

function quote(text: string): string {
  return `"${text.replace(/[^ -~]/g, '?').replace(/["\\]/g, '\\$&')}"`
}
