"""The store: what must survive anything. SQLAlchemy Core on SQLite or PostgreSQL; one file per kind of row."""
