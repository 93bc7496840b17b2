//! Copies of the whole database: a state that existed, the same rows again, all or nothing.
//!
//! Size: every story of copying and of restoring goes through the same populated store and its dump.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sendo_core::deployment::DeploymentState;
use sendo_core::event::Event;
use sendo_store::{
    Accepted, CopyError, NewSession, Progress, Restore, SCHEMA, SEALER, Settlement, Store, backup,
    migrate, open, restore,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::bench::{Bench, LEASE, options};
use super::make::{
    claim_delivery, close, decide, delivery, deployment, done, entry, notice, plan, subject, waking,
};
use crate::place::Place;

const KEEP: Restore = Restore {
    replace: false,
    by: None,
};
const REPLACE: Restore = Restore {
    replace: true,
    by: None,
};
/// What may differ between a state and its restored copy: claims, and whose names it gives out.
const FREED: [&str; 2] = ["fence", "lease_until"];

fn go_on(_: Progress<'_>) -> bool {
    true
}

/// Writes deployment `n` with its notice, three effects and an audit line: all or none of them.
async fn deploy(store: &Arc<dyn Store>, n: u32) {
    let id = format!("example1/test/{n}");
    let mut whole = plan((0..3).map(|k| close(&format!("close/{n}/{k}"))).collect());
    let row = deployment("example1/test", u64::from(n), DeploymentState::Running);
    whole.deployments = vec![row];
    whole.notices = vec![notice(&id, 1)];
    whole.audit = vec![entry("deployment.started")];
    decide(store, "example1/test", &whole).await;
}

/// Takes in a delivery and settles it with one event: both or none of them.
async fn push(store: &Arc<dyn Store>, dedup: &str) {
    store.accept(delivery(dedup)).await.unwrap();
    let claimed = claim_delivery(store).await;
    let pushed = Event::BranchPushed {
        repository: super::make::repository(),
        branch: "main".parse().unwrap(),
        before: None,
        after: Some(super::make::revision()),
        by: None,
    };
    let settlement = Settlement {
        events: vec![pushed],
        ..waking(&[&subject("example2/test")])
    };
    store.settle(&claimed, settlement).await.unwrap();
}

async fn seal(store: &Arc<dyn Store>) {
    let fence = store.lease(SEALER, "a", LEASE).await.unwrap().unwrap();
    store.seal("a", fence, 100).await.unwrap();
}

/// A bit of everything: what is over, what waits, what is claimed.
async fn fill(store: &Arc<dyn Store>) {
    deploy(store, 1).await;
    push(store, "1").await;
    decide(store, "example2/test", &plan(vec![])).await;
    store.accept(delivery("2 \u{1f6a2} \"\\\n")).await.unwrap();
    let effect = store.claim_effect(LEASE, 3).await.unwrap().unwrap();
    store.intend(&effect, json!({})).await.unwrap();
    assert!(store.record(&effect, done()).await.unwrap());
    seal(store).await;
    store.audit(entry("after.the.seal")).await.unwrap();
}

async fn write(url: &str, folder: &TempDir, name: &str) -> PathBuf {
    let file = folder.path().join(name);
    backup(url, &file, true, &go_on).await.unwrap();
    file
}

/// Every row of a backup, by table, as objects; without the columns named.
fn rows(file: &Path, without: &[&str]) -> Vec<(String, Value)> {
    let text = std::fs::read_to_string(file).unwrap();
    let mut lines = text.lines();
    let header: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    let mut rows = Vec::new();
    for table in header["tables"].as_array().unwrap() {
        for _ in 0..table["rows"].as_u64().unwrap() {
            let values: Vec<Value> = serde_json::from_str(lines.next().unwrap()).unwrap();
            let columns = table["columns"].as_array().unwrap().iter();
            let row: serde_json::Map<String, Value> = columns
                .zip(values)
                .map(|(column, value)| (column[0].as_str().unwrap().to_owned(), value))
                .filter(|(column, _)| !without.contains(&column.as_str()))
                .collect();
            rows.push((table["name"].as_str().unwrap().to_owned(), Value::from(row)));
        }
    }
    rows
}

/// How many rows of a table fulfil something.
fn count(rows: &[(String, Value)], table: &str, is: impl Fn(&Value) -> bool) -> usize {
    rows.iter()
        .filter(|(name, row)| name == table && is(row))
        .count()
}

/// A backup of a filled store that is closed again.
async fn filled() -> (Bench, TempDir, PathBuf) {
    let bench = Bench::new().await;
    fill(&bench.store).await;
    bench.store.close().await;
    let folder = tempfile::tempdir().unwrap();
    let file = write(&bench.place.url(), &folder, "a").await;
    (bench, folder, file)
}

async fn refused(place: &Place, file: &Path, how: &Restore) -> CopyError {
    restore(&place.url(), file, how, &go_on).await.unwrap_err()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_made_while_others_write_is_a_state_that_existed() {
    let bench = Bench::new().await;
    let folder = tempfile::tempdir().unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let (store, until) = (Arc::clone(&bench.store), Arc::clone(&over));
    let writer = tokio::spawn(async move {
        let mut n = 0;
        while !until.load(Ordering::Relaxed) {
            n += 1;
            deploy(&store, n).await;
            push(&store, &n.to_string()).await;
            // As the engine does: the lane that was woken is decided about.
            decide(&store, "example2/test", &plan(vec![])).await;
            seal(&store).await;
        }
        n
    });
    let mut sizes = Vec::new();
    for n in 0..8 {
        let file = write(&bench.place.url(), &folder, &n.to_string()).await;
        let rows = rows(&file, &[]);
        let deployments = count(&rows, "deployments", |_| true);
        assert_eq!(count(&rows, "notices", |_| true), deployments);
        assert_eq!(count(&rows, "effects", |_| true), 3 * deployments);
        let audit = count(&rows, "audit", |_| true) + count(&rows, "audit_pending", |_| true);
        assert_eq!(audit, deployments);
        let settled = count(&rows, "deliveries", |row| row["outcome"] == "done");
        assert_eq!(count(&rows, "events", |_| true), settled);
        let copy = Place::new().await;
        let copied = restore(&copy.url(), &file, &KEEP, &go_on).await.unwrap();
        assert_eq!(copied.audit.broken, None);
        sizes.push(deployments);
    }
    over.store(true, Ordering::Relaxed);
    assert!(writer.await.unwrap() > 0);
    assert!(
        sizes.is_sorted() && sizes.first() < sizes.last(),
        "{sizes:?}"
    );
    bench.store.close().await;
}

#[tokio::test]
async fn a_restored_database_has_the_same_rows() {
    let (bench, folder, file) = filled().await;
    let copy = Place::new().await;
    let copied = restore(&copy.url(), &file, &KEEP, &go_on).await.unwrap();
    let again = write(&copy.url(), &folder, "b").await;
    let (mut before, mut after) = (rows(&file, &FREED), rows(&again, &FREED));
    let told = after.iter().position(|(_, row)| {
        row["entry"]
            .as_str()
            .is_some_and(|entry| entry.contains("database.restored"))
    });
    after.remove(told.expect("it is told in the audit trail"));
    // A new text is drawn, so that names given out since the backup are nobody's.
    before.retain(|(table, _)| table != "meta");
    after.retain(|(table, _)| table != "meta");
    assert_eq!(before, after);
    let store = open(&copy.url(), options(&bench.clock)).await.unwrap();
    assert_ne!(store.installation().await.unwrap(), copied.installation);
    assert_eq!(store.verify_audit().await.unwrap().broken, None);
    store.close().await;
}

#[tokio::test]
async fn a_copy_from_database_to_database_and_back_changes_nothing() {
    let (bench, folder, file) = filled().await;
    let (between, last) = (
        format!("sqlite:{}", folder.path().join("1.db").display()),
        Place::new().await,
    );
    migrate(&bench.place.url(), &between, &go_on).await.unwrap();
    migrate(&between, &last.url(), &go_on).await.unwrap();
    for url in [between, last.url()] {
        let copy = write(&url, &folder, "copy").await;
        assert_eq!(rows(&copy, &[]), rows(&file, &[]));
    }
}

#[tokio::test]
async fn a_backup_holds_every_table_there_is() {
    let (bench, _folder, file) = filled().await;
    let catalogue = if bench.place.is_postgres() {
        "SELECT CAST(table_name AS TEXT) FROM information_schema.tables WHERE table_schema = current_schema()"
    } else {
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    };
    let mut there = bench.place.texts(catalogue).await;
    there.retain(|name| name != "schema_versions");
    there.sort();
    let text = std::fs::read_to_string(file).unwrap();
    let header: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let tables = header["tables"].as_array().unwrap().iter();
    let mut held: Vec<&str> = tables
        .map(|table| table["name"].as_str().unwrap())
        .collect();
    held.sort_unstable();
    assert_eq!(held, there);
}

#[tokio::test]
async fn a_claim_from_before_the_restore_records_nothing_and_holds_nobody_up() {
    let bench = Bench::new().await;
    deploy(&bench.store, 1).await;
    let folder = tempfile::tempdir().unwrap();
    let earlier = bench.store.claim_effect(LEASE, 3).await.unwrap().unwrap();
    let file = write(&bench.place.url(), &folder, "a").await;
    bench.store.release(&earlier).await.unwrap();
    let later = bench.store.claim_effect(LEASE, 3).await.unwrap().unwrap();
    bench.store.close().await;
    let replaced = restore(&bench.place.url(), &file, &REPLACE, &go_on).await;
    replaced.unwrap();
    let store = open(&bench.place.url(), options(&bench.clock))
        .await
        .unwrap();
    // The same clock: no lease has run out.
    let now = store.claim_effect(LEASE, 3).await.unwrap().unwrap();
    assert_eq!((&now.id, &now.key), (&later.id, &later.key));
    for old in [earlier, later] {
        assert!(now.fence > old.fence);
        assert!(!store.intend(&old, json!({})).await.unwrap());
        assert!(!store.record(&old, done()).await.unwrap());
    }
    assert!(store.record(&now, done()).await.unwrap());
    store.close().await;
}

#[tokio::test]
async fn numbers_go_on_after_a_copy() {
    let (bench, folder, file) = filled().await;
    let restored = Place::new().await;
    let migrated = Place::new().await;
    restore(&restored.url(), &file, &KEEP, &go_on)
        .await
        .unwrap();
    migrate(&bench.place.url(), &migrated.url(), &go_on)
        .await
        .unwrap();
    for place in [restored, migrated] {
        let store = open(&place.url(), options(&bench.clock)).await.unwrap();
        let Accepted::New(id) = store.accept(delivery("next")).await.unwrap() else {
            panic!("it is a new one");
        };
        assert!(id.as_str() > "000000000002", "{id}");
        deploy(&store, 2).await;
        store.audit(entry("next")).await.unwrap();
        seal(&store).await;
        assert_eq!(store.verify_audit().await.unwrap().broken, None);
        store.close().await;
    }
    drop(folder);
}

#[tokio::test]
async fn a_database_with_rows_is_replaced_only_when_that_is_asked_for() {
    let (_bench, folder, file) = filled().await;
    let other = Bench::new().await;
    deploy(&other.store, 7).await;
    other.store.close().await;
    let before = write(&other.place.url(), &folder, "before").await;
    let error = refused(&other.place, &file, &KEEP).await;
    assert_eq!(error.reason_code(), "database_not_empty");
    let after = write(&other.place.url(), &folder, "after").await;
    assert_eq!(rows(&before, &[]), rows(&after, &[]));
    restore(&other.place.url(), &file, &REPLACE, &go_on)
        .await
        .unwrap();
    let after = write(&other.place.url(), &folder, "after").await;
    assert_eq!(count(&rows(&after, &[]), "events", |_| true), 1);
}

#[tokio::test]
async fn a_database_at_work_is_copied_but_neither_replaced_nor_moved() {
    let (_other, folder, file) = filled().await;
    let bench = Bench::new().await;
    let refused = refused(&bench.place, &file, &REPLACE).await;
    assert_eq!(refused.reason_code(), "database_busy");
    let free = format!("sqlite:{}", folder.path().join("free.db").display());
    let moved = migrate(&bench.place.url(), &free, &go_on)
        .await
        .unwrap_err();
    assert_eq!(moved.reason_code(), "database_busy");
    write(&bench.place.url(), &folder, "b").await;
    deploy(&bench.store, 1).await;
    bench.store.close().await;
}

#[tokio::test]
async fn a_copy_that_is_interrupted_leaves_nothing_behind() {
    let (bench, folder, file) = filled().await;
    let stop = |progress: Progress<'_>| progress.rows < progress.total;
    let target = Bench::new().await;
    deploy(&target.store, 3).await;
    target.store.close().await;
    let before = write(&target.place.url(), &folder, "before").await;
    let ended = restore(&target.place.url(), &file, &REPLACE, &stop).await;
    assert_eq!(ended.unwrap_err().reason_code(), "interrupted");
    let after = write(&target.place.url(), &folder, "after").await;
    assert_eq!(rows(&before, &[]), rows(&after, &[]));
    let never = folder.path().join("never");
    let ended = backup(&bench.place.url(), &never, false, &|_| false).await;
    assert_eq!(ended.unwrap_err().reason_code(), "interrupted");
    assert!(!never.exists() && !folder.path().join("never.partial").exists());
}

#[tokio::test]
async fn who_was_signed_in_before_a_restore_is_not_signed_in_after_it() {
    let (bench, folder) = (Bench::new().await, tempfile::tempdir().unwrap());
    let row = super::tokens::token(&bench, "t1");
    bench
        .store
        .add_token(row, entry("token.created"))
        .await
        .unwrap();
    let session = NewSession {
        hash: "session".to_owned(),
        token: "t1".to_owned(),
        link: None,
    };
    let opened = bench.store.open_session(session, entry("session.opened"));
    assert!(opened.await.unwrap());
    bench.store.add_sign_in_link("link", "t1").await.unwrap();
    let file = write(&bench.place.url(), &folder, "signed-in").await;
    bench.store.close().await;
    restore(&bench.place.url(), &file, &REPLACE, &go_on)
        .await
        .unwrap();
    for (rows, left) in [
        ("SELECT hash FROM tokens", 1),
        ("SELECT hash FROM sessions", 0),
        ("SELECT hash FROM sign_in_links", 0),
    ] {
        assert_eq!(bench.place.texts(rows).await.len(), left, "{rows}");
    }
}

/// Wherever a file is cut off or a byte of it changes, it is refused, and the database is as it was.
#[tokio::test]
async fn a_damaged_backup_is_refused_and_changes_nothing() {
    let (bench, folder, file) = filled().await;
    let whole = std::fs::read(&file).unwrap();
    let bad = folder.path().join("bad");
    let last = Place::new().await;
    let mut codes = std::collections::BTreeSet::new();
    for step in 0..150 {
        let at = (step * 7919) % whole.len();
        let mut bytes = whole.clone();
        if step % 3 == 0 {
            bytes.truncate(at);
        } else {
            bytes[at] ^= 1 << (step % 8);
        }
        std::fs::write(&bad, bytes).unwrap();
        codes.insert(refused(&last, &bad, &REPLACE).await.reason_code());
    }
    assert!(codes.contains("backup_damaged"), "{codes:?}");
    codes.retain(|code| !code.starts_with("backup_"));
    assert!(
        codes.is_empty() || codes.contains("schema_newer"),
        "{codes:?}"
    );
    let empty = if last.is_postgres() {
        "SELECT CAST(table_name AS TEXT) FROM information_schema.tables WHERE table_schema = current_schema()"
    } else {
        "SELECT name FROM sqlite_schema"
    };
    assert!(last.texts(empty).await.is_empty());
    drop(bench);
}

#[tokio::test]
async fn a_backup_of_a_newer_sendo_is_refused() {
    let (_bench, folder, file) = filled().await;
    let text = std::fs::read_to_string(file).unwrap();
    let (schema, newer) = (
        format!("\"schema\":{SCHEMA}"),
        format!("\"schema\":{}", SCHEMA + 1),
    );
    let place = Place::new().await;
    let other = folder.path().join("other");
    for (from, to, code) in [
        ("\"sendo_backup\":1", "\"sendo_backup\":2", "backup_newer"),
        (&schema, &newer, "schema_newer"),
    ] {
        std::fs::write(&other, signed(&text.replacen(from, to, 1))).unwrap();
        let error = refused(&place, &other, &KEEP).await;
        assert_eq!(error.reason_code(), code);
        assert!(error.to_string().contains("run the newer Sendo"), "{error}");
    }
}

#[tokio::test]
async fn a_backup_whose_audit_trail_was_changed_is_refused() {
    let (_bench, folder, file) = filled().await;
    let text = std::fs::read_to_string(file).unwrap();
    let changed = text.replace("deployment.started", "deployment.stopped");
    let other = folder.path().join("other");
    std::fs::write(&other, signed(&changed)).unwrap();
    let place = Place::new().await;
    let error = refused(&place, &other, &KEEP).await;
    assert_eq!(error.reason_code(), "audit_broken");
}

/// A file with the checksum it should have.
fn signed(text: &str) -> String {
    use sha2::Digest as _;
    let (body, _) = text.trim_end().rsplit_once('\n').unwrap();
    let body = format!("{body}\n");
    let sum = sha2::Sha256::digest(body.as_bytes());
    let sum: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{body}{{\"sha256\":\"{sum}\"}}\n")
}
