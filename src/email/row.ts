/**
 * Converts between messages and rows of the `emails` table.
 *
 * @module
 */

import type {
  Email,
  EmailAddress,
  EmailAttachment,
  EmailEntity,
  EmailImage,
  EmailImportance,
  EmailPriority,
  EmailStatus,
} from './email.ts'
import type { ParsedChanges } from './email-input.ts'

/** The columns of `emails`. Booleans are 0 or 1, instants epoch milliseconds, lists JSON. */
export interface EmailRow {
  id: string
  graph_id: string | null
  message_id: string | null
  thread_id: string | null
  conversation_id: string | null
  in_reply_to: string | null
  reference_ids: string
  subject: string
  body_text: string | null
  body_html: string | null
  body_preview: string
  sender_email: string
  sender_name: string | null
  recipients: string
  cc: string
  bcc: string
  received_at: number
  sent_at: number | null
  importance: string
  categories: string
  has_attachments: number
  is_read: number
  is_flagged: number
  status: string
  priority: string
  assigned_to: string | null
  assigned_at: number | null
  due_date: number | null
  workflow_state: string | null
  workflow_type: string | null
  workflow_chain_id: string | null
  is_workflow_complete: number
  analysis_confidence: number | null
  processed_at: number | null
  processing_version: string | null
  created_at: number
  updated_at: number
  version: number
  attachments: string
  entities: string
}

/** A row without the bodies. */
export type ImageRow = Omit<EmailRow, 'body_text' | 'body_html'>

/** Builds the row of a message. The order of the columns is that of the table. */
export function toRow(email: Email): EmailRow {
  return {
    id: email.id,
    graph_id: email.graphId,
    message_id: email.messageId,
    thread_id: email.threadId,
    conversation_id: email.conversationId,
    in_reply_to: email.inReplyTo,
    reference_ids: JSON.stringify(email.references),
    subject: email.subject,
    body_text: email.bodyText,
    body_html: email.bodyHtml,
    body_preview: email.bodyPreview,
    sender_email: email.senderEmail,
    sender_name: email.senderName,
    recipients: JSON.stringify(email.recipients),
    cc: JSON.stringify(email.cc),
    bcc: JSON.stringify(email.bcc),
    received_at: email.receivedAt,
    sent_at: email.sentAt,
    importance: email.importance,
    categories: JSON.stringify(email.categories),
    has_attachments: Number(email.hasAttachments),
    is_read: Number(email.isRead),
    is_flagged: Number(email.isFlagged),
    status: email.status,
    priority: email.priority,
    assigned_to: email.assignedTo,
    assigned_at: email.assignedAt,
    due_date: email.dueDate,
    workflow_state: email.workflowState,
    workflow_type: email.workflowType,
    workflow_chain_id: email.workflowChainId,
    is_workflow_complete: Number(email.isWorkflowComplete),
    analysis_confidence: email.analysisConfidence,
    processed_at: email.processedAt,
    processing_version: email.processingVersion,
    created_at: email.createdAt,
    updated_at: email.updatedAt,
    version: email.version,
    attachments: JSON.stringify(email.attachments),
    entities: JSON.stringify(email.entities),
  }
}

/** The names of all columns, in the order of the table. */
export const EMAIL_COLUMNS: readonly (keyof EmailRow)[] = Object.keys(
  toRow({} as Email),
) as (keyof EmailRow)[]

/** All columns but the bodies. */
export const IMAGE_COLUMNS: readonly (keyof ImageRow)[] = EMAIL_COLUMNS.filter(
  (column) => column !== 'body_text' && column !== 'body_html',
)

/** Reads a row. Enum values need no check here: the table's CHECK constraints guarantee them. */
export function fromRow(row: EmailRow): Email {
  return { ...fromImageRow(row), bodyText: row.body_text, bodyHtml: row.body_html }
}

/** Reads a row that was selected without its bodies. */
export function fromImageRow(row: ImageRow): EmailImage {
  return {
    id: row.id,
    graphId: row.graph_id,
    messageId: row.message_id,
    threadId: row.thread_id,
    conversationId: row.conversation_id,
    inReplyTo: row.in_reply_to,
    references: listIn<string>(row.reference_ids),
    subject: row.subject,
    bodyPreview: row.body_preview,
    senderEmail: row.sender_email,
    senderName: row.sender_name,
    recipients: listIn<EmailAddress>(row.recipients),
    cc: listIn<EmailAddress>(row.cc),
    bcc: listIn<EmailAddress>(row.bcc),
    receivedAt: row.received_at,
    sentAt: row.sent_at,
    importance: row.importance as EmailImportance,
    categories: listIn<string>(row.categories),
    hasAttachments: row.has_attachments === 1,
    isRead: row.is_read === 1,
    isFlagged: row.is_flagged === 1,
    status: row.status as EmailStatus,
    priority: row.priority as EmailPriority,
    assignedTo: row.assigned_to,
    assignedAt: row.assigned_at,
    dueDate: row.due_date,
    workflowState: row.workflow_state,
    workflowType: row.workflow_type,
    workflowChainId: row.workflow_chain_id,
    isWorkflowComplete: row.is_workflow_complete === 1,
    analysisConfidence: row.analysis_confidence,
    processedAt: row.processed_at,
    processingVersion: row.processing_version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    version: row.version,
    attachments: listIn<EmailAttachment>(row.attachments),
    entities: listIn<EmailEntity>(row.entities),
  }
}

/** Shared by all messages: most of their lists are empty. */
const NOTHING: readonly never[] = Object.freeze([])

function listIn<T>(text: string): readonly T[] {
  return text === '[]' ? NOTHING : (JSON.parse(text) as T[])
}

/** The columns that the changes set, with their values. A column has the field's name in snake case. */
export function toChangedColumns(changes: ParsedChanges): Partial<EmailRow> {
  const columns = Object.entries(changes).map(([field, value]) => [
    field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    toColumn(value),
  ])
  return Object.fromEntries(columns) as Partial<EmailRow>
}

function toColumn(value: ParsedChanges[keyof ParsedChanges]): string | number | null {
  if (typeof value === 'boolean') return Number(value)
  if (typeof value === 'object' && value !== null) return JSON.stringify(value)
  return value ?? null
}
