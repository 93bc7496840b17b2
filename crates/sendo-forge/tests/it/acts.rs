//! What the loop asks for, when people were faster.

use sendo_core::deployment::{Brings, DeploymentId};
use sendo_core::effect::{Edit, Outcome, Publish, Published, Story};
use sendo_core::engine::Place;
use sendo_core::names::{Repository, Revision};
use sendo_forge::local::acts::LocalActs;
use sendo_forge::{Forge, Open};
use sendo_git::{RefName, RefUpdate};

use crate::world::{World, branch};

const FILE: &str = "overlays/test/kustomization.yaml";
const BRANCH: &str = "sendo/web/test/1-x1";

fn repository() -> Repository {
    "here:acme/web".parse().unwrap()
}

fn forge(world: &World) -> Forge {
    Forge::Local(LocalActs::new(world.folder.path().to_owned()).unwrap())
}

fn publish(world: &World, replaces: Option<Revision>) -> Publish {
    let revision = Revision::new("1".repeat(40)).unwrap();
    let lane = "web/test".parse().unwrap();
    Publish {
        repository: repository(),
        base: branch("main"),
        branch: branch(BRANCH),
        replaces,
        edits: vec![Edit::Image {
            path: "overlays/test".to_owned(),
            image: "web".to_owned(),
            new_name: None,
            new_tag: Some("v2".to_owned()),
            digest: None,
        }],
        undoes: Vec::new(),
        expected_old: None,
        deployment: DeploymentId::new(&lane, 1),
        story: Story {
            application: "web".to_owned(),
            environment: "test".to_owned(),
            source: repository(),
            revision,
            previous: None,
            reference: "main".to_owned(),
            version: "v2".to_owned(),
            included: Vec::new(),
            omitted: 0,
            requested_by: None,
            checks: Vec::new(),
            people: 0,
            undoes: None,
        },
        at: world.now(),
    }
}

const MESSAGE: &str = "Deploy\n\nSendo-Deployment: web/test/1\n";

/// A repository with a manifest, and our commit on its branch.
async fn published() -> (World, Forge, Published) {
    let world = World::new().await;
    let manifest = "images:\n- name: web\n  newTag: v1\n";
    world.push("main", &[(FILE, manifest)]).await;
    let forge = forge(&world);
    let plan = publish(&world, None);
    let outcome = forge
        .publish(&plan, MESSAGE, false, &|| true)
        .await
        .unwrap();
    let Outcome::Published(published) = outcome else {
        unreachable!("{outcome:?}")
    };
    (world, forge, published)
}

fn open(world: &World, published: &Published) -> Open {
    Open {
        repository: repository(),
        branch: branch(BRANCH),
        base: branch("main"),
        head: published.commit.clone(),
        title: "Deploy".to_owned(),
        body: String::new(),
        at: world.now(),
    }
}

/// What an earlier deployment had set, which is to be undone.
fn undoing(world: &World) -> Publish {
    let mut plan = publish(world, None);
    let [Edit::Image { new_tag, .. }] = &mut plan.edits[..] else {
        unreachable!("one image")
    };
    *new_tag = Some("v1".to_owned());
    plan.undoes = publish(world, None).edits;
    plan
}

async fn standing(tag: &str) -> (World, Forge) {
    let world = World::new().await;
    let manifest = format!("images:\n- name: web\n  newTag: {tag}\n");
    world.push("main", &[(FILE, &manifest)]).await;
    let forge = forge(&world);
    (world, forge)
}

#[tokio::test]
async fn what_is_to_be_undone_and_stands_is_undone_whatever_else_changed() {
    let (world, forge) = standing("v2").await;
    world.push("main", &[("other", "1\n")]).await;
    for direct in [false, true] {
        let mut plan = undoing(&world);
        if direct {
            plan.branch = plan.base.clone();
        }
        let outcome = forge
            .publish(&plan, MESSAGE, false, &|| true)
            .await
            .unwrap();
        assert!(matches!(outcome, Outcome::Published(_)), "{outcome:?}");
        // A repetition finds its own commit, in which nothing of that stands any more.
        let again = forge.publish(&plan, MESSAGE, true, &|| true).await.unwrap();
        assert_eq!(again, outcome, "direct: {direct}");
    }
}

#[tokio::test]
async fn what_somebody_changed_since_is_not_overwritten() {
    let (world, forge) = standing("hot-fix").await;
    let main = world.head("main").await;
    for direct in [false, true] {
        let mut plan = undoing(&world);
        if direct {
            plan.branch = plan.base.clone();
        }
        let refused = forge
            .publish(&plan, MESSAGE, false, &|| true)
            .await
            .unwrap_err();
        assert_eq!(refused.reason_code, "moved_since");
        assert!(!refused.transient);
    }
    assert_eq!(world.head("main").await, main);
    assert_eq!(world.head(BRANCH).await, None);
    let (world, forge) = standing("v2").await;
    let mut plan = undoing(&world);
    plan.undoes.push(Edit::Value {
        path: "gone.yaml".to_owned(),
        at: ".tag".to_owned(),
        value: "v2".to_owned(),
        document: None,
    });
    let refused = forge
        .publish(&plan, MESSAGE, false, &|| true)
        .await
        .unwrap_err();
    assert_eq!(refused.reason_code, "moved_since", "a file that is gone");
}

