/**
 * Dates as HTTP writes them (RFC 9110, section 5.6.7): read strictly, since a date that cannot be read
 * means "already expired", and a lenient reader would see one that is not there.
 *
 * @module
 */

const DAY_MS = 86_400_000
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const FIFTY_YEARS_MS = 50 * 365.25 * DAY_MS

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

/** An instant in the preferred form, as `Sun, 06 Nov 1994 08:49:37 GMT`. */
export function formatHttpDate(ms: number): string {
  const days = Math.floor(ms / DAY_MS)
  const { year, month, day } = civil(days)
  const rest = Math.floor((ms - days * DAY_MS) / 1_000)
  const time = [Math.floor(rest / 3_600), Math.floor(rest / 60) % 60, rest % 60].map(two).join(':')
  const name = MONTHS[month - 1] ?? ''
  const weekday = DAYS[(((days + 4) % 7) + 7) % 7]
  const monthName = name.charAt(0).toUpperCase() + name.slice(1)
  return `${weekday}, ${two(day)} ${monthName} ${String(year).padStart(4, '0')} ${time} GMT`
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}

function instant(
  year = '',
  monthName = '',
  dayText = '',
  [hours = '', minutes = '', secs = '']: readonly string[],
): number | undefined {
  const month = MONTHS.indexOf(monthName) + 1
  const day = Number(dayText)
  const days = daysSinceEpoch(Number(year), month, day)
  const isReal = month > 0 && civil(days).day === day && civil(days).month === month
  const [h, m, s] = [Number(hours), Number(minutes), Number(secs)]
  // A leap second is the next one here: no clock of ours has it.
  if (!isReal || h > 23 || m > 59 || s > 60) return undefined
  return days * DAY_MS + ((h * 60 + m) * 60 + s) * 1_000
}

/** Days from 1970-01-01 (H. Hinnant, "chrono-compatible low-level date algorithms"). */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** The inverse of {@link daysSinceEpoch}. */
function civil(days: number): {
  readonly year: number
  readonly month: number
  readonly day: number
} {
  const z = days + 719_468
  const era = Math.floor(z / 146_097)
  const doe = z - era * 146_097
  const yoe = Math.floor(
    (doe - Math.floor(doe / 1_460) + Math.floor(doe / 36_524) - Math.floor(doe / 146_096)) / 365,
  )
  const doy = doe - (365 * yoe + Math.floor(yoe / 4) - Math.floor(yoe / 100))
  const mp = Math.floor((5 * doy + 2) / 153)
  const month = mp < 10 ? mp + 3 : mp - 9
  const day = doy - Math.floor((153 * mp + 2) / 5) + 1
  return { year: yoe + era * 400 + (month <= 2 ? 1 : 0), month, day }
}
