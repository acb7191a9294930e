/**
 * A chart. The browser's script draws it; without JavaScript, a table shows the same figures.
 *
 * @module
 */

import type { ChartData, Line, Range } from './figures.ts'
import { clock, count, duration, percent, UNKNOWN } from './format.ts'
import type { Html } from './html.ts'
import { Empty, Table } from './parts.tsx'

const SPANS: Readonly<Record<Range, string>> = { '1h': 'last hour', '24h': 'last 24 hours' }

/** A panel with the lines over the range. */
export function Chart({
  id,
  title,
  data,
  range,
}: {
  readonly id: string
  readonly title: string
  readonly data: ChartData
  readonly range: Range
}): Html {
  const rows = data.at
    .map((at, i) => ({ at, values: data.lines.map(({ values }) => values[i] ?? null) }))
    .filter(({ values }) => values.some((value) => value !== null && value !== 0))
    .reverse()
  if (rows.length === 0) {
    return <Empty title="No figures">{`Nothing was counted in the ${SPANS[range]}.`}</Empty>
  }
  const step = range === '1h' ? 'minute' : 'hour'
  return (
    <figure class="chart">
      <div
        class="plot"
        id={`${id}-plot`}
        role="img"
        aria-label={describe(title, data, range)}
        data-chart={JSON.stringify(data)}
      />
      <ul class="legend" aria-hidden="true">
        {data.lines.map((line) => (
          <li>
            <span class={`key ${line.tone}`} />
            {line.label} <b>{valueText(summaryOf(line, data), data.unit)}</b>
          </li>
        ))}
      </ul>
      <details id={`${id}-table`}>
        <summary>Figures by {step}</summary>
        <Table
          label={`${title} by ${step}`}
          head={['UTC', ...data.lines.map(({ label }) => label)]}
          numeric={data.lines.map((_, i) => i + 1)}
        >
          {rows.map(({ at, values }) => (
            <tr>
              <th scope="row">{clock(at)}</th>
              {values.map((value) => (
                <td class="number">{valueText(value, data.unit)}</td>
              ))}
            </tr>
          ))}
        </Table>
      </details>
    </figure>
  )
}

/** Describes the chart for screen readers. */
function describe(title: string, data: ChartData, range: Range): string {
  const { lines, unit, limit } = data
  const told = lines.map((line) => `${line.label} ${valueText(summaryOf(line, data), unit)}`)
  const across = limit ? ` The limit is ${valueText(limit.value, unit)}.` : ''
  return `${title}, ${SPANS[range]}. ${unit === '' ? 'Total' : 'Latest'}: ${told.join(', ')}.${across} The table below has all figures.`
}

/** The sum of counts, or the newest of measurements. */
function summaryOf({ values }: Line, { unit }: ChartData): number | null {
  if (unit !== '') return values.findLast((value) => value !== null) ?? null
  return values.reduce<number>((sum, value) => sum + (value ?? 0), 0)
}

function valueText(value: number | null, unit: ChartData['unit']): string {
  if (value === null) return UNKNOWN
  if (unit === '%') return percent(value)
  return unit === 'ms' ? duration(value) : count(value)
}
