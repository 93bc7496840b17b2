//! Every statement, by name.
//!
//! The text lies in `sql/shared` where both databases understand it and in `sql/sqlite` and
//! `sql/postgres` where they differ. Both number their values `$1`, `$2`, …. The list is complete,
//! so that the start can prepare each of them.

/// A statement in the words of both databases.
#[derive(Debug)]
pub(crate) struct Statement {
    /// Its name, which is also the name of its file.
    pub(crate) name: &'static str,
    /// For SQLite.
    pub(crate) sqlite: &'static str,
    /// For Postgres.
    pub(crate) postgres: &'static str,
}

macro_rules! statement {
    (shared $name:literal) => {
        Statement {
            name: $name,
            sqlite: include_str!(concat!("../../sql/shared/", $name, ".sql")),
            postgres: include_str!(concat!("../../sql/shared/", $name, ".sql")),
        }
    };
    (split $name:literal) => {
        Statement {
            name: $name,
            sqlite: include_str!(concat!("../../sql/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../../sql/postgres/", $name, ".sql")),
        }
    };
}

macro_rules! statements {
    ($($constant:ident = $place:ident $name:literal,)*) => {
        $(pub(crate) const $constant: Statement = statement!($place $name);)*
        /// All of them.
        pub(crate) const ALL: &[Statement] = &[$($constant),*];
    };
}

/// Creates the table of schema versions; it must run before anything can be prepared.
pub(super) const CREATE_VERSIONS: Statement = statement!(split "create_versions");
/// Keeps two processes from migrating at once.
pub(super) const MIGRATION_LOCK: Statement = statement!(split "migration_lock");

statements! {
    ACCEPT = split "accept",
    CLAIM_DELIVERY = split "claim_delivery",
    SETTLE_DELIVERY = shared "settle_delivery",
    REPLAY_DELIVERY = shared "replay_delivery",
    DELIVERY_STANDING = shared "delivery_standing",
    INSERT_EVENT = shared "insert_event",
    DELIVERIES_NEWEST = shared "deliveries_newest",
    DELIVERIES_BY_OUTCOME = shared "deliveries_by_outcome",
    DELIVERIES_OF = split "deliveries_of",
    DELIVERY_BY_KEY = shared "delivery_by_key",
    WAKE_SUBJECT = shared "wake_subject",
    CLAIM_SUBJECT = split "claim_subject",
    COMMIT_SUBJECT = shared "commit_subject",
    RELEASE_SUBJECT = shared "release_subject",
    FACTS_OF = split "facts_of",
    FACTS_NAMED = shared "facts_named",
    SUBJECT = shared "subject",
    UPSERT_FACT = shared "upsert_fact",
    FORGET_FACT = shared "forget_fact",
    INSERT_EFFECT = shared "insert_effect",
    LIVE_EFFECTS = shared "live_effects",
    CANCEL_EFFECT = shared "cancel_effect",
    RETIRE_EFFECT = shared "retire_effect",
    DROP_OBSERVATION = shared "drop_observation",
    CLAIM_EFFECT = split "claim_effect",
    INTEND_EFFECT = shared "intend_effect",
    HEARTBEAT_EFFECT = shared "heartbeat_effect",
    FINISH_EFFECT = shared "finish_effect",
    DELETE_EFFECT = shared "delete_effect",
    RELEASE_EFFECT = shared "release_effect",
    REDRIVABLE_SUBJECTS = shared "redrivable_subjects",
    REDRIVE_EFFECTS = shared "redrive_effects",
    TAKE_LEASE = shared "take_lease",
    HOLD_LEASE = split "hold_lease",
    APPEND_AUDIT = shared "append_audit",
    PENDING_AUDIT = shared "pending_audit",
    DELETE_PENDING = shared "delete_pending",
    INSERT_AUDIT = shared "insert_audit",
    AUDIT_HEAD = shared "audit_head",
    MOVE_AUDIT_HEAD = shared "move_audit_head",
    AUDIT_AFTER = shared "audit_after",
    COUNT_PENDING = shared "count_pending",
    UPSERT_DEPLOYMENT = shared "upsert_deployment",
    ADD_LANE = shared "add_lane",
    INSERT_NOTICE = shared "insert_notice",
    BUMP_REVISION = shared "bump_revision",
    REVISION = shared "revision",
    DEPLOYMENT = shared "deployment",
    DEPLOYMENTS_NEWEST = shared "deployments_newest",
    DEPLOYMENTS_OF_APPLICATION = shared "deployments_of_application",
    DEPLOYMENTS_IN_STATE = shared "deployments_in_state",
    BOARD = shared "board",
    TIMELINE = shared "timeline",
    BACKLOG = shared "backlog",
    QUEUES = shared "queues",
    INSERT_TOKEN = shared "insert_token",
    TOKEN_BY_HASH = shared "token_by_hash",
    TOUCH_TOKEN = shared "touch_token",
    TOKENS = shared "tokens",
    REVOKE_TOKEN = shared "revoke_token",
    INSERT_SESSION = shared "insert_session",
    SESSION = shared "session",
    TOUCH_SESSION = shared "touch_session",
    END_SESSION = shared "end_session",
    INSERT_LINK = shared "insert_link",
    LINK = shared "link",
    USE_LINK = shared "use_link",
    PRUNE_BODIES = shared "prune_bodies",
    PRUNE_EFFECTS = shared "prune_effects",
    PRUNE_SESSIONS = shared "prune_sessions",
    PRUNE_LINKS = shared "prune_links",
    INSTALLATION = shared "installation",
    DRAW_INSTALLATION = shared "draw_installation",
    LATEST_TIME = shared "latest_time",
    SERVER_TIME = split "server_time",
    NEWEST_VERSION = shared "newest_version",
    INSERT_VERSION = shared "insert_version",
    HAS_VERSIONS = split "has_versions",
    COLUMNS = split "columns",
    REDRAW_INSTALLATION = shared "redraw_installation",
    FREE_SUBJECTS = shared "free_subjects",
    FREE_EFFECTS = shared "free_effects",
    FREE_DELIVERIES = shared "free_deliveries",
    FREE_LEASES = shared "free_leases",
    DROP_SESSIONS = shared "drop_sessions",
    DROP_LINKS = shared "drop_links",
    HOLD_ALONE = split "hold_alone",
    HOLD_SHARED = split "hold_shared",
}
