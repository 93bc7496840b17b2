//! The binary: configuration, wiring and one file per verb.
