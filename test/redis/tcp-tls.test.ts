import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RemoteError } from '../../src/errors.ts'
import type { Transport } from '../../src/redis/requester.ts'
import { type TcpOptions, tcpTransport } from '../../src/redis/tcp/index.ts'
import {
  type Authority,
  type CertificateFiles,
  hasOpenssl,
  makeAuthority,
} from '../support/certificates.ts'
import { freePort } from '../support/free-port.ts'
import { everythingIn } from '../support/leaks.ts'
import { startRedisCluster } from '../support/redis-cluster.ts'
import { findRedisServer, type RedisServer, startRedisServer } from '../support/redis-server.ts'

const isPossible = findRedisServer() !== undefined && hasOpenssl()
const meta = { leftOut: 'redis-server or openssl is not installed' }

/** A self-signed certificate for `localhost`. */
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

  test('connects to a server with the given `ca`, by url and by separate options', async () => {
    const tls = { ca }

    expect(await ping({ url: `rediss://localhost:${port}`, tls })).toBe('PONG')
    expect(await ping({ host: 'localhost', port, tls })).toBe('PONG')
    expect(await ping({ host: '127.0.0.1', port, tls: { ca, servername: 'localhost' } })).toBe(
      'PONG',
    )
  })

  test('logs in as an ACL user', async () => {
    const app = { username: 'app', password: 'secret-of-app' }
    const transport = tcpTransport({ host: 'localhost', port, tls: { ca }, ...app })

    expect(await transport.request({ path: [], body: ['ACL', 'WHOAMI'] })).toEqual({
      result: 'app',
    })
    await transport.close()
  })

  test('rejects a server that it does not trust, without its address in the error', async () => {
    const error = await ping({ url: `rediss://localhost:${port}` }).catch((thrown) => thrown)

    expect(error).toBeInstanceOf(RemoteError)
    expect(error).toMatchObject({
      reason: 'DEPTH_ZERO_SELF_SIGNED_CERT',
      applied: 'no',
      retryable: false,
    })
    expect(everythingIn(error)).not.toContain(String(port))
  })

  test('rejects a server whose certificate is for another name', async () => {
    const error = await ping({ host: '127.0.0.1', port, tls: { ca } }).catch((thrown) => thrown)

    expect(error).toMatchObject({ reason: 'ERR_TLS_CERT_ALTNAME_INVALID', retryable: false })
  })
})

