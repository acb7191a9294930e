/**
 * The page that inspects a key, with the forms to delete and invalidate.
 *
 * @module
 */

import type { Census } from '../cache/census.ts'
import type { InspectedTag, Inspection } from '../cache/inspect.ts'
import { plainJson } from '../entry/plain-json.ts'
import { readablePath, visible } from '../entry/visible.ts'
import { bytes, count, dateTime, duration, fromNow, UNKNOWN } from './format.ts'
import type { Content, Html } from './html.ts'
import { ActionButton, Empty, Facts, FormToken, Panel, Pill, Table, type Tone } from './parts.tsx'

/** A key that was inspected. */
export interface Inspected {
  readonly namespace: string
  readonly key: string
  /** `undefined` if Redis did not answer. */
  readonly found: Inspection | undefined
}

/** How many entries have one of the tags. */
export interface Counted {
  readonly namespace: string
  readonly tags: readonly string[]
  readonly entries: number
  readonly census: Census
}

/** The input of the page. */
export interface KeysProps {
  /** Paths to choose from. The cache's own path is the first. */
  readonly namespaces: readonly string[]
  readonly at: number
  readonly mayOperate: boolean
  readonly showsValues: boolean
  readonly token: string
  /** The namespace and the key that were entered before. */
  readonly namespace: string
  readonly typed: string
  /** One tag per line. */
  readonly tags: string
  readonly inspected: Inspected | undefined
  readonly counted: Counted | undefined
}

export function KeysPage(props: KeysProps): Html {
  const { inspected, counted, mayOperate, token, namespaces, namespace, typed, tags } = props
  return (
    <div class="grid">
      <Panel id="inspect" title="Inspect a key">
        <form method="post" action="inspect#inspected" class="stack">
          <FormToken token={token} />
          <NamespaceField id="inspect-namespace" namespaces={namespaces} chosen={namespace} />
          <label for="inspect-key">Key</label>
          <input
            id="inspect-key"
            name="key"
            required
            autocomplete="off"
            spellcheck={false}
            value={typed}
          />
          <button type="submit" class="main">
            Inspect
          </button>
        </form>
      </Panel>
      <Panel id="invalidate" title="Invalidate by tag">
        <form method="post" action="invalidate#counted" class="stack">
          <FormToken token={token} />
          <NamespaceField id="invalidate-namespace" namespaces={namespaces} chosen={namespace} />
          <label for="tags">Tags, one on each line</label>
          <textarea id="tags" name="tags" rows={3} required spellcheck={false}>
            {tags}
          </textarea>
          <div class="row">
            <button type="submit" name="do" value="count">
              Count first
            </button>
            {mayOperate ? (
              <button type="submit" name="do" value="invalidate" class="danger">
                Invalidate
              </button>
            ) : (
              <span class="soft small">This dashboard is read-only.</span>
            )}
          </div>
        </form>
        {counted ? <CountedText counted={counted} /> : ''}
      </Panel>
      {inspected ? <InspectedPanel {...props} inspected={inspected} /> : ''}
    </div>
  )
}

function NamespaceField({
  id,
  namespaces,
  chosen,
}: {
  readonly id: string
  readonly namespaces: readonly string[]
  readonly chosen: string
}): Html {
  return (
    <>
      <label for={id}>Namespace</label>
      <input
        id={id}
        name="namespace"
        list={`${id}-list`}
        required
        autocomplete="off"
        spellcheck={false}
        value={readablePath(chosen)}
      />
      <datalist id={`${id}-list`}>
        {namespaces.map((path) => (
          <option value={readablePath(path)} />
        ))}
      </datalist>
    </>
  )
}

function CountedText({ counted }: { readonly counted: Counted }): Html {
  const { entries, census, tags, namespace } = counted
  const where = census.isWhole ? 'all' : 'a sample of'
  return (
    <div class="message" role="status" id="counted">
      <b>{count(entries)}</b> {entries === 1 ? 'entry' : 'entries'} in {readablePath(namespace)}{' '}
      with {tags.length === 1 ? 'this tag' : 'one of these tags'}, out of {where}{' '}
      {count(census.entries)} entries. Nothing was changed.
    </div>
  )
}

const VERDICT_TONES: Readonly<Record<Inspection['verdict'], Tone>> = {
  fresh: 'good',
  stale: 'warn',
  'stale-if-error': 'warn',
  miss: 'bad',
}

