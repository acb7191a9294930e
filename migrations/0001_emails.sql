CREATE TABLE emails (
  id TEXT NOT NULL PRIMARY KEY,
  graph_id TEXT UNIQUE,
  message_id TEXT UNIQUE,
  thread_id TEXT,
  conversation_id TEXT,
  in_reply_to TEXT,
  reference_ids TEXT NOT NULL DEFAULT '[]',
  subject TEXT NOT NULL,
  body_text TEXT,
  body_html TEXT,
  body_preview TEXT NOT NULL DEFAULT '',
  sender_email TEXT NOT NULL,
  sender_name TEXT,
  recipients TEXT NOT NULL DEFAULT '[]',
  cc TEXT NOT NULL DEFAULT '[]',
  bcc TEXT NOT NULL DEFAULT '[]',
  received_at INTEGER NOT NULL,
  sent_at INTEGER,
  importance TEXT NOT NULL DEFAULT 'normal',
  categories TEXT NOT NULL DEFAULT '[]',
  has_attachments INTEGER NOT NULL DEFAULT 0 CHECK (has_attachments IN (0, 1)),
  is_read INTEGER NOT NULL DEFAULT 0 CHECK (is_read IN (0, 1)),
  is_flagged INTEGER NOT NULL DEFAULT 0 CHECK (is_flagged IN (0, 1)),
  status TEXT NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'in_progress', 'pending', 'waiting', 'escalated', 'completed', 'resolved', 'archived')),
  priority TEXT NOT NULL DEFAULT 'medium' CHECK (priority IN ('critical', 'high', 'medium', 'low')),
  assigned_to TEXT,
  assigned_at INTEGER,
  due_date INTEGER,
  workflow_state TEXT,
  workflow_type TEXT,
  workflow_chain_id TEXT,
  is_workflow_complete INTEGER NOT NULL DEFAULT 0 CHECK (is_workflow_complete IN (0, 1)),
  analysis_confidence REAL,
  processed_at INTEGER,
  processing_version TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE INDEX emails_by_received ON emails (received_at, id);

CREATE INDEX emails_by_status ON emails (status, received_at, id);

CREATE INDEX emails_by_priority ON emails (priority, received_at, id);

CREATE INDEX emails_by_assignee ON emails (assigned_to, received_at, id);

CREATE INDEX emails_by_sender ON emails (sender_email, received_at, id);

CREATE INDEX emails_by_thread ON emails (thread_id, received_at, id);

CREATE INDEX emails_by_read ON emails (is_read, received_at, id);
