/**
 * Parses HTTP dates (RFC 9110, section 5.6.7). Parsing is strict, because an invalid date means "already
 * expired", and a lenient parser would accept invalid dates.
 *
 * @module
 */

import { midnightOf } from '../entry/iso-time.ts'

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const FIFTY_YEARS_MS = 50 * 365.25 * 86_400_000

const TIME = '(\\d\\d):(\\d\\d):(\\d\\d)'
const IMF = new RegExp(`^[a-z]{3}, (\\d\\d) ([a-z]{3}) (\\d{4}) ${TIME} gmt$`)
const RFC850 = new RegExp(`^[a-z]{6,9}, (\\d\\d)-([a-z]{3})-(\\d\\d) ${TIME} gmt$`)
const ASCTIME = new RegExp(`^[a-z]{3} ([a-z]{3}) ([ \\d]\\d) ${TIME} (\\d{4})$`)

/**
 * The instant of an HTTP date in one of its three forms. Letters may be in any case.
 *
 * @param now Epoch milliseconds. A two-digit year is taken to be in the 2000s, unless that is more than
 * fifty years after this; then in the 1900s.
 * @returns Epoch milliseconds, or `undefined` if the text is not a date.
 */
export function parseHttpDate(field: string | null, now: number): number | undefined {
  const text = field?.toLowerCase() ?? ''
  const imf = IMF.exec(text)
  if (imf) return instant(imf[3], imf[2], imf[1], imf.slice(4))
  const asctime = ASCTIME.exec(text)
  if (asctime) return instant(asctime[6], asctime[1], asctime[2], asctime.slice(3, 6))
  const old = RFC850.exec(text)
  if (!old) return undefined
  const later = instant(`20${old[3]}`, old[2], old[1], old.slice(4))
  const isTooLate = later !== undefined && later > now + FIFTY_YEARS_MS
  return isTooLate ? instant(`19${old[3]}`, old[2], old[1], old.slice(4)) : later
}

function instant(
  year = '',
  monthName = '',
  dayText = '',
  [hours = '', minutes = '', secs = '']: readonly string[],
): number | undefined {
  const month = MONTHS.indexOf(monthName) + 1
  const midnight = midnightOf(Number(year), month, Number(dayText))
  const [h, m, s] = [Number(hours), Number(minutes), Number(secs)]
  // A leap second counts as the next second, because epoch time has none.
  if (midnight === undefined || h > 23 || m > 59 || s > 60) return undefined
  return midnight + ((h * 60 + m) * 60 + s) * 1_000
}
