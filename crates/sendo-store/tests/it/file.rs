//! The file belongs to one process; the next one waits for it and says who has it.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sendo_store::{NewDelivery, Options, StoreError, open};

use crate::place::Place;
use crate::suite::bench::Bench;

const FILE: &str = "SENDO_TEST_FILE";

/// Not a test by itself: other tests run this one in a process of its own.
#[tokio::test]
async fn another_process_holds_the_file() {
    let Ok(path) = std::env::var(FILE) else {
        return;
    };
    let store = open(&format!("sqlite:{path}"), Options::default())
        .await
        .unwrap();
    let delivery = NewDelivery {
        source: "api".to_owned(),
        dedup: "1".to_owned(),
        name: "deploy".to_owned(),
        body: Vec::new(),
        by: None,
    };
    store.accept(delivery).await.unwrap();
    std::fs::write(format!("{path}.ready"), "").unwrap();
    while !Path::new(&format!("{path}.go")).exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    store.close().await;
}

fn holder(path: &Path) -> Child {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "file::another_process_holds_the_file"])
        .env(FILE, path)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait_for(&path.with_file_name("sendo.db.ready"));
    child
}

pub(crate) fn wait_for(path: &Path) {
    let since = Instant::now();
    while !path.exists() {
        assert!(
            since.elapsed() < Duration::from_secs(20),
            "{} never came",
            path.display()
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[tokio::test]
async fn a_second_process_is_refused_and_told_who_holds_the_file() {
    let place = Place::new().await;
    let mut child = holder(&place.path());
    let options = Options {
        handover: Duration::from_millis(100),
        ..Options::default()
    };
    let refused = open(&place.url(), options).await.err().unwrap();
    let holder = format!("process {}", child.id());
    assert!(refused.to_string().contains(&holder), "{refused}");
    assert!(matches!(refused, StoreError::Busy { .. }));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn a_second_process_takes_the_file_over_when_the_first_lets_go() {
    for _ in 0..20 {
        let place = Place::new().await;
        let mut child = holder(&place.path());
        let url = place.url();
        let next = tokio::spawn(async move { open(&url, Options::default()).await });
        tokio::time::sleep(Duration::from_millis(20)).await;
        std::fs::write(place.path().with_file_name("sendo.db.go"), "").unwrap();
        let store = next.await.unwrap().unwrap();
        assert_eq!(store.backlog().await.unwrap().deliveries, 1);
        store.close().await;
        assert!(child.wait().unwrap().success());
        assert_eq!(place.texts("PRAGMA integrity_check").await, ["ok"]);
    }
}

#[tokio::test]
async fn a_killed_holder_leaves_the_file_free_and_its_work_in_it() {
    let place = Place::new().await;
    let mut child = holder(&place.path());
    child.kill().unwrap();
    child.wait().unwrap();
    let bench = Bench::at(place).await;
    assert_eq!(bench.store.backlog().await.unwrap().deliveries, 1);
    bench.store.close().await;
}

#[tokio::test]
async fn damage_is_found_after_an_unclean_stop() {
    let bench = Bench::new().await;
    bench.store.close().await;
    let place = bench.place;
    let mut bytes = std::fs::read(place.path()).unwrap();
    for byte in bytes.iter_mut().skip(4_096 + 8).step_by(16) {
        *byte ^= 0x55;
    }
    std::fs::write(place.path(), bytes).unwrap();
    std::fs::write(place.path().with_file_name("sendo.db.lock"), "4711\n").unwrap();
    let refused = open(&place.url(), Options::default()).await.err().unwrap();
    assert!(
        matches!(
            refused.reason_code(),
            "database_damaged" | "database_unavailable"
        ),
        "{refused}"
    );
}

#[tokio::test]
async fn the_folder_must_exist() {
    let refused = open("sqlite:/nowhere/sendo.db", Options::default())
        .await
        .err()
        .unwrap();
    assert_eq!(refused.reason_code(), "database_file");
    assert!(refused.to_string().contains("/nowhere"), "{refused}");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_kept_beside_the_restored_one() {
    let place = Place::new().await;
    let bench = Bench::at(Place::new().await).await;
    bench.store.close().await;
    let backup = place.path().with_file_name("a.backup");
    let all = |_: sendo_store::Progress<'_>| true;
    sendo_store::backup(&bench.place.url(), &backup, false, &all)
        .await
        .unwrap();
    std::fs::write(
        place.path(),
        "no database at all, but long enough to be one",
    )
    .unwrap();
    let mut how = sendo_store::Restore::default();
    let refused = sendo_store::restore(&place.url(), &backup, &how, &all).await;
    assert_eq!(refused.unwrap_err().reason_code(), "database_damaged");
    how.replace = true;
    sendo_store::restore(&place.url(), &backup, &how, &all)
        .await
        .unwrap();
    assert_eq!(place.texts("PRAGMA integrity_check").await, ["ok"]);
    let aside = std::fs::read_to_string(place.path().with_file_name("sendo.db.damaged")).unwrap();
    assert!(aside.starts_with("no database at all"));
    // The next one does not take its place.
    std::fs::write(place.path(), "another one, which is none either").unwrap();
    sendo_store::restore(&place.url(), &backup, &how, &all)
        .await
        .unwrap();
    let aside = std::fs::read_to_string(place.path().with_file_name("sendo.db.damaged-2")).unwrap();
    assert!(aside.starts_with("another one"));
}

/// What a killed server left in the log of the old file must not reach the new one.
#[tokio::test]
async fn the_log_of_a_replaced_file_goes_with_it() {
    let place = Place::new().await;
    let mut child = holder(&place.path());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(place.path().with_file_name("sendo.db-wal").exists());
    let empty = Bench::new().await;
    empty.store.close().await;
    let backup = place.path().with_file_name("a.backup");
    let all = |_: sendo_store::Progress<'_>| true;
    sendo_store::backup(&empty.place.url(), &backup, false, &all)
        .await
        .unwrap();
    let how = sendo_store::Restore {
        replace: true,
        by: None,
    };
    sendo_store::restore(&place.url(), &backup, &how, &all)
        .await
        .unwrap();
    assert_eq!(place.texts("PRAGMA integrity_check").await, ["ok"]);
    let store = open(&place.url(), Options::default()).await.unwrap();
    assert_eq!(store.backlog().await.unwrap().deliveries, 0);
    store.close().await;
}
