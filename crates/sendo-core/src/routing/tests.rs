//! Who is told of what.

use super::*;
use crate::mailbox::tests::notice;

fn by(authors: &[&str]) -> Notice {
    let mut notice = notice("shop/test/1#1", "failed");
    notice.authors = authors.iter().map(ToString::to_string).collect();
    notice
}

fn to(target: &str, authors: &[&str]) -> Route {
    Route {
        target: target.to_owned(),
        authors: authors.iter().map(ToString::to_string).collect(),
        ..Route::default()
    }
}

#[test]
fn a_route_with_authors_hears_of_deployments_that_carry_a_change_by_one_of_them() {
    let mei = to("mei", &["mei@example.com"]);
    assert!(mei.wants(&by(&["ken@example.com", "mei@example.com"])));
    assert!(!mei.wants(&by(&["ken@example.com"])));
    assert!(!mei.wants(&by(&[])), "nobody's");
}

#[test]
fn a_route_may_ask_for_everybody_of_a_domain() {
    let shop = to("shop", &["*@shop.example"]);
    assert!(shop.wants(&by(&["yui@shop.example"])));
    assert!(!shop.wants(&by(&["yui@shop.example.org"])));
}

#[test]
fn a_route_without_authors_hears_of_everybody_and_of_nobody() {
    assert!(to("all", &[]).wants(&by(&[])));
    assert!(to("all", &[]).wants(&by(&["mei@example.com"])));
}

#[test]
fn a_notice_is_delivered_or_left_in_a_mailbox_and_never_both() {
    let mut slow = to("slow", &[]);
    slow.mailbox = true;
    let mut plan = Plan {
        notices: vec![by(&[])],
        ..Plan::default()
    };
    let delivered = dispatch(&[to("fast", &[]), slow], &mut plan, Timestamp(7));
    let keys: Vec<_> = delivered
        .iter()
        .map(|effect| effect.key.0.as_str())
        .collect();
    assert_eq!(keys, ["notice/shop/test/1#1/fast"]);
    let left: Vec<_> = plan
        .publish
        .iter()
        .map(|fact| fact.subject.to_string())
        .collect();
    assert_eq!(left, ["target:slow"]);
    assert_eq!(plan.wake, [mailbox::subject("slow")]);
}
