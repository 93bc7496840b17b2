//! Reading a base and publishing a commit in a git repository.
