//! Looks: checks and reviews of one head, long lists, histories, tags and diffs.

use reqwest::Method;
use sendo_core::deployment::Brings;
use sendo_core::effect::{CheckState, Look};
use sendo_core::names::Revision;
use sendo_git::{Change, TreePath};
use serde_json::json;

use crate::world::{BRANCH, World, branch, push_all};

#[tokio::test]
async fn checks_count_on_the_exact_head() {
    let world = World::new().await;
    let (published, number) = world.opened().await;
    let head = &published.commit;
    let states = [
        ("a", "pending", CheckState::Pending),
        ("b", "success", CheckState::Success),
        ("c", "failure", CheckState::Failure),
        ("d", "error", CheckState::Failure),
        ("e", "warning", CheckState::Failure),
        ("f", "skipped", CheckState::Success),
    ];
    for (context, state, _) in states {
        world.check(head, context, state).await;
    }
    world.check(head, "a", "success").await;
    world.check(&published.base, "elsewhere", "success").await;
    let mut seen = world.look(number).await.checks;
    seen.sort_by(|one, other| one.name.cmp(&other.name));
    let seen: Vec<_> = seen.iter().map(|c| (c.name.as_str(), c.state)).collect();
    let mut wanted: Vec<_> = states
        .iter()
        .map(|(name, _, state)| (*name, *state))
        .collect();
    wanted[0].1 = CheckState::Success;
    assert_eq!(seen, wanted);
    world.push(BRANCH, "theirs", "1\n").await;
    assert!(world.look(number).await.checks.is_empty());
}

#[tokio::test]
async fn lists_longer_than_a_page_are_read_to_their_end() {
    let world = World::new().await;
    let (published, number) = world.opened().await;
    for n in 0..120 {
        world
            .check(&published.commit, &format!("ci/{n}"), "success")
            .await;
        let comment = json!({ "event": "COMMENT", "body": format!("{n}") });
        let path = format!("pulls/{number}/reviews");
        world.on(Method::POST, &path, comment).await;
    }
    let seen = world.look(number).await;
    assert_eq!((seen.checks.len(), seen.reviews.len()), (120, 120));
    // The last of many turns is the one that ended it.
    let closed = world
        .forge
        .close(&world.repository, number, "", crate::world::AT);
    closed.await.unwrap();
    assert!(world.look(number).await.ended_by.is_some());
}

#[tokio::test]
async fn what_lies_between_two_revisions_is_listed_with_its_files() {
    let world = World::new().await;
    let since = world.head("main").await.unwrap();
    for n in 0..60 {
        world.push("main", &format!("folder/{n}"), "1\n").await;
    }
    let look = Look::Branch {
        branch: branch("main"),
    };
    let succeeded = world.head("main").await;
    let source = world
        .forge
        .source(
            &world.repository,
            &look,
            Some(&since),
            succeeded.as_ref(),
            true,
        )
        .await
        .unwrap();
    assert_eq!((source.changes.len(), source.omitted), (60, 0));
    assert!(!source.diverged && !source.backwards);
    let paths: Vec<_> = source
        .changes
        .iter()
        .map(|c| c.paths.clone().unwrap())
        .collect();
    assert_eq!(paths[0], ["folder/0"]);
    assert_eq!(paths[59], ["folder/59"]);
}

#[tokio::test]
async fn a_commit_of_more_files_than_an_answer_holds_is_listed_without_them() {
    let world = World::new().await;
    let since = world.head("main").await.unwrap();
    let folder = "folder".repeat(20);
    let files: Vec<Change> = (0..10_000)
        .map(|n| Change::write(TreePath::new(&format!("{folder}/{n}")).unwrap(), vec![b'1']))
        .collect();
    world.push("main", "before", "1\n").await;
    push_all(&world.git, "main", &files, "Change very much").await;
    world.push("main", "after", "1\n").await;
    let look = Look::Branch {
        branch: branch("main"),
    };
    let source = world
        .forge
        .source(&world.repository, &look, Some(&since), None, true)
        .await
        .unwrap();
    let paths: Vec<_> = source.changes.into_iter().map(|c| c.paths).collect();
    let one = |path: &str| Some(vec![path.to_owned()]);
    assert_eq!(paths, [one("before"), None, one("after")]);
}

