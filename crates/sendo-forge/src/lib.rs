//! Change requests and checks on a forge; the local one lives on plain bare repositories.
