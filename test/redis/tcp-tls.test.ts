import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RemoteError } from '../../src/errors.ts'
import type { Transport } from '../../src/redis/requester.ts'
import { type TcpOptions, tcpTransport } from '../../src/redis/tcp/index.ts'
import { freePort } from '../support/free-port.ts'
import { everythingIn } from '../support/leaks.ts'
import { findRedisServer, type RedisServer, startRedisServer } from '../support/redis-server.ts'

const hasOpenssl = spawnSync('openssl', ['version']).status === 0
const isPossible = findRedisServer() !== undefined && hasOpenssl
const meta = { leftOut: 'redis-server or openssl is not installed' }

/** A certificate for `localhost` that only who is given it trusts. */
function makeCertificate(folder: string): { readonly cert: string; readonly key: string } {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const words = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
  ]
  words.push('-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost')
  execFileSync('openssl', [...words, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  return { cert, key }
}

describe('the tcp transport over TLS', isPossible ? {} : { skip: true, meta }, () => {
  let folder: string
  let server: RedisServer
  let port: number
  let ca: string

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nearcache-tls-'))
    const { cert, key } = makeCertificate(folder)
    ca = readFileSync(cert, 'utf8')
    port = await freePort()
    const tls = ['--tls-port', String(port), '--tls-cert-file', cert, '--tls-key-file', key]
    server = await startRedisServer([
      ...tls,
      ...['--tls-ca-cert-file', cert, '--tls-auth-clients', 'no'],
      ...['--user', 'app', 'on', '>secret-of-app', '~*', '&*', '+@all'],
    ])
  })

  afterAll(async () => {
    await server?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  async function ping(options: TcpOptions): Promise<unknown> {
    const transport: Transport = tcpTransport(options)
    try {
      return (await transport.request({ path: [], body: ['PING'] })).result
    } finally {
      await transport.close()
    }
  }

  test('reaches a server whose authority it is told of, by address and by discrete options', async () => {
    const tls = { ca }

    expect(await ping({ url: `rediss://localhost:${port}`, tls })).toBe('PONG')
    expect(await ping({ host: 'localhost', port, tls })).toBe('PONG')
    expect(await ping({ host: '127.0.0.1', port, tls: { ca, servername: 'localhost' } })).toBe(
      'PONG',
    )
  })

  test('names itself to a server that knows it by a user of an ACL', async () => {
    const app = { username: 'app', password: 'secret-of-app' }
    const transport = tcpTransport({ host: 'localhost', port, tls: { ca }, ...app })

    expect(await transport.request({ path: [], body: ['ACL', 'WHOAMI'] })).toEqual({
      result: 'app',
    })
    await transport.close()
  })

  test('does not speak to a server that it does not trust, and says so without its address', async () => {
    const error = await ping({ url: `rediss://localhost:${port}` }).catch((thrown) => thrown)

    expect(error).toBeInstanceOf(RemoteError)
    expect(error).toMatchObject({
      reason: 'DEPTH_ZERO_SELF_SIGNED_CERT',
      applied: 'no',
      retryable: false,
    })
    expect(everythingIn(error)).not.toContain(String(port))
  })

  test('does not speak to a server by another name than its certificate has', async () => {
    const error = await ping({ host: '127.0.0.1', port, tls: { ca } }).catch((thrown) => thrown)

    expect(error).toMatchObject({ reason: 'ERR_TLS_CERT_ALTNAME_INVALID', retryable: false })
  })
})
