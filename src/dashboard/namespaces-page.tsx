/**
 * The page of namespaces, and of the keys that are read most.
 *
 * @module
 */

import type { Census } from '../cache/census.ts'
import { readablePath, visible } from '../entry/visible.ts'
import type { HotKey } from '../monitor/hot-keys.ts'
import { figuresOf, type NamespaceRow, namespaceRows, type Range } from './figures.ts'
import { bytes, count, dateTime, duration, percent, UNKNOWN } from './format.ts'
import type { Html } from './html.ts'
import { ActionButton, Bar, Empty, Missing, Panel, Table } from './parts.tsx'
import { isThere, type Snapshot } from './snapshot.ts'

/** The input of the page. */
export interface NamespacesProps {
  readonly snapshot: Snapshot
  readonly range: Range
  readonly census: Census | undefined
  readonly token: string
}

export function NamespacesPage({ snapshot, range, census, token }: NamespacesProps): Html {
  const { timeline, hotKeys } = snapshot
  const rows = isThere(timeline) ? namespaceRows(figuresOf(timeline, range), census) : []
  return (
    <div class="grid">
      <Panel id="namespaces" title="Namespaces" isWide>
        {isThere(timeline) ? <Namespaces rows={rows} /> : <Missing lack={timeline} how="" />}
        <div class="row">
          <ActionButton
            id="take-census"
            action="census"
            label="Count stored entries"
            token={token}
            fields={{ range }}
          />
          <p class="soft small">{censusText(census)}</p>
        </div>
      </Panel>
      <Panel id="hot-keys" title="Most read">
        {isThere(hotKeys) ? (
          <Keys label="Most read" keys={hotKeys.hits} token={token} kind="hit" />
        ) : (
          <Missing lack={hotKeys} how={HOW} />
        )}
      </Panel>
      <Panel id="hot-misses" title="Most missed">
        {isThere(hotKeys) ? (
          <Keys label="Most missed" keys={hotKeys.misses} token={token} kind="miss" />
        ) : (
          <Missing lack={hotKeys} how={HOW} />
        )}
      </Panel>
    </div>
  )
}

const HOW = 'To see these keys, give the dashboard a HotKeys of nearcache/monitor.'

function censusText(census: Census | undefined): string {
  if (!census) return 'Reads up to 500 entries, with two commands each.'
  const { entries, isWhole, at } = census
  const part = isWhole ? 'all entries' : 'a sample'
  return `${count(entries)} entries at ${dateTime(at)} UTC, ${part}.`
}

function Namespaces({ rows }: { readonly rows: readonly NamespaceRow[] }): Html {
  if (rows.length === 0) {
    return (
      <Empty title="No figures yet">Figures appear a few seconds after the first look-up.</Empty>
    )
  }
  return (
    <Table
      label="Namespaces"
      head={[
        'Namespace',
        'Look-ups',
        'Hit rate',
        'Near hits',
        'Loads',
        'Mean load',
        'Time saved',
        'Entries',
        'Bytes',
        'Mean time left',
      ]}
      numeric={[1, 2, 3, 4, 5, 6, 7, 8, 9]}
    >
      {rows.map(({ path, summary, savedMs, stored }) => (
        <tr>
          <th scope="row" title={readablePath(path)}>
            {readablePath(path)}
          </th>
          <td class="number">{count(summary.lookups)}</td>
          <td class="number">
            <HitRate share={summary.hitRate} />
          </td>
          <td class="number">{count(summary.nearHits)}</td>
          <td class="number">{count(summary.loads)}</td>
          <td class="number">{duration(summary.loadMs.mean)}</td>
          <td class="number">{duration(savedMs)}</td>
          <td class="number">{count(stored?.entries)}</td>
          <td class="number">{bytes(stored?.bytes)}</td>
          <td class="number">{duration(stored?.meanLifeMs)}</td>
        </tr>
      ))}
    </Table>
  )
}

function HitRate({ share }: { readonly share: number | undefined }): Html {
  if (share === undefined) return <>{UNKNOWN}</>
  return (
    <>
      {percent(100 * share)}
      <Bar percent={100 * share} tone={share < 0.7 ? 'warn' : 'good'} />
    </>
  )
}

function Keys({
  label,
  keys,
  token,
  kind,
}: {
  readonly label: string
  readonly keys: readonly HotKey[]
  readonly token: string
  readonly kind: string
}): Html {
  if (keys.length === 0) {
    return <Empty title="No keys yet">Each isolate reports its keys once a minute.</Empty>
  }
  return (
    <Table label={label} head={['Key', 'About', '']} numeric={[1]}>
      {keys.map(({ namespace, key, count: times }, i) => (
        <tr>
          <th scope="row" title={`${readablePath(namespace)} ${visible(key)}`}>
            <span class="soft">{readablePath(namespace)}</span>{' '}
            <span class="key-name">{visible(key)}</span>
          </th>
          <td class="number">{count(times)}</td>
          <td>
            {key.startsWith('#') ? (
              <span class="soft">hashed</span>
            ) : (
              <ActionButton
                id={`inspect-${kind}-${i}`}
                action="inspect#inspected"
                label="Inspect"
                about={key}
                token={token}
                fields={{ namespace, key }}
              />
            )}
          </td>
        </tr>
      ))}
    </Table>
  )
}
