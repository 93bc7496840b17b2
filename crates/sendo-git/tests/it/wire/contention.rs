//! Many publishers on one branch of a remote.

use sendo_git::{GitError, RefUpdate, RemoteRepository};

use super::{Stage, draft, main, write};

/// Reads the base, makes the edit and publishes; again from the start when it was too late.
async fn publish(remote: &RemoteRepository, file: &str, text: &str) -> usize {
    for attempt in 1.. {
        let base = remote.head(&main()).await.unwrap().unwrap();
        let draft = draft(remote, base, &[write(file, text)]).await.unwrap();
        let update = RefUpdate::moved(main(), base, draft.oid());
        match remote.publish(&[update], &[&draft]).await {
            Ok(()) => return attempt,
            Err(GitError::CasLost { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    unreachable!()
}

/// Lets publishers set their own file, round after round, all at once; answers the most attempts.
async fn publish_at_once(stage: &Stage, publishers: usize, rounds: usize, turns: bool) -> usize {
    let publishers = (0..publishers).map(|n| {
        // With turns they are one process; without, each remembers for itself.
        let remote = if turns {
            stage.remote.clone()
        } else {
            stage.stranger()
        };
        tokio::spawn(async move {
            let mut worst = 0;
            for round in 0..rounds {
                let turn = match turns {
                    true => Some(remote.turn(&main()).await),
                    false => None,
                };
                let file = format!("apps/{n}/tag");
                worst = worst.max(publish(&remote, &file, &round.to_string()).await);
                drop(turn);
            }
            worst
        })
    });
    let mut worst = 0;
    for publisher in publishers.collect::<Vec<_>>() {
        worst = worst.max(publisher.await.unwrap());
    }
    worst
}

async fn assert_all_landed(stage: &Stage, publishers: usize, rounds: usize) {
    let git = |args: &[&str]| stage.scratch.git(args);
    let one_parent = [
        "rev-list",
        "--count",
        "--min-parents=1",
        "--max-parents=1",
        "main",
    ];
    assert_eq!(git(&one_parent), (publishers * rounds).to_string());
    assert_eq!(git(&["rev-list", "--min-parents=2", "main"]), "");
    for n in 0..publishers {
        let tag = git(&["show", &format!("main:apps/{n}/tag")]);
        assert_eq!(tag, (rounds - 1).to_string());
    }
    let touched = git(&["log", "--format=", "--name-only", "main"]);
    for n in 0..publishers {
        let file = format!("apps/{n}/tag");
        assert_eq!(touched.lines().filter(|line| *line == file).count(), rounds);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_publishers_who_take_turns_all_land_at_their_first_attempt() {
    let stage = Stage::with(&[("README", "")]).await;
    assert_eq!(publish_at_once(&stage, 8, 25, true).await, 1);
    assert_all_landed(&stage, 8, 25).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publishers_who_do_not_know_of_each_other_all_land_too() {
    let stage = Stage::with(&[("README", "")]).await;
    publish_at_once(&stage, 8, 25, false).await;
    assert_all_landed(&stage, 8, 25).await;
}