const REASONS: Readonly<Record<string, string>> = {
  absent: 'There is no entry. It was never stored, has expired in Redis, or was deleted.',
  expired: 'The entry is too old to be served.',
  invalidated: 'A tag of the entry was invalidated after it was loaded, or its namespace cleared.',
  'undeclared-tag': 'The entry lacks a tag that reads declare.',
  corrupt:
    'The entry cannot be read: it was written by other software, or with another encryption key.',
}

function InspectedPanel({
  inspected,
  at,
  mayOperate,
  showsValues,
  token,
}: KeysProps & { readonly inspected: Inspected }): Html {
  const { key, namespace, found } = inspected
  if (!found) {
    return (
      <Panel id="inspected" title="What is stored" isWide>
        <Empty title="Redis does not answer">Try again later.</Empty>
      </Panel>
    )
  }
  return (
    <Panel
      id="inspected"
      title="What is stored"
      isWide
      note={<Pill tone={VERDICT_TONES[found.verdict]}>{found.verdict}</Pill>}
    >
      <p class="lead">
        <span class="soft">{readablePath(namespace)}</span>{' '}
        <span class="key-name">{visible(key)}</span>
      </p>
      {found.reason === null ? '' : <p>{REASONS[found.reason] ?? found.reason}</p>}
      <Facts of={factsOf(found, at)} />
      {found.tags.length > 0 ? <Tags tags={found.tags} /> : ''}
      {showsValues && found.verdict !== 'miss' ? (
        <pre class="value-text">{preview(found.value)}</pre>
      ) : (
        ''
      )}
      {mayOperate ? (
        <ActionButton
          id="delete-key"
          action="delete-key"
          label="Delete this key"
          token={token}
          fields={{ namespace, key }}
          tone="danger"
        />
      ) : (
        ''
      )}
    </Panel>
  )
}

function factsOf(found: Inspection, at: number): readonly (readonly [string, Content])[] {
  const { entry, hasNearCopy, lease, name } = found
  const where = [entry ? 'Redis' : '', hasNearCopy ? 'near, in this isolate' : ''].filter(Boolean)
  const common: readonly (readonly [string, Content])[] = [
    ['Stored in', where.join('; ') || UNKNOWN],
    ['Being loaded', lease ? `for ${duration(lease.heldForMs)}` : 'no'],
  ]
  if (!entry) return [...common, ['Name in Redis', <code>{name}</code>]]
  const { format, isCompressed, keyId } = entry
  const encoding = [
    format === 'json' ? 'JSON' : 'rich values',
    isCompressed ? 'compressed' : '',
    keyId === null ? '' : 'encrypted',
  ]
  return [
    ...common,
    ['Stored', `${dateTime(entry.createdAt)} UTC (${fromNow(entry.createdAt, at)})`],
    [
      'Fresh',
      entry.freshUntil > at
        ? `for ${duration(entry.freshUntil - at)}`
        : `until ${fromNow(entry.freshUntil, at)}`,
    ],
    [
      'Usable',
      entry.staleUntil > at
        ? `for ${duration(entry.staleUntil - at)}`
        : `until ${fromNow(entry.staleUntil, at)}`,
    ],
    ['Load time', duration(entry.loadMs)],
    ['Size', bytes(entry.sizeBytes)],
    ['Encoding', encoding.filter(Boolean).join(', ')],
    ['Write id', <code>{entry.writeId}</code>],
    ['Name in Redis', <code>{name}</code>],
  ]
}

const TAG_TONES: Readonly<Record<InspectedTag['state'], Tone>> = {
  same: 'good',
  soft: 'warn',
  hard: 'bad',
  missing: 'bad',
  'not carried': 'bad',
}
const TAG_WORDS: Readonly<Record<InspectedTag['state'], string>> = {
  same: 'unchanged',
  soft: 'soft-invalidated',
  hard: 'invalidated',
  missing: 'invalidated, or its marker was lost',
  'not carried': 'declared by reads, but not on the entry',
}

function Tags({ tags }: Pick<Inspection, 'tags'>): Html {
  return (
    <Table label="Tags of the entry" head={['Tag', 'Kind', 'State since the load']}>
      {tags.map(({ tag, kind, state }) => (
        <tr>
          <th scope="row">{visible(tag)}</th>
          <td>{kind}</td>
          <td>
            <Pill tone={TAG_TONES[state]}>{TAG_WORDS[state]}</Pill>
          </td>
        </tr>
      ))}
    </Table>
  )
}

const MOST_CHARACTERS = 4_000

function preview(value: unknown): string {
  const text = value === undefined ? 'undefined' : plainJson(value, 2)
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text
}