#[tokio::test]
async fn what_somebody_undid_already_is_unchanged() {
    let (world, forge) = standing("v1").await;
    let outcome = forge
        .publish(&undoing(&world), MESSAGE, false, &|| true)
        .await;
    assert!(matches!(outcome.unwrap(), Outcome::Unchanged { .. }));
}

#[tokio::test]
async fn a_commit_contains_another_is_contained_or_stands_elsewhere() {
    let (world, forge) = standing("v1").await;
    let sha = |oid: sendo_git::Oid| Revision::new(oid.to_string()).unwrap();
    let before = sha(world.head("main").await.unwrap());
    let side = sha(world.push("side", &[("side", "1\n")]).await);
    let ours = sha(world.push("main", &[("other", "1\n")]).await);
    let after = sha(world.push("main", &[("other", "2\n")]).await);
    let nowhere = Revision::new("1".repeat(40)).unwrap();
    let expected = [
        (&ours, Place::There),
        (&after, Place::There),
        (&before, Place::Before),
        (&side, Place::Elsewhere),
        (&nowhere, Place::Unknown),
    ];
    for (at, place) in expected {
        let found = forge.place(&repository(), at, &ours).await.unwrap();
        assert_eq!(found, place, "{at}");
    }
    let lost = forge.place(&repository(), &ours, &nowhere).await.unwrap();
    assert_eq!(lost, Place::Unknown);
}

#[tokio::test]
async fn a_commit_that_is_on_the_base_needs_no_request() {
    for delete in [false, true] {
        let (world, forge, published) = published().await;
        let head = published.commit.as_str().parse().ok();
        world.set("refs/heads/main", head).await;
        if delete {
            world.set(&format!("refs/heads/{BRANCH}"), None).await;
        }
        let outcome = forge.open(&open(&world, &published)).await.unwrap();
        let revision = published.commit;
        assert_eq!(outcome, Outcome::Merged { revision }, "deleted: {delete}");
    }
}

#[tokio::test]
async fn a_branch_that_was_deleted_or_set_back_is_not_opened() {
    let (world, forge, published) = published().await;
    let name = format!("refs/heads/{BRANCH}");
    let main = world.head("main").await;
    for standing in [None, main] {
        world.set(&name, standing).await;
        let outcome = forge.open(&open(&world, &published)).await.unwrap();
        assert_eq!(outcome, Outcome::Closed, "{standing:?}");
    }
    let listed = world.forge.list(
        crate::world::REPOSITORY,
        sendo_forge::local::StateFilter::All,
    );
    assert!(listed.await.unwrap().changes.is_empty());
}

#[tokio::test]
async fn a_request_that_a_person_opened_for_our_branch_is_taken_over() {
    let (world, forge, published) = published().await;
    let mut theirs = world.opening(BRANCH);
    theirs.marker = None;
    let number = world
        .forge
        .open_change(&theirs)
        .await
        .unwrap()
        .change
        .number;
    let outcome = forge.open(&open(&world, &published)).await.unwrap();
    assert!(matches!(outcome, Outcome::Opened { number: ours, .. } if ours == number));
}

#[tokio::test]
async fn a_branch_of_ours_that_somebody_deleted_is_not_made_again() {
    let (world, forge, published) = published().await;
    world.set(&format!("refs/heads/{BRANCH}"), None).await;
    world.push("main", &[("other", "1\n")]).await;
    let again = publish(&world, Some(published.commit));
    let outcome = forge
        .publish(&again, MESSAGE, false, &|| true)
        .await
        .unwrap();
    assert_eq!(outcome, Outcome::HeadMoved);
    assert_eq!(world.head(BRANCH).await, None);
}

#[tokio::test]
async fn a_deployment_s_diff_is_its_own_commit_whatever_becomes_of_it() {
    const ROOM: u64 = 1024 * 1024;
    let (world, forge, published) = published().await;
    let brings = Brings {
        repository: repository(),
        from: published.base.clone(),
        to: published.commit.clone(),
    };
    let proposed = forge.diff(&brings, ROOM).await.unwrap();
    let edit = "\n-  newTag: v1\n+  newTag: v2\n";
    assert!(proposed.text.contains(edit), "{}", proposed.text);
    // Others commit to its branch, somebody makes that the base, and others go on from there.
    let head = world.push(BRANCH, &[("a", "2\n")]).await;
    let update = RefUpdate::moved(
        RefName::branch("main").unwrap(),
        published.base.as_str().parse().unwrap(),
        head,
    );
    world.git.update_refs(&[update]).await.unwrap();
    world.push("main", &[("b", "3\n")]).await;
    assert_eq!(forge.diff(&brings, ROOM).await.unwrap(), proposed);
}

#[tokio::test]
async fn a_diff_of_what_is_not_there_any_more_says_what_is_not() {
    let (_world, forge, published) = published().await;
    let mut brings = Brings {
        repository: repository(),
        from: published.base,
        to: published.commit,
    };
    let nowhere = Revision::new("1".repeat(40)).unwrap();
    for from_is_gone in [true, false] {
        let mut brings = brings.clone();
        match from_is_gone {
            true => brings.from = nowhere.clone(),
            false => brings.to = nowhere.clone(),
        }
        let gone = forge.diff(&brings, 1_000).await.unwrap_err();
        assert_eq!(gone.reason_code, "commit_missing");
        assert!(gone.message.contains(nowhere.as_str()), "{gone}");
    }
    brings.repository = "here:acme/gone".parse().unwrap();
    let gone = forge.diff(&brings, 1_000).await.unwrap_err();
    assert_eq!(gone.reason_code, "repository_missing");
}
