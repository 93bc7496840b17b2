//! Deliveries, events, facts, subjects, effects, leases and audit on SQLite and Postgres.
