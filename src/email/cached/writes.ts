/**
 * Writes to a cached mailbox: what each write is about to change, and what it has changed.
 *
 * Input is checked here, as the repository does, before a mark is set.
 *
 * @module
 */

import type { TtlClass } from '../../entry/duration.ts'
import { DuplicateEmailError } from '../../errors.ts'
import type { Platform } from '../../platform/platform.ts'
import type { Email, EmailChanges, EmailEntity, EmailImage, NewEmail } from '../email.ts'
import { parseChanges, parseEntities, parseNewEmail, parseSynchronised } from '../email-input.ts'
import type { BatchResult, EmailChange, EmailRepository, EmailUpsert } from '../email-repository.ts'
import { readAddress, readBoolean, readList, readName, readNullableName } from '../fields.ts'
import { parseChain, type WorkflowChainChange, type WorkflowChainInput } from '../workflow-chain.ts'
import { created, deleted, type Intent, type RowChange, updated } from './change.ts'
import type { GraphIds } from './graph-ids.ts'
import { IMAGE_FIELDS, type ImageField, imageOf, type ListImage } from './image.ts'
import { rowTtl } from './lifetimes.ts'
import type { Told } from './write.ts'
import type { CachedWriter } from './writer.ts'

/** Options of {@link CachedWrites}. */
export interface WritesOptions {
  readonly repository: EmailRepository
  readonly writer: CachedWriter
  readonly platform: Platform
  readonly graphIds: GraphIds
}

/** A new message with its future id and image. */
interface NamedEmail {
  readonly id: string
  readonly email: NewEmail
  readonly image: ListImage
}

/** The writes of a mailbox. */
export class CachedWrites {
  readonly #repository: EmailRepository
  readonly #writer: CachedWriter
  readonly #platform: Platform
  readonly #graphIds: GraphIds

  constructor({ repository, writer, platform, graphIds }: WritesOptions) {
    this.#repository = repository
    this.#writer = writer
    this.#platform = platform
    this.#graphIds = graphIds
  }

  create(email: NewEmail): Promise<Email> {
    return this.#create(this.#named(email))
  }

