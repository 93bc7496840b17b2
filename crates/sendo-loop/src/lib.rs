//! Wake a subject, load its world, decide, commit.
