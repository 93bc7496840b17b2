//! Every sentence and page a person reads, rendered purely, in English and Japanese.