#[tokio::test]
async fn a_repository_that_was_renamed_says_its_name_by_either_way() {
    let world = World::new().await;
    let (_, number) = world.opened().await;
    let name = format!("/repos/{}", world.repository.path);
    let renamed = json!({ "name": format!("{}-anew", name.rsplit('/').next().unwrap()) });
    world.call(Method::PATCH, &name, renamed).await;
    let (repository, forge) = (&world.repository, &world.forge);
    let anew = format!("{}-anew", repository.path);
    let look = Look::Branch {
        branch: branch("main"),
    };
    let head = Revision::new("1".repeat(40)).unwrap();
    let by_api = forge.change_request(repository, number, &[]).await;
    let by_git = forge.source(repository, &look, None, None, false).await;
    let act = forge
        .approve(repository, number, &head, crate::world::AT)
        .await;
    let errors = [
        (by_api.unwrap_err(), "repository_moved"),
        (by_git.unwrap_err(), "remote_redirected"),
        (act.unwrap_err(), "repository_moved"),
    ];
    for (error, code) in errors {
        assert_eq!(error.reason_code, code, "{error}");
        assert!(error.message.contains(&anew) && !error.transient, "{error}");
        assert!(error.message.ends_with("into the configuration"), "{error}");
    }
}

#[tokio::test]
async fn a_source_that_went_back_or_elsewhere_says_so() {
    let world = World::new().await;
    let old = world.head("main").await.unwrap();
    let theirs = world.push("theirs", "theirs", "1\n").await;
    let ahead = world.push("main", "other", "1\n").await;
    world.set("main", Some(&old)).await;
    let look = Look::Branch {
        branch: branch("main"),
    };
    let (repository, forge) = (&world.repository, &world.forge);
    let back = forge
        .source(repository, &look, None, Some(&ahead), false)
        .await;
    assert!(back.unwrap().backwards);
    world.set("main", Some(&ahead)).await;
    let source = forge
        .source(repository, &look, Some(&theirs), None, false)
        .await;
    let source = source.unwrap();
    assert!(source.diverged);
    assert_eq!(source.changes.len(), 1);
    let gone = Revision::new("1".repeat(40)).unwrap();
    let source = forge
        .source(repository, &look, Some(&gone), Some(&gone), false)
        .await;
    assert!(source.unwrap().changes.is_empty());
}

#[tokio::test]
async fn tags_are_found_by_their_prefix_with_the_commits_they_name() {
    let world = World::new().await;
    let head = world.head("main").await.unwrap();
    for (name, message) in [("v1.0", ""), ("v1.1", "annotated"), ("other", "")] {
        let tag = json!({ "tag_name": name, "target": head, "message": message });
        world.on(Method::POST, "tags", tag).await;
    }
    let look = Look::Tags {
        prefix: "v".to_owned(),
    };
    for _ in 0..2 {
        let source = world
            .forge
            .source(&world.repository, &look, None, None, false)
            .await;
        let found = source.unwrap().found;
        let names: Vec<_> = found
            .iter()
            .map(|f| f.tag.clone().unwrap().to_string())
            .collect();
        assert_eq!(names, ["v1.0", "v1.1"]);
        assert!(
            found
                .iter()
                .all(|f| f.revision == head && f.created_at.0 > 0)
        );
    }
}

#[tokio::test]
async fn a_diff_shows_what_our_commit_changes() {
    let world = World::new().await;
    let published = world.published(None).await;
    let mut brings = Brings {
        repository: world.repository.clone(),
        from: published.base,
        to: published.commit,
    };
    let diff = world.forge.diff(&brings, 1 << 20).await.unwrap();
    assert!(diff.text.contains("\n-  newTag: v1\n+  newTag: v2\n") && !diff.cut);
    assert!(world.forge.diff(&brings, 40).await.unwrap().cut);
    brings.to = Revision::new("1".repeat(40)).unwrap();
    let gone = world.forge.diff(&brings, 1_000).await.unwrap_err();
    assert_eq!(gone.reason_code, "commit_missing");
    brings.repository = "acme:nobody/nothing".parse().unwrap();
    let gone = world.forge.diff(&brings, 1_000).await.unwrap_err();
    assert_eq!(gone.reason_code, "repository_missing");
}

#[tokio::test]
async fn what_the_edits_would_replace_is_told_before() {
    let world = World::new().await;
    let edits = world.edits();
    let present = world
        .forge
        .present(&world.repository, &branch("main"), &edits)
        .await;
    assert_eq!(present.unwrap(), [Ok("v1".to_owned())]);
    let none = world
        .forge
        .present(&world.repository, &branch("none"), &edits)
        .await;
    assert_eq!(none.unwrap_err().reason_code, "base_not_found");
}