  /**
   * A new message is written with `createEmail`, whose mark names all its fields, so that only lists that it
   * may belong to are in doubt. If another writer has stored the message first, that one is updated.
   */
  async createOrUpdate(email: NewEmail): Promise<EmailUpsert> {
    const named = this.#named(email)
    const graphId = readName(email.graphId, 'graphId')
    const known = await this.#graphIds.idOf(graphId)
    if (known !== undefined) return this.#synchronise(named, known)
    try {
      return { before: undefined, after: await this.#create(named) }
    } catch (error) {
      if (!(error instanceof DuplicateEmailError)) throw error
      const rival = await this.#graphIds.idOf(graphId)
      if (rival !== undefined) return this.#synchronise(named, rival)
      // The conflicting message may have been deleted. If not, another message has the id or Message-ID.
      return { before: undefined, after: await this.#create(named) }
    }
  }

  async batchCreate(emails: readonly NewEmail[]): Promise<BatchResult> {
    const all = readList(emails, 'emails', (email) => this.#named(email as NewEmail))
    if (all.length === 0) return { created: [], duplicates: [] }
    return this.#writer.write({
      intent: {
        ids: all.map(({ id }) => id),
        set: sharedPart(all.map(({ image }) => image)),
        fields: undefined,
      },
      run: () => this.#repository.batchCreate(all.map(({ email }) => email)),
      told: (result) => ({ rows: result.created.map((email) => created(imageOf(email))) }),
    })
  }

  change(id: string, changes: EmailChanges): Promise<EmailChange | undefined> {
    const [intent, fields] = intentOf([readName(id, 'id')], changes)
    return this.#writer.write({
      intent,
      row: { id, ttl: ttlOf(changes) },
      run: () => this.#repository.changeEmail(id, changes),
      told: (change) => toldOf(change, fields),
    })
  }

  bulkUpdate(
    ids: readonly string[],
    changes: EmailChanges,
  ): Promise<readonly EmailChange<EmailImage>[]> {
    return this.#many(ids, changes, (all) => this.#repository.bulkUpdate(all, changes))
  }

  bulkAssign(
    ids: readonly string[],
    assignedTo: string | null,
  ): Promise<readonly EmailChange<EmailImage>[]> {
    const changes = { assignedTo: readNullableName(assignedTo, 'assignedTo') }
    return this.#many(ids, changes, (all) => this.#repository.bulkAssign(all, assignedTo))
  }

  markAsRead(ids: readonly string[], isRead: boolean): Promise<readonly EmailChange<EmailImage>[]> {
    const changes = { isRead: readBoolean(isRead, 'isRead') }
    return this.#many(ids, changes, (all) => this.#repository.markAsRead(all, isRead))
  }

  storeEntities(id: string, entities: readonly EmailEntity[]): Promise<EmailChange | undefined> {
    parseEntities(entities)
    return this.#writer.write({
      intent: { ids: [readName(id, 'id')], set: {}, fields: [] },
      row: { id, ttl: 'medium' },
      run: () => this.#repository.storeEmailEntities(id, entities),
      told: (change) => toldOf(change, []),
    })
  }

  noteRecipient(id: string, address: string): Promise<EmailChange | undefined> {
    readAddress(address, 'address')
    const fields: readonly ImageField[] = ['recipients']
    return this.#writer.write({
      intent: { ids: [readName(id, 'id')], set: {}, fields },
      row: { id, ttl: 'medium' },
      run: () => this.#repository.noteRecipient(id, address),
      told: (change) => toldOf(change, fields),
    })
  }

  delete(id: string): Promise<Email | undefined> {
    return this.#writer.write({
      intent: { ids: [readName(id, 'id')], set: {}, fields: undefined, isDelete: true },
      run: () => this.#repository.deleteEmail(id),
      told: (email) => ({ rows: email ? [deleted(imageOf(email))] : [], gone: email }),
    })
  }

  storeChain(chain: WorkflowChainInput): Promise<WorkflowChainChange> {
    parseChain(chain)
    // No message changes. Figures depend on chains, recorded as a change of the field `workflowChainId`.
    const fields: readonly ImageField[] = ['workflowChainId']
    return this.#writer.write({
      intent: { ids: [], set: {}, fields },
      run: () => this.#repository.createOrUpdateWorkflowChain(chain),
      told: () => ({ rows: [], fields }),
    })
  }

  #create({ id, email, image }: NamedEmail): Promise<Email> {
    return this.#writer.write({
      intent: { ids: [id], set: image, fields: undefined },
      row: { id, ttl: 'medium' },
      run: () => this.#repository.createEmail(email),
      told: (stored) => ({ rows: [created(imageOf(stored))], stored }),
    })
  }

  async #synchronise({ id, email }: NamedEmail, known: string): Promise<EmailUpsert> {
    const fields = listFields(parseSynchronised(email))
    const upsert = await this.#writer.write({
      // Another writer may delete the message first; then it is created, so all fields and both ids are marked.
      intent: { ids: [known, id], set: {}, fields: undefined },
      row: { id: known, ttl: 'medium' },
      run: () => this.#repository.createOrUpdate(email),
      told: ({ before, after }) => ({
        rows: [before ? updated(imageOf(before), imageOf(after), fields) : created(imageOf(after))],
        stored: after.id === known ? after : undefined,
      }),
    })
    const { graphId } = upsert.after
    if (graphId !== null && upsert.after.id !== known) await this.#graphIds.forget(graphId)
    return upsert
  }

  async #many(
    ids: readonly string[],
    changes: EmailChanges,
    run: (ids: readonly string[]) => Promise<readonly EmailChange<EmailImage>[]>,
  ): Promise<readonly EmailChange<EmailImage>[]> {
    const all = [...new Set(readList(ids, 'ids', readName))]
    const [intent, fields] = intentOf(all, changes)
    if (all.length === 0) return run(all)
    return this.#writer.write({
      intent,
      run: () => run(all),
      told: (changed) => ({ rows: changed.map((one) => rowOf(one, fields)) }),
    })
  }

  /** Chooses the id of a message before the write, so that it can be marked. */
  #named(email: NewEmail): NamedEmail {
    const now = Math.floor(this.#platform.now())
    const parsed = parseNewEmail(email, { id: crypto.randomUUID(), now })
    return { id: parsed.id, email: { ...email, id: parsed.id }, image: imageOf(parsed) }
  }
}

function intentOf(
  ids: readonly string[],
  changes: EmailChanges,
): readonly [Intent, readonly ImageField[]] {
  const parsed = parseChanges(changes)
  const fields = listFields(parsed)
  const set = Object.fromEntries(
    fields.map((field) => [field, parsed[field as keyof typeof parsed]]),
  )
  return [{ ids, set, fields }, fields]
}

/** All fields that the caller named, changed or not: a repeated change must be recorded again. */
function listFields(parsed: ReturnType<typeof parseChanges>): ImageField[] {
  return IMAGE_FIELDS.filter((field) => Object.hasOwn(parsed, field))
}

function toldOf(change: EmailChange | undefined, fields: readonly ImageField[]): Told {
  if (change === undefined) return { rows: [] }
  return { rows: [rowOf(change, fields)], stored: change.after }
}

function rowOf(
  { before, after }: EmailChange<EmailImage>,
  fields: readonly ImageField[],
): RowChange {
  return updated(imageOf(before), imageOf(after), fields)
}

/** The fields that have the same value in all images. */
function sharedPart(images: readonly ListImage[]): Partial<ListImage> {
  const [first] = images
  if (first === undefined) return {}
  const fields = IMAGE_FIELDS.filter((field) => {
    const text = JSON.stringify(first[field])
    return images.every((image) => JSON.stringify(image[field]) === text)
  })
  return Object.fromEntries(fields.map((field) => [field, first[field]]))
}

/** The lifetime of the changed message, as far as the changes determine it. */
function ttlOf({ status = 'new', isWorkflowComplete = false }: EmailChanges): TtlClass {
  return rowTtl({ status, isWorkflowComplete, processedAt: null })
}
