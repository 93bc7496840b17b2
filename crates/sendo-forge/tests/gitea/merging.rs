//! Merging exactly one head, past everything that may come between.

use std::time::Duration;

use reqwest::Method;
use sendo_core::effect::{ChangeState, Edit, Outcome, Publish};
use sendo_forge::{Forge, ForgeError, Open};
use serde_json::{Value, json};

use crate::meddler::{Meddler, Meddling};
use crate::world::{AT, BRANCH, FILE, World, branch, ours};

async fn protect(world: &World, more: Value) {
    let mut rule = json!({ "rule_name": "main", "enable_push": true });
    let rule_map = rule.as_object_mut().unwrap();
    rule_map.extend(more.as_object().unwrap().clone());
    world.on(Method::POST, "branch_protections", rule).await;
}

#[tokio::test]
async fn what_was_approved_is_merged_right_after_and_once() {
    let world = World::new().await;
    let (published, number) = world.opened().await;
    world.approve(number, &published.commit).await;
    let merged = world.merge(number, &published.commit).await;
    let revision = world.head("main").await.unwrap();
    assert_eq!(
        merged,
        Outcome::Merged {
            revision: revision.clone()
        }
    );
    assert_eq!(world.merge(number, &published.commit).await, merged);
    let seen = world.look(number).await;
    assert_eq!(
        (seen.state, seen.merged),
        (ChangeState::Merged, Some(revision))
    );
    assert_eq!(seen.ended_by, ours().pop());
    assert_eq!(
        seen.head,
        Some(published.commit),
        "our branch is not deleted by the merge"
    );
    assert!(world.head(BRANCH).await.is_some());
}

#[tokio::test]
async fn a_merge_whose_answer_was_lost_is_adopted() {
    let (meddler, url) = Meddler::start().await;
    let world = World::at(&url).await;
    let (published, number) = world.opened().await;
    // Once it is known to be mergeable, the first answer is the one that says so.
    world
        .until(number, |seen| seen.expected_tree.is_some())
        .await;
    let head = &published.commit;
    let mut tries = 0;
    while !meddler.happened() || tries == 0 {
        meddler.at("POST", "/merge", Meddling::Lose);
        let lost = world.forge.merge(&world.repository, number, head, AT).await;
        assert!(lost.unwrap_err().transient);
        tries += 1;
    }
    let merged = world.merge(number, head).await;
    let revision = world.head("main").await.unwrap();
    assert_eq!(merged, Outcome::Merged { revision });
}

#[tokio::test]
async fn a_protected_branch_refuses_an_early_merge_and_takes_a_late_one() {
    let world = World::new().await;
    let rule = json!({
        "required_approvals": 1,
        "enable_status_check": true,
        "status_check_contexts": ["ci/validate"],
    });
    protect(&world, rule).await;
    let (published, number) = world.opened().await;
    let head = &published.commit;
    let early = world.merge(number, head).await;
    let waits = |outcome: &Outcome, what: &str| matches!(outcome, Outcome::NotReady { why } if why.contains(what));
    assert!(waits(&early, "status checks"), "{early:?}");
    world.check(head, "ci/validate", "success").await;
    let early = world.merge(number, head).await;
    assert!(waits(&early, "approvals"), "{early:?}");
    world.approve(number, head).await;
    assert!(matches!(
        world.merge(number, head).await,
        Outcome::Merged { .. }
    ));
}

#[tokio::test]
async fn a_push_between_approval_and_merge_is_not_merged() {
    let (meddler, url) = Meddler::start().await;
    let world = World::at(&url).await;
    let (published, number) = world.opened().await;
    world.approve(number, &published.commit).await;
    meddler.at("POST", "/merge", Meddling::PushBefore(world.git.clone()));
    assert_eq!(
        world.merge(number, &published.commit).await,
        Outcome::HeadMoved
    );
    assert!(meddler.happened());
    let seen = world.look(number).await;
    assert_eq!(seen.state, ChangeState::Open);
    assert_eq!(seen.ahead[0].title, "Change theirs");
    assert_eq!(seen.ahead[0].author, "Bob");
    assert_eq!(world.head("main").await, Some(published.base));
}

#[tokio::test]
async fn a_conflict_is_built_anew_from_the_intent_and_merged() {
    let world = World::new().await;
    let (published, number) = world.opened().await;
    let theirs = "images:\n- name: web\n  newTag: v1\n  # ours\n";
    world.push("main", FILE, theirs).await;
    world
        .push("main", FILE, "images:\n- name: web\n  newTag: v1-fixed\n")
        .await;
    assert_eq!(
        world.merge(number, &published.commit).await,
        Outcome::Conflict
    );
    let anew = world.published(Some(published.commit)).await;
    assert_eq!(anew.old, ["v1-fixed"]);
    let seen = world
        .until(number, |seen| seen.head.as_ref() == Some(&anew.commit))
        .await;
    assert_eq!(seen.expected_tree, seen.head_tree);
    assert!(matches!(
        world.merge(number, &anew.commit).await,
        Outcome::Merged { .. }
    ));
}

