//! Backups, restores and moves of the database by the real program, killed at random moments: what
//! they read and what they write is whole, and the next attempt works.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use sendo_store::{NewDelivery, Options, open};
use sendo_testkit::Stage;
use sendo_testkit::database::Database;
use sendo_testkit::stage::Ended;
use sendo_testkit::suite::say;
use serde_json::Value;

use crate::random::Dice;
use crate::run;

/// Kills of each verb.
const KILLS: u64 = 20;
/// Deliveries in the older and in the newer state.
const OLDER: usize = 500;
const NEWER: usize = 700;

const CONFIGURATION: &str = r#"
server: { listen: "127.0.0.1:0", database: "DATABASE" }
forges: { here: { kind: local, root: . } }
applications:
  shop:
    repository: here:shop
    environments:
      test:
        on: { merged_into: main }
        deliver: { promotion: { repository: here:manifests, base: main, edits: [{ kustomization: shop, image: shop }] } }
"#;

/// A stage whose database holds so many deliveries and no server.
fn stage(deliveries: usize) -> Stage {
    let stage = Stage::set(run::PROGRAM);
    stage.configure(CONFIGURATION);
    accept(&stage.database().absolute_url(), 0, deliveries);
    stage
}

fn accept(url: &str, from: usize, to: usize) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = open(url, Options::default()).await.unwrap();
        let deliveries: Vec<_> = (from..to)
            .map(|n| {
                let store = std::sync::Arc::clone(&store);
                let delivery = NewDelivery {
                    source: "api".to_owned(),
                    dedup: n.to_string(),
                    name: "deploy".to_owned(),
                    body: vec![b'x'; 2_000],
                    by: None,
                };
                tokio::spawn(async move { store.accept(delivery).await })
            })
            .collect();
        for delivery in deliveries {
            delivery.await.unwrap().unwrap();
        }
        store.close().await;
    });
}

/// Runs a verb; kills it after a while, if it still runs then. True when it was killed.
fn killed(stage: &Stage, arguments: &[&str], after: Duration) -> bool {
    let mut command = stage.command(run::PROGRAM.as_ref());
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let ended = sendo_testkit::wait::until("it ends", after, || child.try_wait().unwrap());
    let _ = child.kill();
    let _ = child.wait();
    ended.is_err()
}

/// How long an undisturbed run takes, and that it works.
fn timed(stage: &Stage, arguments: &[&str]) -> Duration {
    let started = Instant::now();
    succeeds(stage, arguments);
    started.elapsed()
}

fn succeeds(stage: &Stage, arguments: &[&str]) -> Value {
    let ended = stage.sendo(&[arguments, &["-o", "json"]].concat());
    assert_eq!(ended.code, 0, "{arguments:?}: {}", ended.err);
    serde_json::from_str(&ended.out).unwrap()
}

/// How many deliveries a database holds, by a backup of it; `None` when there is nothing.
fn deliveries(stage: &Stage, configuration: &str) -> Option<u64> {
    let look = [
        "backup",
        "--config",
        configuration,
        "--to",
        "look",
        "--force",
        "-o",
        "json",
    ];
    let Ended { code, out, err } = stage.sendo(&look);
    if code == 5 {
        return None;
    }
    assert_eq!(code, 0, "{err}");
    let said: Value = serde_json::from_str(&out).unwrap();
    said["tables"]["deliveries"].as_u64()
}

/// The server's half of a kill: Postgres ends the transaction of a client that is gone.
fn at_rest(mut done: impl FnMut() -> bool) {
    sendo_testkit::wait::until("the database lets go", Duration::from_secs(30), || {
        done().then_some(())
    })
    .unwrap();
}

/// Tries at random moments of a run until so many were killed in the midst of it. A run that ended
/// before its moment shows that runs are shorter than the one that was timed, which bounds the rest.
fn at_random(seed: u64, whole: Duration, mut once: impl FnMut(usize, Duration) -> bool) -> u64 {
    let mut dice = Dice::of(seed);
    let mut longest = whole.max(Duration::from_micros(1));
    let mut kills = 0;
    for n in 0..4 * KILLS as usize {
        if kills == KILLS {
            break;
        }
        let moment = longest.mul_f64(dice.below(1_000) as f64 / 1_000.0);
        if once(n, moment) {
            kills += 1;
        } else {
            longest = moment.max(Duration::from_micros(1));
        }
    }
    assert_eq!(kills, KILLS);
    kills
}

