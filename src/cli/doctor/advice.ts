/**
 * What to do about the reason that a Redis, or the way to it, gives for a failure.
 *
 * @module
 */

const AUTHORITY =
  'its certificate is of an authority that Node does not know: name the file of that one by NODE_EXTRA_CA_CERTS'
const NO_REDIS =
  'what answers is no Redis over HTTP, but a page of login, say, or a proxy: check the address'

const ADVICE: ReadonlyMap<string, string> = new Map([
  ['LOADING', 'wait: it has started, and reads its data'],
  ['BUSY', 'a script holds it up: find whose it is, or end it by SCRIPT KILL'],
  [
    'MISCONF',
    'it cannot save its data, and refuses writes: look at its log, and at the space on its disk',
  ],
  ['MASTERDOWN', 'it is a replica that has lost its primary: connect to the one there is now'],
  [
    'NOMASTERLINK',
    'a node of the cluster is away, and no replica has taken its place: see CLUSTER NODES',
  ],
  ['READONLY', 'it is a replica: connect to its primary'],
  ['OOM', 'its memory is full, and its maxmemory-policy lets nothing go: see memory and eviction'],
  ['too many connections', 'raise maxclients, or have fewer clients'],
  ['no such database', 'take another number: REDIS_DB, or the one at the end of the URL'],
  ['not JSON', NO_REDIS],
  ['redirected', NO_REDIS],
  ['HTTP 404', NO_REDIS],
  ['HTTP 405', NO_REDIS],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', AUTHORITY],
  ['SELF_SIGNED_CERT_IN_CHAIN', AUTHORITY],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', AUTHORITY],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', AUTHORITY],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'its certificate is for other names: connect by one of these'],
  ['CERT_HAS_EXPIRED', 'its certificate has expired: renew it, and check the clock of this host'],
])

/** @param reason The first word of an error reply, or the reason that a transport gave. */
export function adviceOn(reason: string): string | undefined {
  return ADVICE.get(reason)
}
