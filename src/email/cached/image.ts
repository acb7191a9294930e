/**
 * Images of messages: the fields that filters and orders read, without texts.
 *
 * @module
 */

import type { Email, EmailImage } from '../email.ts'

/** The fields, in the order in which they are stored. */
export const IMAGE_FIELDS = [
  'id',
  'receivedAt',
  'sentAt',
  'status',
  'priority',
  'senderEmail',
  'assignedTo',
  'isRead',
  'isFlagged',
  'hasAttachments',
  'threadId',
  'conversationId',
  'workflowState',
  'workflowType',
  'workflowChainId',
  'categories',
  'recipients',
] as const
/** One of {@link IMAGE_FIELDS}. */
export type ImageField = (typeof IMAGE_FIELDS)[number]

/** A message as lists see it. `recipients` has all addresses of `to`, `cc` and `bcc`, without names. */
export type ListImage = Pick<EmailImage, ImageField>

/** The stored form of an image: only the values, in the order of {@link IMAGE_FIELDS}. */
export type PackedImage = readonly unknown[]

/** Placeholders for unknown fields, which the caller does not read. */
const BLANK: EmailImage = {
  id: '',
  graphId: null,
  messageId: null,
  threadId: null,
  conversationId: null,
  inReplyTo: null,
  references: [],
  subject: '',
  bodyPreview: '',
  senderEmail: '',
  senderName: null,
  recipients: [],
  cc: [],
  bcc: [],
  receivedAt: 0,
  sentAt: null,
  importance: 'normal',
  categories: [],
  hasAttachments: false,
  attachments: [],
  entities: [],
  isRead: false,
  isFlagged: false,
  status: 'new',
  priority: 'medium',
  assignedTo: null,
  assignedAt: null,
  dueDate: null,
  workflowState: null,
  workflowType: null,
  workflowChainId: null,
  isWorkflowComplete: false,
  analysisConfidence: null,
  processedAt: null,
  processingVersion: null,
  createdAt: 0,
  updatedAt: 0,
  version: 0,
}

export function imageOf(email: EmailImage | Email): ListImage {
  const { recipients: to, cc, bcc } = email
  const people = new Set([...to, ...cc, ...bcc].map(({ address }) => address))
  const image: Record<string, unknown> = {}
  for (const field of IMAGE_FIELDS) image[field] = email[field]
  image['recipients'] = Array.from(people, (address) => ({ address }))
  return image as unknown as ListImage
}

/** Cached, because every list replays the same image objects, those of the log's mirror. */
const whole = new WeakMap<object, EmailImage>()

/** Completes an image with placeholders, for functions that take a whole message. */
export function widened(image: Partial<ListImage>): EmailImage {
  const known = whole.get(image)
  if (known !== undefined) return known
  const made: EmailImage = { ...BLANK, ...image }
  whole.set(image, made)
  return made
}

export function packImage(image: ListImage): PackedImage {
  return IMAGE_FIELDS.map((field) =>
    field === 'recipients' ? image.recipients.map(({ address }) => address) : image[field],
  )
}

export function unpackImage(packed: PackedImage): ListImage {
  const image: Record<string, unknown> = {}
  for (const [i, field] of IMAGE_FIELDS.entries()) image[field] = packed[i]
  const people = image['recipients'] as readonly string[]
  image['recipients'] = people.map((address) => ({ address }))
  return image as unknown as ListImage
}

/** The fields in which two images of one message differ. */
export function differences(before: ListImage, after: ListImage): ImageField[] {
  return IMAGE_FIELDS.filter((field) => {
    const [a, b] = [before[field], after[field]]
    return a !== b && JSON.stringify(a) !== JSON.stringify(b)
  })
}
