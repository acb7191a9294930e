/**
 * Certificates for tests, made by openssl.
 *
 * @module
 */

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Paths of a certificate and its key. */
export interface CertificateFiles {
  readonly cert: string
  readonly key: string
}

/** A certificate authority that no client trusts. */
export interface Authority {
  /** The path of its certificate, and the text. */
  readonly cert: string
  readonly pem: string
  /**
   * Signs a certificate.
   *
   * @param names The names it is valid for, such as `DNS:localhost,IP:127.0.0.1`.
   * @param days How long it is valid; below 0 it has expired.
   */
  sign(names: string, days?: number): CertificateFiles
  /** Deletes all its files. */
  remove(): void
}

/** Whether this machine has openssl. */
export function hasOpenssl(): boolean {
  return spawnSync('openssl', ['version']).status === 0
}

const NEW_KEY = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'.split(' ')

/** Makes an authority. */
export function makeAuthority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'nearcache-tls-'))
  let made = 0
  const openssl = (...words: string[]): void => {
    execFileSync('openssl', words, { stdio: 'ignore', cwd: folder })
  }
  openssl('req', '-x509', ...NEW_KEY, '-subj', '/CN=ca', '-keyout', 'ca.key', '-out', 'ca.pem')
  const cert = join(folder, 'ca.pem')
  return {
    cert,
    pem: readFileSync(cert, 'utf8'),
    sign(names, days = 2) {
      const name = `made-${made++}`
      writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${names}`)
      const request = ['-keyout', `${name}.key`, '-out', `${name}.csr`]
      openssl('req', ...NEW_KEY, '-subj', `/CN=${name}`, ...request)
      const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', String(days)]
      const files = ['-in', `${name}.csr`, '-extfile', `${name}.ext`, '-out', `${name}.pem`]
      openssl('x509', '-req', ...by, ...files)
      return { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
