/**
 * The assertions of the published contracts. They need no test runner, and their messages say what the tested
 * object did wrong.
 *
 * @module
 */

/** A violation of a contract. A test runner shows it as the failure of the test. */
export class ContractViolation extends Error {
  override readonly name: string = 'ContractViolation'
}

/** Matches a text that begins with this one. */
export interface Beginning {
  readonly beginning: string
}

const MAX_SHOWN = 300

/** An error reply of which only the beginning is specified. */
export function textFrom(beginning: string): Beginning {
  return { beginning }
}

/** @throws {ContractViolation} `claim`, when `holds` is false. */
export function check(holds: boolean, claim: string): void {
  if (!holds) throw new ContractViolation(claim)
}

/**
 * Compares by content; a property that is undefined equals a missing one.
 *
 * @param claim What must hold, such as `MGET answers nil as null`.
 * @throws {ContractViolation} With the claim, the expected and the actual value.
 */
export function checkSame(actual: unknown, expected: unknown, claim: string): void {
  if (matches(actual, expected)) return
  throw new ContractViolation(`${claim}: expected ${show(expected)}, got ${show(actual)}`)
}

/** @throws {ContractViolation} When `work` resolves, or rejects with an error that `fits` does not accept. */
export async function checkRejects(
  work: Promise<unknown>,
  fits: (error: unknown) => boolean,
  claim: string,
): Promise<void> {
  const outcome = await work.then(
    (value) => ({ ok: false, text: `it resolved to ${show(value)}` }),
    (error: unknown) => ({ ok: fits(error), text: `it rejected with ${String(error)}` }),
  )
  check(outcome.ok, `${claim}: ${outcome.text}`)
}

function matches(actual: unknown, expected: unknown): boolean {
  if (Object.is(actual, expected)) return true
  if (typeof expected !== 'object' || expected === null) return false
  if ('beginning' in expected) {
    return typeof actual === 'string' && actual.startsWith(String(expected.beginning))
  }
  if (typeof actual !== 'object' || actual === null) return false
  if (Array.isArray(actual) !== Array.isArray(expected)) return false
  if (actual instanceof Map && expected instanceof Map) {
    return matches([...actual], [...expected])
  }
  return haveSameFields(actual, expected)
}

function haveSameFields(actual: object, expected: object): boolean {
  const names = new Set([...Object.keys(actual), ...Object.keys(expected)])
  return [...names].every((name) => matches(Reflect.get(actual, name), Reflect.get(expected, name)))
}

function show(value: unknown): string {
  const text =
    value instanceof Map ? `a map of ${jsonOf([...value])}` : (jsonOf(value) ?? String(value))
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}… (${text.length} characters)` : text
}

/** As JSON, but a bigint as its digits and an `n`: JSON would refuse it, and so hide what was wrong. */
function jsonOf(value: unknown): string | undefined {
  return JSON.stringify(value, (_name, part) => (typeof part === 'bigint' ? `${part}n` : part))
}
