import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DEFAULTS } from '../../src/cache/options.ts'
import { type Duration, TTL_CLASSES, toMilliseconds } from '../../src/entry/duration.ts'

const ROOT = join(import.meta.dirname, '../..')

interface Row {
  readonly options: readonly string[]
  readonly defaults: string
  readonly text: string
}

const rows = readRows(readFileSync(join(ROOT, 'README.md'), 'utf8'))

describe("the README's table of options", () => {
  test.each(rows.flatMap(({ options }) => options))('names %s as in the code', (option) => {
    const code = readFileSync(join(ROOT, 'src/cache/options.ts'), 'utf8')

    expect(code).toMatch(new RegExp(`^  readonly ${option}\\?: `, 'm'))
  })

  test.each<[option: string, inCode: unknown, read: (cell: string) => unknown]>([
    ['ttl', DEFAULTS.ttlMs, duration],
    ['jitter', DEFAULTS.jitter, Number],
    ['staleWhileRevalidate', DEFAULTS.staleWhileRevalidateMs, Number],
    ['staleIfError', DEFAULTS.staleIfErrorMs, Number],
    ['earlyRefresh', DEFAULTS.earlyRefresh, Number],
    ['loaderTimeout', DEFAULTS.hardTimeoutMs, (cell) => duration(/hard: ('\w+')/.exec(cell)?.[1])],
    ['tags', DEFAULTS.tags, (cell) => (cell === 'none' ? [] : cell)],
    ['lateTags', DEFAULTS.lateTags, (cell) => cell !== 'false'],
    ['negativeTtl', DEFAULTS.negativeTtlMs, duration],
    ['near', DEFAULTS.near, (cell) => (cell === 'off' ? undefined : cell)],
    ['compression', DEFAULTS.compression, (cell) => ({ thresholdBytes: bytes(cell) })],
    ['schema', DEFAULTS.schema, (cell) => (cell === 'none' ? undefined : cell)],
    ['consistency', DEFAULTS.consistency, (cell) => cell.replaceAll("'", '')],
  ])('gives the default of %s', (option, inCode, read) => {
    expect(read(defaultOf(option))).toEqual(inCode)
  })

  test.each(Object.entries(TTL_CLASSES))('gives the duration of the TTL class %s', (name, ms) => {
    const text = rows.find(({ options }) => options.includes('ttl'))?.text ?? ''
    const [, amount, unit] = new RegExp(`\`${name}\` \\((\\d+) (min|h|d)\\)`).exec(text) ?? []

    expect(duration(`${amount}${unit?.[0]}`)).toBe(ms)
  })
})

/** The rows of the table, whose heading begins with `option` and `default`. */
function readRows(text: string): readonly Row[] {
  const table = /^\| option +\| default +\|.*\n\|[-| ]+\n((?:\|.*\n)+)/m.exec(text)?.[1] ?? ''
  return table
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [options = '', defaults = '', meaning = ''] = line
        .replaceAll('\\|', '¦')
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim())
      return { options: options.replaceAll('`', '').split(', '), defaults, text: meaning }
    })
}

/** The default of an option. A row of several options has one default for each, in order, or one for all. */
function defaultOf(option: string): string {
  const row = rows.find(({ options }) => options.includes(option))
  if (!row) return expect.unreachable(`the table has no ${option}`)
  const cells = row.defaults.replaceAll('`', '').split(/, (?![^{]*\})/)
  if (cells.length !== row.options.length) return row.defaults.replaceAll('`', '')
  return cells[row.options.indexOf(option)] ?? ''
}

function duration(text: string | undefined): number {
  return toMilliseconds((text ?? '').replaceAll("'", '') as Duration, 'default')
}

/** The number in `above 1,024 bytes`. */
function bytes(cell: string): number {
  return Number(/([\d,]+) bytes/.exec(cell)?.[1]?.replaceAll(',', ''))
}
