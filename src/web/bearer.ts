/**
 * Reads the secret that a request brings, and compares it with the one that opens.
 *
 * @module
 */

/** The token of an `Authorization: Bearer`; empty without one. The name of a scheme has no case (RFC 9110, section 11.1). */
export function bearerIn(headers: Headers): string {
  return /^Bearer +(\S+) *$/i.exec(headers.get('authorization') ?? '')?.[1] ?? ''
}

/** Whether a request brings a bearer token, right or wrong. Other schemes are for a proxy in front. */
export function hasBearer(headers: Headers): boolean {
  return /^Bearer\b/i.test(headers.get('authorization') ?? '')
}

/**
 * Whether two secrets are equal. Their hashes, which are of one length, are compared in full: the time that
 * it takes tells not even how long the expected one is.
 */
export async function isSameSecret(given: string, expected: string): Promise<boolean> {
  const [a, b] = await Promise.all([digest(given), digest(expected)])
  let difference = 0
  for (const [i, byte] of a.entries()) difference |= byte ^ (b[i] ?? 0)
  return difference === 0
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
}
