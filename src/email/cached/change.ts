/**
 * The marks and entries of the change log: what a writer is about to change, and what it has changed.
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

/** One message before and after a write, with the fields that lists depend on. */
export interface RowChange {
  readonly id: string
  /** Null: the message did not exist. Undefined: unknown. */
  readonly before: ListImage | null | undefined
  /** Null: the message does not exist any more. */
  readonly after: ListImage | null
  /**
   * The fields that the writer named, and those that differ. Named fields count even if they do not differ:
   * a repeated write, after one that Redis missed, finds no difference. Undefined: all fields.
   */
  readonly fields: readonly ImageField[] | undefined
}

/** What was changed: these messages; or, if `rows` is undefined, these fields of unknown messages. */
export type Change =
  | { readonly rows: readonly RowChange[] }
  | { readonly rows: undefined; readonly fields: readonly ImageField[] | undefined }

/** What is about to be changed. */
export interface Intent {
  /** Undefined: any messages. */
  readonly ids: readonly string[] | undefined
  /** The new values of the messages. A field that is absent is unknown. */
  readonly set: Partial<ListImage>
  /** The fields that may change; undefined: all, because messages are stored or deleted. */
  readonly fields: readonly ImageField[] | undefined
  /** The messages will be deleted, so none can enter a list. */
  readonly isDelete?: boolean
}

/** The stored form: plain JSON, without undefined fields. */
export function packIntent({ ids, fields, ...rest }: Intent): unknown {
  return { ...rest, ...(ids && { ids }), ...(fields && { fields }) }
}

/** Whether a write changed only messages that its mark names; other clients cannot know of any others. */
export function isMarked({ ids: marked }: Intent, ids: readonly string[]): boolean {
  if (marked === undefined) return true
  const known = new Set(marked)
  return ids.every((id) => known.has(id))
}

/** Whether another write under way may change the same messages, so that their order is unknown. */
export function isShared({ ids }: Intent, others: readonly unknown[]): boolean {
  const own = new Set(ids)
  return others.some((other) => {
    const theirs = (other as Intent | undefined)?.ids
    return ids === undefined || theirs === undefined || theirs.some((id) => own.has(id))
  })
}

/** The most messages that an entry lists: with more, the entry would be larger than many lists. */
const MAX_TOLD_ROWS = 256
/** The most recipients and categories of all listed messages together. */
const MAX_TOLD_NAMES = 2_048

/** The change of an updated message. */
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

/** Lists the messages if they are few; otherwise only the fields that may have changed. */
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
  /** Old values that differ from the new ones, by field index; 0: unknown; null: the message did not exist. */
  before: Readonly<Record<string, unknown>> | null | 0,
  fields: readonly number[] | null,
]

/** The stored form of a change. */
export function packChange(change: Change): unknown {
  if (change.rows === undefined) return { f: packFields(change.fields) }
  return { r: change.rows.map(packRow) }
}

/** Cached, because every list replays the same entry objects, those of the log's mirror. */
const unpacked = new WeakMap<object, Change>()

/** @returns Undefined if `value` is not a change. */
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