describe('certificates', isPossible ? {} : { skip: true, meta }, () => {
  let authority: Authority
  let stranger: Authority
  const servers: RedisServer[] = []
  const client = { ok: '', key: '', foreign: '', foreignKey: '', expired: '', expiredKey: '' }
  const ports = { plain: 0, valid: 0, expired: 0, old: 0 }

  async function start({ cert, key }: CertificateFiles, ...more: string[]): Promise<number> {
    const port = await freePort()
    const files = ['--tls-cert-file', cert, '--tls-key-file', key]
    const authorities = ['--tls-ca-cert-file', authority.cert]
    const args = ['--tls-port', String(port), ...files, ...authorities, ...more]
    servers.push(await startRedisServer(args))
    return port
  }

  beforeAll(async () => {
    authority = makeAuthority()
    stranger = makeAuthority()
    const read = ({ cert, key }: CertificateFiles): string[] =>
      [cert, key].map((path) => readFileSync(path, 'utf8'))
    ;[client.ok = '', client.key = ''] = read(authority.sign('DNS:client'))
    ;[client.foreign = '', client.foreignKey = ''] = read(stranger.sign('DNS:client'))
    ;[client.expired = '', client.expiredKey = ''] = read(authority.sign('DNS:client', -1))
    ports.valid = await start(authority.sign('DNS:localhost'))
    ports.expired = await start(authority.sign('DNS:localhost', -1))
    ports.old = await start(authority.sign('DNS:localhost'), '--tls-protocols', 'TLSv1.2')
    ports.plain = servers[0]?.port ?? 0
  }, 30_000)

  afterAll(async () => {
    for (const server of servers) await server.stop()
    authority?.remove()
    stranger?.remove()
  })

  const reasonOf = async (options: TcpOptions): Promise<unknown> => {
    const transport = tcpTransport({ connectTimeoutMs: 400, ...options })
    try {
      return await transport.request({ body: ['PING'] })
    } catch (error) {
      expect(everythingIn(error)).not.toMatch(/localhost|PRIVATE|CERTIFICATE-----/)
      return error
    } finally {
      await transport.close()
    }
  }
  const at = (port: number, tls: object): TcpOptions => ({
    host: 'localhost',
    port,
    tls: { ca: authority.pem, cert: client.ok, key: client.key, ...tls },
  })

  test('of the trusted authority admit a client', async () => {
    expect(await reasonOf(at(ports.valid, {}))).toEqual({ result: 'PONG' })
  })

  test.each<[string, () => TcpOptions, RegExp]>([
    [
      'of another authority than the one that is trusted',
      () => at(ports.valid, { ca: stranger.pem }),
      /^SELF_SIGNED_CERT_IN_CHAIN$/,
    ],
    ['that has expired', () => at(ports.expired, {}), /^CERT_HAS_EXPIRED$/],
    [
      'that does not belong to the key',
      () => at(ports.valid, { key: client.foreignKey }),
      /^ERR_OSSL_.*KEY_VALUES_MISMATCH$/,
    ],
    // With TLS 1.3 a connection may break (`ECONNRESET`) before the reason is received.
    [
      'of the client that is missing',
      () => at(ports.old, { cert: undefined, key: undefined }),
      /^ERR_SSL_.*ALERT_HANDSHAKE_FAILURE$/,
    ],
    [
      'of the client of another authority',
      () => at(ports.old, { cert: client.foreign, key: client.foreignKey }),
      /^ERR_SSL_.*ALERT_UNKNOWN_CA$/,
    ],
    [
      'of the client that has expired',
      () => at(ports.old, { cert: client.expired, key: client.expiredKey }),
      /^ERR_SSL_.*ALERT_CERTIFICATE_EXPIRED$/,
    ],
  ])(
    'one %s is the reason of the error, which is not retryable',
    async (_what, options, reason) => {
      expect(await reasonOf(options())).toMatchObject({
        reason: expect.stringMatching(reason),
        applied: 'no',
        retryable: false,
      })
    },
  )

  test('a server that does not speak TLS is given up after connectTimeoutMs', async () => {
    expect(await reasonOf(at(ports.plain, {}))).toMatchObject({ reason: 'ETIMEDOUT' })
  })

  test('a cluster whose nodes announce host names is connected to by these names', async () => {
    const names = ['--cluster-announce-hostname', 'localhost']
    const cluster = await startRedisCluster(findRedisServer() ?? '', {
      tls: { ...authority.sign('DNS:localhost'), ca: authority.cert },
      args: [...names, '--cluster-preferred-endpoint-type', 'hostname'],
    })
    const nodes = cluster.nodes.map(({ port }) => ({ host: 'localhost', port }))
    const { tls = false } = at(0, {})
    const heard: string[] = []
    const transport = tcpTransport({ cluster: { nodes }, tls })

    const answers = ['a', 'b', 'c'].map((key) => transport.request({ body: ['SET', key, 'v'] }))
    expect(await Promise.all(answers)).toEqual(answers.map(() => ({ result: 'OK' })))
    const onMessage = (data: string): void => void heard.push(data)
    await transport.request({ path: ['subscribe', 'news'], isStreaming: true, onMessage })
    expect(heard).toEqual(['subscribe,news,1'])
    await transport.close()

    const untrusting = { cluster: { nodes }, tls: { ca: stranger.pem } }
    expect(await reasonOf(untrusting)).toMatchObject({ reason: 'SELF_SIGNED_CERT_IN_CHAIN' })
    await cluster.stop()
  }, 30_000)
})
