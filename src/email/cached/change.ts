/**
 * What writers tell readers: what they are about to do, and what they have done.
 *
 * @module
 */

import {
  differences,
  IMAGE_FIELDS,
  type ImageField,
  type ListImage,
  type PackedImage,
  packImage,
  unpackImage,
} from './image.ts'

/** One message before and after a write, as far as lists can tell. */
export interface RowChange {
  readonly id: string
  /** Null: there was none. Undefined: unknown. */
  readonly before: ListImage | null | undefined
  /** Null: there is none. */
  readonly after: ListImage | null
  /**
   * The fields that the writer named, or that differ: what is told again, since it could not be told
   * the first time, differs no more. Undefined: all of them.
   */
  readonly fields: readonly ImageField[] | undefined
}

/** What was done: to these messages, or to messages nobody has a list of. */
export type Change =
  | { readonly rows: readonly RowChange[] }
  | { readonly rows: undefined; readonly fields: readonly ImageField[] | undefined }

/** What is about to be done. */
export interface Intent {
  /** Undefined: to whichever. */
  readonly ids: readonly string[] | undefined
  /** What the messages will have. A field that is not there is not known. */
  readonly set: Partial<ListImage>
  /** The fields that may change; undefined: all, as messages are stored or deleted. */
  readonly fields: readonly ImageField[] | undefined
  /** Messages will be gone; none can come into a list. */
  readonly isDelete?: boolean
}

/** As it is stored: what is undefined is left out, so that it is plain JSON. */
export function packIntent({ ids, fields, ...rest }: Intent): unknown {
  return { ...rest, ...(ids && { ids }), ...(fields && { fields }) }
}

/** Whether a write is of no message that it had not marked, which others would not know of. */
export function isMarked({ ids: marked }: Intent, ids: readonly string[]): boolean {
  if (marked === undefined) return true
  const known = new Set(marked)
  return ids.every((id) => known.has(id))
}

/** Whether another write under way may be of the same messages, so that either may be the later one. */
export function isShared({ ids }: Intent, others: readonly unknown[]): boolean {
  const own = new Set(ids)
  return others.some((other) => {
    const theirs = (other as Intent | undefined)?.ids
    return ids === undefined || theirs === undefined || theirs.some((id) => own.has(id))
  })
}

/** What is told one by one: more would make an entry that is larger than many lists. */
const MAX_TOLD_ROWS = 256
/** People and categories of all rows together. */
const MAX_TOLD_NAMES = 2_048

/** An update: its images, and the fields that its writer named. */
export function updated(
  before: ListImage,
  after: ListImage,
  named: readonly ImageField[],
): RowChange {
  const fields = [...new Set([...named, ...differences(before, after)])]
  return { id: after.id, before, after, fields }
}

export function created(after: ListImage): RowChange {
  return { id: after.id, before: null, after, fields: undefined }
}

export function deleted(before: ListImage): RowChange {
  return { id: before.id, before, after: null, fields: undefined }
}

/** The messages one by one if they are few; else the fields in which any may have changed. */
export function changeOf(rows: readonly RowChange[]): Change {
  const names = rows.flatMap(({ before, after }) => [before, after]).map(countNames)
  const isShort = names.reduce((sum, count) => sum + count, 0) <= MAX_TOLD_NAMES
  if (rows.length <= MAX_TOLD_ROWS && isShort) return { rows }
  const all = rows.some(({ fields }) => fields === undefined)
  return {
    rows: undefined,
    fields: all ? undefined : [...new Set(rows.flatMap(({ fields }) => fields ?? []))],
  }
}

function countNames(image: ListImage | null | undefined): number {
  return image ? image.recipients.length + image.categories.length : 0
}

type Packed = readonly [
  id: string,
  after: PackedImage | null,
  /** Values that were others before, by the index of their field; 0: unknown; null: none. */
  before: Readonly<Record<string, unknown>> | null | 0,
  fields: readonly number[] | null,
]

/** A change as it is stored. */
export function packChange(change: Change): unknown {
  if (change.rows === undefined) return { f: packFields(change.fields) }
  return { r: change.rows.map(packRow) }
}

/** Every list goes through the same entries, as the mirror of the log holds them. */
const unpacked = new WeakMap<object, Change>()

/** @returns Undefined for what is no change. */
export function unpackChange(value: unknown): Change | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const known = unpacked.get(value)
  if (known !== undefined) return known
  const change = readChange(value)
  if (change !== undefined) unpacked.set(value, change)
  return change
}

function readChange(value: object): Change | undefined {
  if ('r' in value) return { rows: (value.r as Packed[]).map(unpackRow) }
  if ('f' in value) return { rows: undefined, fields: unpackFields(value.f as number[] | null) }
  return undefined
}

function packRow({ id, before, after, fields }: RowChange): Packed {
  return [id, after && packImage(after), packBefore(before, after), packFields(fields)]
}

function packBefore(before: RowChange['before'], after: ListImage | null): Packed[2] {
  if (before === undefined) return 0
  if (before === null) return null
  const packed = packImage(before)
  const changed = after === null ? IMAGE_FIELDS : differences(before, after)
  return Object.fromEntries(
    changed.map((field) => [IMAGE_FIELDS.indexOf(field), packed[IMAGE_FIELDS.indexOf(field)]]),
  )
}

function unpackRow([id, after, before, fields]: Packed): RowChange {
  return {
    id,
    after: after && unpackImage(after),
    before: unpackBefore(before, after),
    fields: unpackFields(fields),
  }
}

function unpackBefore(before: Packed[2], after: PackedImage | null): RowChange['before'] {
  if (before === 0) return undefined
  if (before === null) return null
  return unpackImage(IMAGE_FIELDS.map((_, i) => (i in before ? before[i] : after?.[i])))
}

function packFields(fields: readonly ImageField[] | undefined): readonly number[] | null {
  return fields === undefined ? null : fields.map((field) => IMAGE_FIELDS.indexOf(field))
}

function unpackFields(packed: readonly number[] | null): readonly ImageField[] | undefined {
  return packed === null ? undefined : packed.map((i) => IMAGE_FIELDS[i] as ImageField)
}
