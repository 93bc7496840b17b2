//! How long a publish takes, printed; asserted only so loosely that a busy machine cannot fail it.

use std::time::{Duration, Instant};

use sendo_git::{Change, RefUpdate};

use crate::support::{Scratch, name, new_commit, path};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_edit_is_published_in_milliseconds() {
    let names: Vec<String> = (0..2_000)
        .map(|n| format!("apps/{n:04}/overlays/prod/k.yaml"))
        .collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "tag: 1")).collect();
    let (scratch, _) = Scratch::with(&files).await;
    let (main, repository) = (name("refs/heads/main"), &scratch.repository);
    let mut times = Vec::new();
    for n in 0..20 {
        let start = Instant::now();
        let base = repository.resolve(&main).await.unwrap().unwrap();
        let file = path(&names[77]);
        repository.read_file(base, &file).await.unwrap().unwrap();
        let change = Change::write(file, format!("tag: {n}").into_bytes());
        let tree = repository.write_tree_with(base, &[change]).await.unwrap();
        let commit = repository
            .commit_tree(&new_commit(tree, vec![base], "Edit"))
            .await
            .unwrap();
        repository
            .update_refs(&[RefUpdate::moved(main.clone(), base, commit)])
            .await
            .unwrap();
        times.push(start.elapsed());
    }
    times.sort();
    println!(
        "publish of one edit: median {:?}, worst {:?}",
        times[10], times[19]
    );
    assert!(times[10] < Duration::from_millis(500));
}
