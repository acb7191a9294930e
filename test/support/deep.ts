/**
 * The size of randomized tests: small by default, full with `npm run test:deep`.
 *
 * @module
 */

/** Whether this is a deep run: `DEEP=1`. */
export const isDeep: boolean = process.env['DEEP'] === '1'

/** The first of two amounts, or in a deep run the second. */
export function amount(quick: number, deep: number): number {
  return isDeep ? deep : quick
}
