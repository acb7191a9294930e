CREATE TABLE products (id TEXT PRIMARY KEY, price INTEGER NOT NULL);
INSERT INTO products (id, price) VALUES ('tea', 4), ('cake', 7);
