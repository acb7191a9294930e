/**
 * The field `Cache-Status` (RFC 9211): what this cache did with a request.
 *
 * @module
 */

/** Why a request was forwarded to the origin. */
export type Forwarded =
  | 'bypass'
  | 'method'
  | 'uri-miss'
  | 'vary-miss'
  | 'miss'
  | 'request'
  | 'stale'

/** The parameters of this cache's member of the field. */
export interface CacheStatus {
  readonly hit?: boolean
  readonly fwd?: Forwarded
  /** Status of the origin's answer, if the client gets another one. */
  readonly fwdStatus?: number
  /** Seconds for which the response is still fresh; negative for a stale one. */
  readonly ttl?: number
  readonly stored?: boolean
  readonly collapsed?: boolean
  readonly key?: string
  readonly detail?: string
}

/** Appends a member to the field, which may already contain those of other caches. */
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
