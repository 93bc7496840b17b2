//! Deliveries as a Gitea 1.26.0 sent them, byte for byte, with the secret `hush`: pushes, tags, and a change
//! request that was pushed to, judged three times and merged.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use std::path::Path;

use secrecy::SecretString;
use sendo_core::event::Event;
use sendo_core::names::ForgeName;
use sendo_intake::gitea::{translate, verify};
use sendo_intake::translate::Translated;

struct Recorded {
    name: String,
    event: String,
    signature: String,
    body: Vec<u8>,
}

fn recorded() -> Vec<Recorded> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded/gitea");
    let index = std::fs::read_to_string(folder.join("signatures")).unwrap();
    let read = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        Recorded {
            body: std::fs::read(folder.join(format!("{}.json", words[0]))).unwrap(),
            name: words[0].to_owned(),
            event: words[1].to_owned(),
            signature: words[2].to_owned(),
        }
    };
    index.lines().map(read).collect()
}

fn events(recorded: &Recorded) -> Vec<Event> {
    let forge = ForgeName::new("acme").unwrap();
    match translate(&forge, &recorded.event, &recorded.body).unwrap() {
        Translated::Events(events) => events,
        ignored @ Translated::Ignored { .. } => unreachable!("{}: {ignored:?}", recorded.name),
    }
}

fn of(name: &str) -> Vec<Event> {
    events(recorded().iter().find(|one| one.name == name).unwrap())
}

#[test]
fn each_is_signed_and_no_longer_so_when_a_byte_differs() {
    let secrets = [SecretString::from("old"), SecretString::from("hush")];
    for Recorded {
        name,
        signature,
        mut body,
        ..
    } in recorded()
    {
        assert_eq!(verify(Some(&signature), &body, &secrets), Ok(()), "{name}");
        let last = body.len() - 1;
        body[last] ^= 1;
        assert!(verify(Some(&signature), &body, &secrets).is_err(), "{name}");
    }
}

#[test]
fn each_says_what_happened() {
    let said: Vec<String> = recorded()
        .iter()
        .map(|one| {
            let names: Vec<&str> = events(one).iter().map(Event::name).collect();
            format!("{}: {}", one.name, names.join(", "))
        })
        .collect();
    let wanted = "\
push-main: BranchPushed
create-branch: BranchPushed
push-branch: BranchPushed
pull-request-opened: ChangeRequestTouched
pull-request-pushed: ChangeRequestTouched
status: CheckReported
pull-request-rejected: ChangeRequestTouched
pull-request-commented: ChangeRequestTouched
pull-request-approved: ChangeRequestTouched
pull-request-merged: ChangeRequestTouched, PullRequestMerged
push-merge: BranchPushed
push-annotated-tag: TagPushed
create-tag: TagPushed
push-tag: TagPushed
delete-branch: BranchPushed
push-deleted-tag: TagPushed
delete-tag: TagPushed";
    assert_eq!(said.join("\n"), wanted);
}

#[test]
fn a_merge_is_of_the_commit_that_is_pushed_with_it_by_who_made_it() {
    let (merge, push) = (of("pull-request-merged"), of("push-merge"));
    let [
        _,
        Event::PullRequestClosed {
            merged, base, by, ..
        },
    ] = &merge[..]
    else {
        unreachable!("{merge:?}")
    };
    let [
        Event::BranchPushed {
            branch,
            after,
            by: pusher,
            ..
        },
    ] = &push[..]
    else {
        unreachable!("{push:?}")
    };
    assert!(merged.is_some() && by.is_some());
    assert_eq!((merged, base, by), (after, branch, pusher));
}

#[test]
fn a_tag_is_the_commit_it_names_and_a_deleted_one_none() {
    let revision = |name: &str| match &of(name)[..] {
        [Event::TagPushed { revision, tag, .. }] => (revision.clone(), tag.to_string()),
        other => unreachable!("{other:?}"),
    };
    let (annotated, light) = (revision("push-annotated-tag"), revision("push-tag"));
    assert_eq!(annotated.0, light.0);
    assert_eq!(
        (annotated.1.as_str(), light.1.as_str()),
        ("v1", "release/2")
    );
    assert_eq!(revision("push-deleted-tag"), (None, "v1".to_owned()));
    assert_eq!(revision("delete-tag"), (None, "v1".to_owned()));
}

#[test]
fn a_deleted_branch_is_at_nothing() {
    let deleted = of("delete-branch");
    let [Event::BranchPushed { branch, after, .. }] = &deleted[..] else {
        unreachable!("{deleted:?}")
    };
    assert_eq!((branch.as_str(), after), ("sendo/web/test/1", &None));
}
