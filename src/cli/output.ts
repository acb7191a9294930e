/**
 * The output of a command: text for people, or JSON for programs.
 *
 * @module
 */

import { styleText } from 'node:util'
import { plainJson } from '../entry/plain-json.ts'
import { visible, visibleLiteral } from '../entry/visible.ts'
import type { Host, Progress, Terminal } from './command.ts'

/** A colour with a meaning. */
export type Tone = 'good' | 'warning' | 'bad' | 'faint' | 'strong'

const STYLES = {
  good: 'green',
  warning: 'yellow',
  bad: 'red',
  faint: 'dim',
  strong: 'bold',
} as const satisfies Record<Tone, Parameters<typeof styleText>[0]>

/** A cell of a table. Numbers are aligned to the right; a text can have a tone. */
export type Cell = string | number | { readonly text: string; readonly tone: Tone }

const NO_PROGRESS: Progress = { update: () => undefined, end: () => undefined }

/** The results of one run. */
export class Output {
  readonly isJson: boolean
  readonly terminal: Terminal | undefined
  readonly #host: Host
  readonly #command: string
  #isOver = false

  constructor(host: Host, command: string, isJson: boolean) {
    this.#host = host
    this.#command = command
    this.isJson = isJson
    this.terminal = host.terminal
  }

  /** Suppresses all later output: an abandoned run may still be in progress. */
  end(): void {
    this.#isOver = true
  }

  /** Shows the result: as a JSON document that begins with the name of the command, or as lines. */
  result(data: object, lines: () => readonly string[]): void {
    this.#show(data, lines, 2)
  }

  /** Shows one of several results: as one line of JSON, or as lines. */
  next(data: object, lines: () => readonly string[]): void {
    this.#show(data, lines)
  }

  #show(data: object, lines: () => readonly string[], indent?: number): void {
    if (this.#isOver) return
    if (this.isJson)
      this.#host.print(visibleLiteral(plainJson({ command: this.#command, ...data }, indent)))
    else for (const line of lines()) this.#host.print(line)
  }

  /** Shows a progress bar; does nothing without a terminal. */
  progress(label: string, total: number): Progress {
    return this.terminal?.progress(label, total) ?? NO_PROGRESS
  }

  /** The text in a tone, on a terminal with colours. */
  paint(tone: Tone, text: string): string {
    if (!this.terminal?.hasColors) return text
    return styleText(STYLES[tone], text, { validateStream: false })
  }

  /** Rows in columns, two spaces apart. Control characters in cells are made visible. */
  table(rows: readonly (readonly Cell[])[], indent = ''): string[] {
    const widths: number[] = []
    for (const row of rows) {
      for (const [i, cell] of row.entries()) {
        widths[i] = Math.max(widths[i] ?? 0, textOf(cell).length)
      }
    }
    return rows.map((row) => {
      const cells = row.map((cell, i) => {
        const text = textOf(cell)
        const width = widths[i] ?? 0
        const padded = typeof cell === 'number' ? text.padStart(width) : text.padEnd(width)
        return typeof cell === 'object' ? this.paint(cell.tone, padded) : padded
      })
      return (indent + cells.join('  ')).trimEnd()
    })
  }
}

function textOf(cell: Cell): string {
  return visible(typeof cell === 'object' ? cell.text : String(cell))
}

/** A count with its noun: `1 key`, `2 keys`. */
export function plural(count: number, one: string, many: string = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** A size in a readable unit. */
export function bytes(count: number | null | undefined): string {
  if (count === undefined || count === null) return 'unknown'
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = count
  let unit = 0
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}

/** A duration in its two largest units. */
export function span(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  const seconds = Math.floor(ms / 1_000)
  if (seconds < 60) return `${seconds} s`
  const units = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const
  const first = units.findIndex(([count]) => count > 0)
  return units
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ')
}

/** A share from 0 to 1 as a percentage. */
export function percent(share: number | undefined): string {
  return share === undefined ? '-' : `${(100 * share).toFixed(1)} %`
}

/** Milliseconds, with decimals unless they are whole: then the clock does not measure fractions. */
export function millis(ms: number | undefined): string {
  if (ms === undefined) return '-'
  return `${Number.isInteger(ms) ? ms : ms.toFixed(ms < 10 ? 2 : 1)} ms`
}
