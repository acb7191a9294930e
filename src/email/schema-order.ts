/**
 * The third step of the schema: indexes that give the messages of a recipient or a category, and flagged messages,
 * in order of receipt.
 *
 * @module
 */

/** D1 stops a statement after 30 s (developers.cloudflare.com/d1/platform/limits), so rows are copied in parts. */
const PARTS = 8
const PART_SIZE = `(SELECT count(*) / ${PARTS} + 1 FROM emails)`

const copied = (table: string, column: string, part: number): string =>
  `INSERT INTO new_${table} (${column}, email_received_at, email_id)
SELECT ${column}, received_at, id FROM (
  SELECT received_at, id FROM emails ORDER BY received_at, id
  LIMIT ${PART_SIZE} OFFSET ${part} * ${PART_SIZE}
) CROSS JOIN ${table} ON email_id = id`

/** Rebuilds a side table with the time of receipt in its key; the time of receipt of a message never changes. */
const inOrder = (table: string, column: string, index: string): readonly string[] => [
  `CREATE TABLE new_${table} (
  ${column} TEXT NOT NULL,
  email_received_at INTEGER NOT NULL,
  email_id TEXT NOT NULL,
  PRIMARY KEY (${column}, email_received_at, email_id)
) STRICT, WITHOUT ROWID`,
  ...Array.from({ length: PARTS }, (_, part) => copied(table, column, part)),
  `DROP TABLE ${table}`,
  `ALTER TABLE new_${table} RENAME TO ${table}`,
  `CREATE INDEX ${index} ON ${table} (email_id)`,
]

const recipientsIn = (...columns: readonly string[]): string =>
  `INSERT OR IGNORE INTO email_recipients (address, email_received_at, email_id)
  ${columns
    .map(
      (column) =>
        `SELECT value ->> 'address', new.received_at, new.id FROM json_each(new.${column})`,
    )
    .join('\n  UNION ')}`

const CATEGORIES = `INSERT OR IGNORE INTO email_categories (category, email_received_at, email_id)
  SELECT value, new.received_at, new.id FROM json_each(new.categories)`

export const ORDERED_TABLES: readonly string[] = [
  // A partial index: few messages are flagged, and it does not contain the others.
  'CREATE INDEX emails_flagged ON emails (received_at, id) WHERE is_flagged = 1',
  // SQLite refuses to rename a table while a trigger refers to a table that does not exist.
  'DROP TRIGGER emails_stored',
  'DROP TRIGGER emails_categorised',
  'DROP TRIGGER emails_deleted',
  ...inOrder('email_recipients', 'address', 'recipients_by_email'),
  ...inOrder('email_categories', 'category', 'categories_by_email'),
  `CREATE TRIGGER emails_stored AFTER INSERT ON emails BEGIN
  ${recipientsIn('recipients', 'cc', 'bcc')};
  ${CATEGORIES};
END`,
  `CREATE TRIGGER emails_noted AFTER UPDATE OF bcc ON emails WHEN old.bcc <> new.bcc BEGIN
  ${recipientsIn('bcc')};
END`,
  `CREATE TRIGGER emails_categorised AFTER UPDATE OF categories ON emails
WHEN old.categories <> new.categories BEGIN
  DELETE FROM email_categories WHERE email_id = new.id;
  ${CATEGORIES};
END`,
  `CREATE TRIGGER emails_deleted AFTER DELETE ON emails BEGIN
  DELETE FROM email_recipients WHERE email_id = old.id;
  DELETE FROM email_categories WHERE email_id = old.id;
  DELETE FROM email_texts WHERE email_id = old.id;
END`,
]