#[tokio::test]
async fn a_head_behind_a_base_that_refuses_such_is_built_anew_and_merged() {
    let world = World::new().await;
    protect(&world, json!({ "block_on_outdated_branch": true })).await;
    let published = world.published(None).await;
    // Before it is opened: later, a Gitea finds out in its own time, and merges until then.
    let base = world.push("main", "elsewhere", "1\n").await;
    let opened = world.forge.open(&world.opening(&published.commit)).await;
    let Ok(Outcome::Opened { number, .. }) = opened else {
        unreachable!("{opened:?}")
    };
    let behind = world.merge(number, &published.commit).await;
    assert_eq!(behind, Outcome::Conflict);
    let anew = world.published(Some(published.commit)).await;
    assert_eq!(anew.base, base);
    world
        .until(number, |seen| seen.head.as_ref() == Some(&anew.commit))
        .await;
    // Until it has counted again, a Gitea takes the new head for as far behind as the one before.
    let mut merged = world.merge(number, &anew.commit).await;
    for _ in 0..50 {
        if merged != Outcome::Conflict {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        merged = world.merge(number, &anew.commit).await;
    }
    assert!(matches!(merged, Outcome::Merged { .. }), "{merged:?}");
}

#[tokio::test]
async fn a_user_who_may_not_merge_is_named() {
    let world = World::new().await;
    let rule = json!({ "enable_merge_whitelist": true, "merge_whitelist_usernames": [] });
    protect(&world, rule).await;
    let (published, number) = world.opened().await;
    let refused = world
        .forge
        .merge(&world.repository, number, &published.commit, AT)
        .await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.reason_code, "merge_forbidden", "{refused}");
}

#[tokio::test]
async fn a_repository_that_allows_no_merge_commits_is_merged_as_it_likes() {
    let world = World::new().await;
    let only = json!({
        "allow_merge_commits": false, "allow_rebase": false, "allow_rebase_explicit": false,
        "allow_fast_forward_only_merge": false, "allow_squash_merge": true,
        "default_merge_style": "squash",
    });
    let path = format!("/repos/{}", world.repository.path);
    world.call(Method::PATCH, &path, only).await;
    let (published, number) = world.opened().await;
    assert!(matches!(
        world.merge(number, &published.commit).await,
        Outcome::Merged { .. }
    ));
    assert_eq!(world.look(number).await.state, ChangeState::Merged);
}

#[tokio::test]
async fn a_merge_that_somebody_pushed_is_a_merge() {
    let world = World::new().await;
    let (published, number) = world.opened().await;
    world.set("main", Some(&published.commit)).await;
    let seen = world.look(number).await;
    assert_eq!(
        (seen.state, seen.merged),
        (ChangeState::Merged, Some(published.commit))
    );
}

#[tokio::test]
async fn a_branch_that_was_set_back_is_no_merge() {
    let world = World::new().await;
    let (published, number) = world.opened().await;
    world.set(BRANCH, Some(&published.base)).await;
    let seen = world.look(number).await;
    assert_ne!(seen.state, ChangeState::Merged);
    assert_ne!(seen.head_tree, Some(published.tree));
}

/// As a runner does: what may pass is tried again.
async fn through(forge: Forge, plan: Publish) -> Outcome {
    let mut again = false;
    loop {
        match once(&forge, &plan, again).await {
            Err(error) if error.transient => again = true,
            outcome => return outcome.unwrap(),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// From the edit to the merge; a conflict would be news, as each edits a file of its own.
async fn once(forge: &Forge, plan: &Publish, again: bool) -> Result<Outcome, ForgeError> {
    let message = format!("Deploy\n\nSendo-Deployment: {}\n", plan.deployment.as_str());
    let Outcome::Published(published) = forge.publish(plan, &message, again, &|| true).await?
    else {
        unreachable!("{plan:?}")
    };
    let (repository, head) = (&plan.repository, published.commit.clone());
    let open = Open {
        repository: repository.clone(),
        branch: plan.branch.clone(),
        base: plan.base.clone(),
        head: published.commit,
        title: "Deploy".to_owned(),
        body: String::new(),
        at: AT,
    };
    match forge.open(&open).await? {
        Outcome::Opened { number, .. } => {
            forge.approve(repository, number, &head, AT).await?;
            forge.merge(repository, number, &head, AT).await
        }
        merged => Ok(merged),
    }
}

#[tokio::test]
async fn many_change_requests_of_one_base_at_once_all_end_merged() {
    const MANY: usize = 16;
    let world = World::new().await;
    let mut all = tokio::task::JoinSet::new();
    for n in 0..MANY {
        let manifest = "images:\n- name: web\n  newTag: v1\n";
        world
            .push("main", &format!("app{n}/kustomization.yaml"), manifest)
            .await;
    }
    for n in 0..MANY {
        let mut plan = world.publish(None);
        plan.branch = branch(&format!("sendo/app{n}/test/1"));
        let [Edit::Image { path, .. }] = &mut plan.edits[..] else {
            unreachable!()
        };
        *path = format!("app{n}");
        all.spawn(through(world.forge.clone(), plan));
    }
    let outcomes = all.join_all().await;
    let merged = |outcome: &&Outcome| matches!(outcome, Outcome::Merged { .. });
    assert_eq!(outcomes.iter().filter(merged).count(), MANY, "{outcomes:?}");
    let main = world.head("main").await.unwrap().as_str().parse().unwrap();
    for n in 0..MANY {
        let path = sendo_git::TreePath::new(&format!("app{n}/kustomization.yaml")).unwrap();
        let file = world.git.read_file(main, &path).await.unwrap().unwrap();
        assert!(
            String::from_utf8(file.bytes)
                .unwrap()
                .contains("newTag: v2")
        );
    }
}
