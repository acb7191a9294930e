/**
 * The second step of the schema: more orders, look-up by recipient and category, full-text search,
 * workflow chains and rejected messages.
 *
 * @module
 */

/** New columns of `emails`. The generated ones are for sorting, and stored only in indexes. */
export const NEW_COLUMNS: readonly string[] = [
  "ALTER TABLE emails ADD COLUMN attachments TEXT NOT NULL DEFAULT '[]'",
  "ALTER TABLE emails ADD COLUMN entities TEXT NOT NULL DEFAULT '[]'",
  `ALTER TABLE emails ADD COLUMN sort_sent INTEGER
  GENERATED ALWAYS AS (coalesce(sent_at, received_at)) VIRTUAL`,
  `ALTER TABLE emails ADD COLUMN urgency INTEGER GENERATED ALWAYS AS
  (CASE priority WHEN 'critical' THEN 3 WHEN 'high' THEN 2 WHEN 'medium' THEN 1 ELSE 0 END) VIRTUAL`,
]

export const MORE_INDEXES: readonly string[] = [
  ['emails_by_sent', 'sort_sent, id'],
  ['emails_by_urgency', 'urgency, received_at, id'],
  ['emails_by_conversation', 'conversation_id, received_at, id'],
  ['emails_by_workflow_state', 'workflow_state, received_at, id'],
  ['emails_by_workflow_type', 'workflow_type, received_at, id'],
  ['emails_by_workflow_chain', 'workflow_chain_id, received_at, id'],
].map(([name, columns]) => `CREATE INDEX ${name} ON emails (${columns})`)

/** Fills the side table from the message in `row` (`new` in a trigger). */
const recipientsOf = (row: string): string =>
  `INSERT OR IGNORE INTO email_recipients (address, email_id)
  SELECT value ->> 'address', ${row}.id FROM json_each(${row}.recipients)
  UNION SELECT value ->> 'address', ${row}.id FROM json_each(${row}.cc)
  UNION SELECT value ->> 'address', ${row}.id FROM json_each(${row}.bcc)`

const categoriesOf = (row: string): string =>
  `INSERT OR IGNORE INTO email_categories (category, email_id)
  SELECT value, ${row}.id FROM json_each(${row}.categories)`

/**
 * Side tables of the recipients and categories of messages, sorted by recipient and category. Triggers update
 * them, so every write to `emails` does, whatever code makes it.
 */
export const NAME_TABLES: readonly string[] = [
  `CREATE TABLE email_recipients (
  address TEXT NOT NULL,
  email_id TEXT NOT NULL,
  PRIMARY KEY (address, email_id)
) STRICT, WITHOUT ROWID`,
  'CREATE INDEX recipients_by_email ON email_recipients (email_id)',
  `CREATE TABLE email_categories (
  category TEXT NOT NULL,
  email_id TEXT NOT NULL,
  PRIMARY KEY (category, email_id)
) STRICT, WITHOUT ROWID`,
  'CREATE INDEX categories_by_email ON email_categories (email_id)',
  `INSERT INTO email_recipients (address, email_id)
SELECT value ->> 'address', emails.id FROM emails, json_each(emails.recipients)
UNION SELECT value ->> 'address', emails.id FROM emails, json_each(emails.cc)
UNION SELECT value ->> 'address', emails.id FROM emails, json_each(emails.bcc)`,
  `INSERT INTO email_categories (category, email_id)
SELECT DISTINCT value, emails.id FROM emails, json_each(emails.categories)`,
  `CREATE TRIGGER emails_stored AFTER INSERT ON emails BEGIN
  ${recipientsOf('new')};
  ${categoriesOf('new')};
END`,
  `CREATE TRIGGER emails_categorised AFTER UPDATE OF categories ON emails
WHEN old.categories <> new.categories BEGIN
  DELETE FROM email_categories WHERE email_id = new.id;
  ${categoriesOf('new')};
END`,
]

/**
 * The words of each message as `searchTokens` returns them, and their full-text index. No word contains a
 * character that the tokenizer `ascii` splits at or changes, so the index has exactly these words.
 * `detail = none`, because searches do not depend on the positions of words.
 */
export const SEARCH_TABLES: readonly string[] = [
  // `seq` is a key of its own, because VACUUM may change the rowids of `emails`.
  `CREATE TABLE email_texts (
  seq INTEGER PRIMARY KEY,
  email_id TEXT NOT NULL UNIQUE,
  tokens TEXT
) STRICT`,
  // Messages stored before this step; `indexTexts` adds their words.
  'INSERT INTO email_texts (email_id) SELECT id FROM emails',
  'CREATE INDEX texts_to_index ON email_texts (seq) WHERE tokens IS NULL',
  `CREATE VIRTUAL TABLE email_search USING fts5(
  tokens, content = 'email_texts', content_rowid = 'seq', tokenize = 'ascii', detail = none,
  columnsize = 0
)`,
  `CREATE TRIGGER texts_stored AFTER INSERT ON email_texts WHEN new.tokens IS NOT NULL BEGIN
  INSERT INTO email_search (rowid, tokens) VALUES (new.seq, new.tokens);
END`,
  `CREATE TRIGGER texts_indexed AFTER UPDATE OF tokens ON email_texts WHEN old.tokens IS NULL BEGIN
  INSERT INTO email_search (rowid, tokens) VALUES (new.seq, new.tokens);
END`,
  `CREATE TRIGGER texts_deleted AFTER DELETE ON email_texts WHEN old.tokens IS NOT NULL BEGIN
  INSERT INTO email_search (email_search, rowid, tokens) VALUES ('delete', old.seq, old.tokens);
END`,
  `CREATE TRIGGER emails_deleted AFTER DELETE ON emails BEGIN
  DELETE FROM email_recipients WHERE email_id = old.id;
  DELETE FROM email_categories WHERE email_id = old.id;
  DELETE FROM email_texts WHERE email_id = old.id;
END`,
]

export const CHAINS_TABLE: string = `CREATE TABLE workflow_chains (
  id TEXT NOT NULL PRIMARY KEY,
  workflow_type TEXT NOT NULL,
  workflow_state TEXT,
  is_complete INTEGER NOT NULL DEFAULT 0 CHECK (is_complete IN (0, 1)),
  started_at INTEGER NOT NULL,
  completed_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL DEFAULT 1
) STRICT`

export const REJECTED_TABLE: readonly string[] = [
  `CREATE TABLE rejected_messages (
  id TEXT NOT NULL PRIMARY KEY,
  reason TEXT NOT NULL,
  envelope_from TEXT NOT NULL,
  envelope_to TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  raw_start TEXT NOT NULL
) STRICT`,
  'CREATE INDEX rejected_by_received ON rejected_messages (received_at DESC, id)',
]