pub(crate) fn a_killed_backup_leaves_a_whole_file_or_none() {
    let stage = stage(OLDER);
    let whole = timed(&stage, &["backup", "--to", "first"]);
    let mut files = 0;
    let kills = at_random(11, whole, |n, moment| {
        let name = format!("b{n}");
        let killed = killed(&stage, &["backup", "--to", &name], moment);
        if stage.folder().join(&name).exists() {
            files += 1;
        } else {
            succeeds(&stage, &["backup", "--to", &name]);
        }
        same(&stage.folder().join("first"), &stage.folder().join(&name));
        assert!(!stage.folder().join(format!("{name}.partial")).exists());
        killed
    });
    assert!(stage.database().damage().is_empty());
    say(&format!(
        "backup: {kills} kills, {files} files were whole all the same"
    ));
}

/// Two backups of one state differ in their time and their sum only.
fn same(one: &Path, other: &Path) {
    let rows = |path: &Path| -> Vec<String> {
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.lines().last().unwrap().starts_with("{\"sha256\":"));
        text.lines()
            .filter(|line| line.starts_with('['))
            .map(str::to_owned)
            .collect()
    };
    assert!(
        rows(one) == rows(other),
        "{} {}",
        one.display(),
        other.display()
    );
}

pub(crate) fn a_killed_restore_leaves_the_old_state_or_the_new_one() {
    let stage = stage(OLDER);
    succeeds(&stage, &["backup", "--to", "older"]);
    accept(&stage.database().absolute_url(), OLDER, NEWER);
    succeeds(&stage, &["backup", "--to", "newer"]);
    let whole = timed(&stage, &["restore", "--from", "newer", "--replace"]);
    let mut through = 0;
    let kills = at_random(12, whole, |_, moment| {
        let restore = ["restore", "--from", "older", "--replace"];
        let killed = killed(&stage, &restore, moment);
        let now = deliveries(&stage, "sendo.yaml");
        assert!(
            now == Some(OLDER as u64) || now == Some(NEWER as u64),
            "{now:?}"
        );
        assert!(stage.database().damage().is_empty());
        through += usize::from(now == Some(OLDER as u64));
        // A second attempt works, whatever the first has left; then back to where it began.
        at_rest(|| stage.sendo(&restore).code == 0);
        assert_eq!(deliveries(&stage, "sendo.yaml"), Some(OLDER as u64));
        succeeds(&stage, &["restore", "--from", "newer", "--replace"]);
        killed
    });
    say(&format!(
        "restore: {kills} kills, {through} ended with the backup's state"
    ));
}

pub(crate) fn a_killed_move_leaves_nothing_or_everything() {
    // From a file to whatever this run is on.
    let target = Stage::set(run::PROGRAM);
    target.configure(CONFIGURATION);
    let source = CONFIGURATION.replace("DATABASE", "sqlite:source.db");
    std::fs::write(target.folder().join("source.yaml"), source).unwrap();
    let file = target.folder().join("source.db");
    accept(&format!("sqlite:{}", file.display()), 0, OLDER);
    let url = target.database().url();
    let migrate = ["migrate", "--config", "source.yaml", "--to", &url];
    let whole = timed(&target, &migrate);
    clear(&target);
    let mut through = 0;
    let kills = at_random(13, whole, |_, moment| {
        let killed = killed(&target, &migrate, moment);
        assert_eq!(deliveries(&target, "source.yaml"), Some(OLDER as u64));
        let now = deliveries(&target, "sendo.yaml");
        assert!(now.is_none() || now == Some(OLDER as u64), "{now:?}");
        if now.is_some() {
            through += 1;
            assert_eq!(target.sendo(&migrate).code, 7);
        } else {
            at_rest(|| target.sendo(&migrate).code == 0);
        }
        assert_eq!(deliveries(&target, "sendo.yaml"), Some(OLDER as u64));
        assert!(target.database().damage().is_empty());
        clear(&target);
        killed
    });
    say(&format!(
        "migrate: {kills} kills, {through} had moved everything"
    ));
}

/// Makes a stage's database as if it had never been there.
fn clear(stage: &Stage) {
    let Database::Sqlite(path) = stage.database() else {
        stage.database().clear();
        return;
    };
    for end in ["", "-wal", "-shm", ".lock"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        let _ = std::fs::remove_file(PathBuf::from(name));
    }
}
