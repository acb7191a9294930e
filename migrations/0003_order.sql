CREATE INDEX emails_flagged ON emails (received_at, id) WHERE is_flagged = 1;

DROP TRIGGER emails_stored;

DROP TRIGGER emails_categorised;

DROP TRIGGER emails_deleted;

CREATE TABLE new_email_recipients (
  address TEXT NOT NULL,
  email_received_at INTEGER NOT NULL,
  email_id TEXT NOT NULL,
  PRIMARY KEY (address, email_received_at, email_id)
) STRICT, WITHOUT ROWID;

INSERT INTO new_email_recipients (address, email_received_at, email_id)
SELECT address, received_at, id FROM (
  SELECT received_at, id FROM emails ORDER BY received_at, id
  LIMIT (SELECT count(*) / 8 + 1 FROM emails) OFFSET 0 * (SELECT count(*) / 8 + 1 FROM emails)
) CROSS JOIN email_recipients ON email_id = id;

INSERT INTO new_email_recipients (address, email_received_at, email_id)
SELECT address, received_at, id FROM (
  SELECT received_at, id FROM emails ORDER BY received_at, id
  LIMIT (SELECT count(*) / 8 + 1 FROM emails) OFFSET 1 * (SELECT count(*) / 8 + 1 FROM emails)
) CROSS JOIN email_recipients ON email_id = id;

INSERT INTO new_email_recipients (address, email_received_at, email_id)
SELECT address, received_at, id FROM (
  SELECT received_at, id FROM emails ORDER BY received_at, id
  LIMIT (SELECT count(*) / 8 + 1 FROM emails) OFFSET 2 * (SELECT count(*) / 8 + 1 FROM emails)
) CROSS JOIN email_recipients ON email_id = id;

INSERT INTO new_email_recipients (address, email_received_at, email_id)
SELECT address, received_at, id FROM (
  SELECT received_at, id FROM emails ORDER BY received_at, id
  LIMIT (SELECT count(*) / 8 + 1 FROM emails) OFFSET 3 * (SELECT count(*) / 8 + 1 FROM emails)
) CROSS JOIN email_recipients ON email_id = id;

INSERT INTO new_email_recipients (address, email_received_at, email_id)
SELECT address, received_at, id FROM (
  SELECT received_at, id FROM emails ORDER BY received_at, id
  LIMIT (SELECT count(*) / 8 + 1 FROM emails) OFFSET 4 * (SELECT count(*) / 8 + 1 FROM emails)
) CROSS JOIN email_recipients ON email_id = id;

INSERT INTO new_email_recipients (address, email_received_at, email_id)
SELECT address, received_at, id FROM (
  SELECT received_at, id FROM emails ORDER BY received_at, id
  LIMIT (SELECT count(*) / 8 + 1 FROM emails) OFFSET 5 * (SELECT count(*) / 8 + 1 FROM emails)
) CROSS JOIN email_recipients ON email_id = id;

INSERT INTO new_email_recipients (address, email_received_at, email_id)
SELECT address, received_at, id FROM (
  SELECT received_at, id FROM emails ORDER BY received_at, id
  LIMIT (SELECT count(*) / 8 + 1 FROM emails) OFFSET 6 * (SELECT count(*) / 8 + 1 FROM emails)
) CROSS JOIN email_recipients ON email_id = id;

INSERT INTO new_email_recipients (address, email_received_at, email_id)
SELECT address, received_at, id FROM (
  SELECT received_at, id FROM emails ORDER BY received_at, id
  LIMIT (SELECT count(*) / 8 + 1 FROM emails) OFFSET 7 * (SELECT count(*) / 8 + 1 FROM emails)
) CROSS JOIN email_recipients ON email_id = id;

DROP TABLE email_recipients;

ALTER TABLE new_email_recipients RENAME TO email_recipients;

CREATE INDEX recipients_by_email ON email_recipients (email_id);

CREATE TABLE new_email_categories (
  category TEXT NOT NULL,
  email_received_at INTEGER NOT NULL,
  email_id TEXT NOT NULL,
  PRIMARY KEY (category, email_received_at, email_id)
) STRICT, WITHOUT ROWID;

INSERT INTO new_email_categories (category, email_received_at, email_id)
SELECT category, received_at, id FROM (
  SELECT received_at, id FROM emails ORDER BY received_at, id
  LIMIT (SELECT count(*) / 8 + 1 FROM emails) OFFSET 0 * (SELECT count(*) / 8 + 1 FROM emails)
) CROSS JOIN email_categories ON email_id = id;

