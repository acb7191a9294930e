/**
 * Advice for each reason that Redis or the connection gives for a failure.
 *
 * @module
 */

const AUTHORITY =
  'its certificate is signed by an authority that Node does not know: set NODE_EXTRA_CA_CERTS to the file of the CA certificate'
const NO_REDIS =
  'the server is not a Redis over HTTP, but for example a login page or a proxy: check the address'

const ADVICE: ReadonlyMap<string, string> = new Map([
  ['LOADING', 'wait: Redis has started and is loading its data'],
  ['BUSY', 'a script blocks Redis: find out who runs it, or stop it with SCRIPT KILL'],
  ['MISCONF', 'Redis cannot save its data and refuses writes: check its log and its disk space'],
  ['MASTERDOWN', 'this is a replica that has lost its primary: connect to the current primary'],
  [
    'NOMASTERLINK',
    'a node of the cluster is down, and no replica has taken over: check CLUSTER NODES',
  ],
  ['READONLY', 'this is a replica: connect to its primary'],
  ['OOM', 'its memory is full, and its maxmemory-policy evicts nothing: see memory and eviction'],
  ['too many connections', 'raise maxclients, or use fewer connections'],
  ['no such database', 'use another database number: change REDIS_DB, or the end of the URL'],
  // Over HTTP a path that does not belong to the address is taken for a command.
  ['ERR', 'the server does not know PING: check the path of the address; one of Upstash has none'],
  ['not JSON', NO_REDIS],
  ['redirected', NO_REDIS],
  ['HTTP 404', NO_REDIS],
  ['HTTP 405', NO_REDIS],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', AUTHORITY],
  ['SELF_SIGNED_CERT_IN_CHAIN', AUTHORITY],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', AUTHORITY],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', AUTHORITY],
  [
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'its certificate is for other host names: connect to one of those',
  ],
  [
    'CERT_HAS_EXPIRED',
    'its certificate has expired: renew it, and check the clock of this machine',
  ],
])

/** @param reason The first word of an error reply, or the reason that a transport gave. */
export function adviceOn(reason: string): string | undefined {
  return ADVICE.get(reason)
}
