//! Who is told of what, and when, told against the real program.

use std::time::Duration;

use jiff::civil::Time;
use jiff::{SignedDuration, Timestamp};
use sendo_testkit::slack::{CHANNEL, Slack, TOKEN, Trouble};
use sendo_testkit::stage::Stage;
use sendo_testkit::{Receiver, Server, story, wait};

use crate::serving::{LONGEST, ask, until};

/// Nothing here may depend on the sweep: it comes once an hour.
const CONFIGURATION: &str = r#"
server: { listen: "127.0.0.1:0", database: "DATABASE", lease: 1s, sweep: 1h }
forges: { here: { kind: local, root: . } }
notices:
NOTICES
applications:
  shop:
    repository: here:shop
    environments:
      test:
        on: { merged_into: main }
        deliver: { promotion: { repository: here:manifests, base: main, mode: commit,
          edits: [{ kustomization: shop, image: shop, tag: "{sha}" }] } }
"#;

/// A stage whose server tells receivers, each by its line of `notices:`.
fn stage(notices: &[String]) -> Stage {
    let stage = Stage::set(env!("CARGO_BIN_EXE_sendo"));
    let kustomization = story::kustomization("shop");
    let file = ("shop/kustomization.yaml", kustomization.as_str());
    stage.repository("manifests", "main", &[file]);
    stage.repository("shop", "main", &[("README.md", "# It sells things.\n")]);
    configure(&stage, notices);
    stage
}

fn configure(stage: &Stage, notices: &[String]) {
    stage.configure(&CONFIGURATION.replace("NOTICES", &notices.join("\n")));
}

/// A target that is told by this receiver.
fn to(name: &str, receiver: &Receiver, keys: &str) -> String {
    let url = format!("http://{}/", receiver.address());
    format!("  - {{ name: {name}, webhook: {{ url: \"{url}\" }}{keys} }}")
}

/// Merges a change by somebody, and waits until it has arrived and everybody is told.
fn deliver(stage: &Stage, server: &mut Server, who: &str) {
    stage.write(
        "shop",
        "README.md",
        &format!("# It sells things, says {who}.\n"),
    );
    let revision = stage.commit("shop", who, "Add a cart");
    stage.push("shop", "main");
    wait::until("it is there", LONGEST, || {
        let listed = server.get("/api/v1/deployments?limit=1")?;
        (listed["deployments"][0]["revision"] == revision.as_str()).then_some(())
    })
    .unwrap();
    until(server, "succeeded");
    wait::until("everybody is told", LONGEST, || {
        story::is_at_rest(server).then_some(())
    })
    .unwrap();
}

fn ids(receiver: &Receiver) -> Vec<String> {
    receiver.seen().into_keys().collect()
}

#[test]
fn people_are_told_of_deployments_that_carry_their_changes() {
    let (mei, everybody) = (Receiver::start(), Receiver::start());
    let stage = stage(&[
        to("mei", &mei, ", authors: [Mei@example.com]"),
        to("everybody", &everybody, ", authors: [\"*@example.com\"]"),
    ]);
    let mut server = stage.served();
    deliver(&stage, &mut server, "ken");
    assert_eq!(ids(&mei), [""; 0]);
    deliver(&stage, &mut server, "mei");
    assert!(ids(&mei).iter().all(|id| id.starts_with("shop/test/2#")));
    assert!(!ids(&mei).is_empty());
    assert!(ids(&everybody).len() > ids(&mei).len());
}

#[expect(
    clippy::disallowed_methods,
    reason = "the server's own clock is the one that counts"
)]
/// Quiet hours that began two hours ago and end in two.
fn quiet() -> String {
    let clock = |hours| -> Time {
        let at = Timestamp::now() + SignedDuration::from_hours(hours);
        at.to_zoned(jiff::tz::TimeZone::UTC).time()
    };
    let (from, to) = (clock(-2).strftime("%H:%M"), clock(2).strftime("%H:%M"));
    format!(", quiet: {{ from: \"{from}\", to: \"{to}\", zone: UTC }}")
}

#[test]
fn what_waits_for_the_end_of_quiet_hours_is_told_at_once_when_there_are_none_any_more() {
    let (day, night) = (Receiver::start(), Receiver::start());
    let first = [to("day", &day, ""), to("night", &night, &quiet())];
    let stage = stage(&first);
    let mut server = stage.served();
    deliver(&stage, &mut server, "mei");
    assert_eq!((ids(&night), ids(&day).is_empty()), (vec![], false));
    assert_eq!(server.end(), Some(0));
    configure(&stage, &[to("day", &day, ""), to("night", &night, "")]);
    let _server = stage.served();
    let told = wait::until("night is told", LONGEST, || ids(&night).pop()).unwrap();
    assert!(told.starts_with("digest/night/"), "{told}");
    wait::pass(Duration::from_millis(300));
    assert_eq!(ids(&night).len(), 1);
}