INSERT INTO new_email_categories (category, email_received_at, email_id)
SELECT category, received_at, id FROM (
  SELECT received_at, id FROM emails ORDER BY received_at, id
  LIMIT (SELECT count(*) / 8 + 1 FROM emails) OFFSET 1 * (SELECT count(*) / 8 + 1 FROM emails)
) CROSS JOIN email_categories ON email_id = id;

INSERT INTO new_email_categories (category, email_received_at, email_id)
SELECT category, received_at, id FROM (
  SELECT received_at, id FROM emails ORDER BY received_at, id
  LIMIT (SELECT count(*) / 8 + 1 FROM emails) OFFSET 2 * (SELECT count(*) / 8 + 1 FROM emails)
) CROSS JOIN email_categories ON email_id = id;

INSERT INTO new_email_categories (category, email_received_at, email_id)
SELECT category, received_at, id FROM (
  SELECT received_at, id FROM emails ORDER BY received_at, id
  LIMIT (SELECT count(*) / 8 + 1 FROM emails) OFFSET 3 * (SELECT count(*) / 8 + 1 FROM emails)
) CROSS JOIN email_categories ON email_id = id;

INSERT INTO new_email_categories (category, email_received_at, email_id)
SELECT category, received_at, id FROM (
  SELECT received_at, id FROM emails ORDER BY received_at, id
  LIMIT (SELECT count(*) / 8 + 1 FROM emails) OFFSET 4 * (SELECT count(*) / 8 + 1 FROM emails)
) CROSS JOIN email_categories ON email_id = id;

INSERT INTO new_email_categories (category, email_received_at, email_id)
SELECT category, received_at, id FROM (
  SELECT received_at, id FROM emails ORDER BY received_at, id
  LIMIT (SELECT count(*) / 8 + 1 FROM emails) OFFSET 5 * (SELECT count(*) / 8 + 1 FROM emails)
) CROSS JOIN email_categories ON email_id = id;

INSERT INTO new_email_categories (category, email_received_at, email_id)
SELECT category, received_at, id FROM (
  SELECT received_at, id FROM emails ORDER BY received_at, id
  LIMIT (SELECT count(*) / 8 + 1 FROM emails) OFFSET 6 * (SELECT count(*) / 8 + 1 FROM emails)
) CROSS JOIN email_categories ON email_id = id;

INSERT INTO new_email_categories (category, email_received_at, email_id)
SELECT category, received_at, id FROM (
  SELECT received_at, id FROM emails ORDER BY received_at, id
  LIMIT (SELECT count(*) / 8 + 1 FROM emails) OFFSET 7 * (SELECT count(*) / 8 + 1 FROM emails)
) CROSS JOIN email_categories ON email_id = id;

DROP TABLE email_categories;

ALTER TABLE new_email_categories RENAME TO email_categories;

CREATE INDEX categories_by_email ON email_categories (email_id);

CREATE TRIGGER emails_stored AFTER INSERT ON emails BEGIN
  INSERT OR IGNORE INTO email_recipients (address, email_received_at, email_id)
  SELECT value ->> 'address', new.received_at, new.id FROM json_each(new.recipients)
  UNION SELECT value ->> 'address', new.received_at, new.id FROM json_each(new.cc)
  UNION SELECT value ->> 'address', new.received_at, new.id FROM json_each(new.bcc);
  INSERT OR IGNORE INTO email_categories (category, email_received_at, email_id)
  SELECT value, new.received_at, new.id FROM json_each(new.categories);
END;

CREATE TRIGGER emails_noted AFTER UPDATE OF bcc ON emails WHEN old.bcc <> new.bcc BEGIN
  INSERT OR IGNORE INTO email_recipients (address, email_received_at, email_id)
  SELECT value ->> 'address', new.received_at, new.id FROM json_each(new.bcc);
END;

CREATE TRIGGER emails_categorised AFTER UPDATE OF categories ON emails
WHEN old.categories <> new.categories BEGIN
  DELETE FROM email_categories WHERE email_id = new.id;
  INSERT OR IGNORE INTO email_categories (category, email_received_at, email_id)
  SELECT value, new.received_at, new.id FROM json_each(new.categories);
END;

CREATE TRIGGER emails_deleted AFTER DELETE ON emails BEGIN
  DELETE FROM email_recipients WHERE email_id = old.id;
  DELETE FROM email_categories WHERE email_id = old.id;
  DELETE FROM email_texts WHERE email_id = old.id;
END;
