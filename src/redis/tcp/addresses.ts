/**
 * Checks and completes the addresses of servers in options.
 *
 * @module
 */

import { InvalidOptionError } from '../../errors.ts'

/** The address of a node. */
export interface TcpAddress {
  readonly host: string
  /** @default 6379, or 26379 for a sentinel */
  readonly port?: number
}

/** @throws {InvalidOptionError} When the list is empty or an address is unusable. */
export function addresses(
  option: string,
  nodes: readonly TcpAddress[] | undefined,
  defaultPort: number,
): { host: string; port: number }[] {
  if (!nodes?.length) throw new InvalidOptionError(option, 'a list of at least one address')
  return nodes.map(({ host, port = defaultPort }) => {
    requireHost(option, host)
    requirePort(option, port)
    return { host, port }
  })
}

/** @throws {InvalidOptionError} */
export function requireHost(option: string, host: unknown): void {
  if (typeof host !== 'string' || host === '' || /\s|:\/\//.test(host)) {
    throw new InvalidOptionError(option, 'a host name or an IP address')
  }
}

/** @throws {InvalidOptionError} */
export function requirePort(option: string, port: number): void {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new InvalidOptionError(option, 'a port between 1 and 65535')
  }
}