#[test]
fn a_target_that_cannot_be_told_is_named_where_people_look() {
    let deploys = Receiver::start();
    deploys.go();
    let stage = stage(&[to("deploys", &deploys, ", turns: [succeeded]")]);
    let mut server = stage.served();
    deliver(&stage, &mut server, "mei");
    let shown = ask(&stage, &mut server, &["history", "shop/test/1"], None);
    let line = "`deploys` could not be told of `succeeded`";
    assert!(shown.out.contains(line), "{}", shown.out);
    assert!(shown.out.contains("(`target_refused`)"), "{}", shown.out);
}

/// A stage whose server tells Slack as a bot, in threads.
fn threaded(slack: &Slack) -> Stage {
    let api = slack.api();
    let app = format!("token: \"${{file:token}}\", channel: {CHANNEL}, api: \"{api}\"");
    let stage = stage(&[format!("  - {{ name: chat, slack: {{ {app} }} }}")]);
    std::fs::write(stage.folder().join("token"), TOKEN).unwrap();
    stage
}

/// The ids of what stands in Slack, and what each answers.
fn told(slack: &Slack) -> Vec<(String, Option<String>)> {
    let standing = slack.standing().into_iter();
    standing
        .map(|one| (one.id.unwrap_or_default(), one.thread))
        .collect()
}

fn root(slack: &Slack) -> Option<String> {
    slack.standing().first().map(|one| one.ts.clone())
}

/// The three turns of a deployment in one thread.
fn thread(slack: &Slack, number: u32) -> Vec<(String, Option<String>)> {
    let of = |turn| format!("shop/test/{number}#{turn}");
    vec![(of(1), None), (of(2), root(slack)), (of(3), root(slack))]
}

#[test]
fn a_deployment_is_told_in_one_thread_in_order() {
    let slack = Slack::start();
    let stage = threaded(&slack);
    deliver(&stage, &mut stage.served(), "mei");
    assert_eq!(told(&slack), thread(&slack, 1));
}

#[test]
fn a_message_whose_answer_is_lost_is_found_and_not_told_again() {
    let slack = Slack::start();
    let stage = threaded(&slack);
    slack.trouble(1, Trouble::AnswerLost);
    slack.trouble(3, Trouble::AnswerLost);
    deliver(&stage, &mut stage.served(), "mei");
    assert_eq!(told(&slack), thread(&slack, 1));
}

#[test]
fn a_thread_waits_for_slack_and_keeps_its_order() {
    let slack = Slack::start();
    let stage = threaded(&slack);
    slack.trouble(1, Trouble::Limited);
    slack.trouble(3, Trouble::Down);
    slack.trouble(5, Trouble::Says("ratelimited"));
    deliver(&stage, &mut stage.served(), "mei");
    assert_eq!(told(&slack), thread(&slack, 1));
}

#[test]
fn a_bot_that_may_not_read_tells_again_and_says_why() {
    let slack = Slack::start();
    let stage = threaded(&slack);
    slack.blind();
    slack.trouble(1, Trouble::AnswerLost);
    let mut server = stage.served();
    deliver(&stage, &mut server, "mei");
    let first: Vec<_> = told(&slack).into_iter().take(2).map(|(id, _)| id).collect();
    assert_eq!(first, ["shop/test/1#1", "shop/test/1#1"]);
    assert!(
        server
            .log()
            .contains("give the app the scope channels:history")
    );
}

#[test]
fn a_refusal_of_slack_stands_in_the_timeline_with_what_helps() {
    let slack = Slack::start();
    let stage = threaded(&slack);
    slack.trouble(1, Trouble::Says("not_in_channel"));
    let mut server = stage.served();
    deliver(&stage, &mut server, "mei");
    let shown = ask(&stage, &mut server, &["history", "shop/test/1"], None);
    assert!(
        shown.out.contains("`chat` could not be told of `started`"),
        "{}",
        shown.out
    );
    assert!(shown.out.contains("invite the app to"), "{}", shown.out);
    assert_eq!(
        told(&slack)[0],
        ("shop/test/1#2".to_owned(), None),
        "the next begins the thread"
    );
}
