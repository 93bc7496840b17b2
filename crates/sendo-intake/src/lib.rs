//! Event in: verify, store, translate.
