/**
 * Dates as HTTP writes them (RFC 9110, section 5.6.7): read strictly, since a date that cannot be read
 * means "already expired", and a lenient reader would see one that is not there.
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
 * The instant of an HTTP date in one of its three forms, letters in any case.
 *
 * @param now Epoch milliseconds: two digits of a year are of the century that makes the date at most
 * fifty years later than this.
 * @returns Epoch milliseconds, or `undefined` if it is none.
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
  // A leap second is the next one here: no clock of ours has it.
  if (midnight === undefined || h > 23 || m > 59 || s > 60) return undefined
  return midnight + ((h * 60 + m) * 60 + s) * 1_000
}
