/**
 * Tags by which a write shows which lists it may have changed.
 *
 * A *shape* is which fields a query compares for equality, and which others it reads. A list has one tag
 * of its shape for each combination of the values that it wants. For each shape that reads a changed
 * field, a write touches the tags of the values before and after. A list whose tags were not touched has
 * not changed. Modelled on the conjunctions of django-cacheops, which has no changed fields and no ranges.
 *
 * @module
 */

import type { Branch } from '../branch.ts'
import type { RowChange } from './change.ts'
import { IMAGE_FIELDS, type ImageField } from './image.ts'

/** The shape of a query, and the tags of the combinations of values that it wants. */
export interface ShapeTags {
  readonly shape: string
  readonly tags: readonly string[]
}

/** With more combinations, the field with the most values is not compared for equality any more. */
const MAX_COMBINATIONS = 16

/** The fields that are compared for equality, with their names in branches and in images. */
const EQUALITIES = [
  ['statuses', 'status'],
  ['priorities', 'priority'],
  ['workflowStates', 'workflowState'],
  ['workflowTypes', 'workflowType'],
  ['workflowChainIds', 'workflowChainId'],
  ['senderEmails', 'senderEmail'],
  ['assignees', 'assignedTo'],
  ['threadIds', 'threadId'],
  ['conversationIds', 'conversationId'],
  ['hasAttachments', 'hasAttachments'],
  ['isRead', 'isRead'],
  ['isFlagged', 'isFlagged'],
] as const satisfies readonly (readonly [keyof Branch, ImageField])[]

type Value = string | boolean | null

interface Equality {
  readonly field: ImageField
  readonly values: readonly Value[]
}

/**
 * The shape of a query, and its tags.
 *
 * A query with several branches gets a shape without equalities, because they need not share any. Every
 * write to a field that such a query reads touches its tag.
 *
 * @param looked All fields that the query reads.
 */
export function shapeOf(branches: readonly Branch[], looked: ReadonlySet<ImageField>): ShapeTags {
  const [only] = branches
  const equalities = branches.length === 1 && only ? narrowed(equalitiesOf(only)) : []
  const fields = equalities.map(({ field }) => field)
  const others = [...looked].filter((field) => !fields.includes(field))
  const shape = `${namesOf(fields)}|${namesOf(others)}`
  const combinations = equalities.reduce<Value[][]>(
    (rows, { values }) => rows.flatMap((row) => values.map((value) => [...row, value])),
    [[]],
  )
  return { shape, tags: combinations.map((values) => tagOf(shape, values)) }
}

/** The tags, among those of the shapes, that a change touches. */
export function touchedTags(
  shapes: readonly string[],
  rows: readonly RowChange[],
): 'all' | readonly string[] {
  // Without the state before the change, or the fields that a list depends on, it is unknown which lists had the message.
  if (rows.some(({ before }) => before === undefined) || !shapes.every(isKnown)) return 'all'
  return [...new Set(shapes.flatMap((shape) => rows.flatMap((row) => tagsOf(shape, row))))]
}

/** The tags of one shape that a change of one message touches. */
function tagsOf(shape: string, { before, after, fields: changed }: RowChange): string[] {
  const [fields, others] = fieldsOf(shape)
  const isSeen = (field: ImageField): boolean => fields.includes(field) || others.includes(field)
  if (changed !== undefined && !changed.some(isSeen)) return []
  const images = [before, after].filter((image) => image !== null && image !== undefined)
  return images.map((image) =>
    tagOf(
      shape,
      fields.map((field) => image[field] as Value),
    ),
  )
}

function equalitiesOf(branch: Branch): Equality[] {
  const equalities = EQUALITIES.flatMap(([name, field]): Equality[] => {
    const asked = branch[name]
    if (asked === undefined) return []
    return [{ field, values: typeof asked === 'boolean' ? [asked] : asked }]
  })
  // In the order of the fields in a shape's name, which is also the order of the values in a tag.
  return equalities.sort((a, b) => IMAGE_FIELDS.indexOf(a.field) - IMAGE_FIELDS.indexOf(b.field))
}

function narrowed(equalities: readonly Equality[]): readonly Equality[] {
  const combinations = equalities.reduce((product, { values }) => product * values.length, 1)
  if (combinations <= MAX_COMBINATIONS) return equalities
  const widest = equalities.reduce((a, b) => (b.values.length > a.values.length ? b : a))
  return narrowed(equalities.filter((equality) => equality !== widest))
}

function namesOf(fields: readonly ImageField[]): string {
  return IMAGE_FIELDS.filter((field) => fields.includes(field)).join(',')
}

/** The fields that a shape compares for equality, and the others that it reads. */
type ShapeFields = readonly [fields: readonly ImageField[], others: readonly ImageField[]]

/** Parsed names of shapes, cached because every write needs all registered shapes. */
const known = new Map<string, ShapeFields>()
const MOST_KNOWN = 256

function fieldsOf(shape: string): ShapeFields {
  const before = known.get(shape)
  if (before !== undefined) return before
  const [fields = '', others = ''] = shape.split('|')
  const read = (names: string): ImageField[] =>
    names.split(',').filter((name) => name !== '') as ImageField[]
  const made: ShapeFields = [read(fields), read(others)]
  if (known.size === MOST_KNOWN) known.clear()
  known.set(shape, made)
  return made
}

/** Another version may have registered a shape with fields that this version does not know. */
function isKnown(shape: string): boolean {
  return fieldsOf(shape).every((fields) => fields.every((field) => IMAGE_FIELDS.includes(field)))
}

/** @param values In the order of the fields in the shape's name. */
function tagOf(shape: string, values: readonly Value[]): string {
  return JSON.stringify([shape, ...values])
}
