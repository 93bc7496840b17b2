//! A machine that stops at any instant: whatever was answered is there afterwards.
//!
//! A process that accepts deliveries as fast as it can is stopped at random instants; the database
//! and its log are copied as they lie there, and the copy is opened.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use sendo_store::{Options, open};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::file::wait_for;
use crate::suite::make;

const FOLDER: &str = "SENDO_TEST_CRASH";
/// As many as the promise names, unless time runs out first.
const CUTS: usize = 300;
const TIME: Duration = Duration::from_secs(20);

/// Not a test by itself: the one below runs it in a process of its own.
#[tokio::test]
async fn another_process_accepts_without_end() {
    let Ok(folder) = std::env::var(FOLDER) else {
        return;
    };
    let folder = Path::new(&folder);
    let url = format!("sqlite:{}", folder.join("sendo.db").display());
    let store = open(&url, Options::default()).await.unwrap();
    let mut answered = OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("answered"))
        .unwrap();
    for n in 0_u64.. {
        store.accept(make::delivery(&n.to_string())).await.unwrap();
        writeln!(answered, "{n}").unwrap();
    }
}

#[tokio::test]
async fn no_answered_delivery_is_missing_after_a_power_cut_at_any_instant() {
    let since = Instant::now();
    let (mut cuts, mut pause) = (0, 1);
    while cuts < CUTS && since.elapsed() < TIME {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::another_process_accepts_without_end"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        wait_for(&folder.path().join("answered"));
        for _ in 0..60 {
            // Uneven pauses, the same in every run.
            pause = pause * 48_271 % 2_147_483_647_u64;
            std::thread::sleep(Duration::from_micros(pause % 20_000));
            cut(child.id(), folder.path()).await;
            cuts += 1;
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    println!("{cuts} power cuts in {:?}", since.elapsed());
    assert!(cuts >= 50, "only {cuts} power cuts fitted");
}

/// Freezes the process, copies what it left, lets it go on, and opens the copy.
async fn cut(id: u32, folder: &Path) {
    let process = Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
    kill_process(process, Signal::STOP).unwrap();
    let (_, status) = waitpid(Some(process), WaitOptions::UNTRACED)
        .unwrap()
        .unwrap();
    assert!(status.stopped(), "the process ended by itself");
    let copy = tempfile::tempdir().unwrap();
    for name in ["sendo.db", "sendo.db-wal", "sendo.db.lock", "answered"] {
        std::fs::copy(folder.join(name), copy.path().join(name)).unwrap();
    }
    kill_process(process, Signal::CONT).unwrap();

    let answered = std::fs::read_to_string(copy.path().join("answered")).unwrap();
    let answered = i64::try_from(answered.matches('\n').count()).unwrap();
    let mut connection = SqliteConnectOptions::new()
        .filename(copy.path().join("sendo.db"))
        .connect()
        .await
        .unwrap();
    let check: String = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(check, "ok");
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM deliveries")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    assert!(
        kept >= answered,
        "{answered} were answered, {kept} are there"
    );
}
