//! Effect out: claim, run, record the outcome.
