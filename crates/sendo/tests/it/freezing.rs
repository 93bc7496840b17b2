//! Freezes that people announce, told against the real program.

use sendo_testkit::wait;
use serde_json::Value;

use crate::acting::{ONE_PERSON, Shop};
use crate::serving::LONGEST;

/// What `sendo freezes -o json` lists.
fn listed(shop: &mut Shop) -> Value {
    serde_json::from_str(&shop.mei(&["freezes", "-o", "json"]).out).unwrap()
}

fn audited(shop: &mut Shop, action: &str) -> bool {
    let audit = shop.server.get("/api/v1/audit?limit=1000");
    audit.is_some_and(|audit| audit.to_string().contains(&format!("\"{action}\"")))
}

#[test]
fn an_announced_freeze_holds_back_what_is_approved_until_it_is_ended() {
    let mut shop = Shop::open();
    let revision = shop.merge("Add a cart");
    let area = ["freeze", "*/production", "--reason", "an audit"];
    let frozen = shop.mei(&[&area[..], &["--for", "2h", "--name", "audit"]].concat());
    assert_eq!((frozen.code, frozen.err.as_str()), (0, ""));
    let closes = "The freeze `audit` closes `*/production` until";
    assert!(frozen.out.contains(closes), "{}", frozen.out);
    assert_eq!(shop.aoi(&["approve", "shop/production/1"]).code, 0);
    let waits = shop.until_newest_is(&revision, "frozen");
    assert_eq!(waits["waiting"]["name"], "audit");
    assert_eq!(
        waits["waiting"]["by"],
        listed(&mut shop)["announced"][0]["by"]
    );
    assert_eq!(
        shop.aoi(&["unfreeze", "audit"]).code,
        4,
        "approving is not ending"
    );
    let none = shop.mei(&["unfreeze", "audit"]).out;
    assert_eq!(none, "no freeze is announced or configured\n");
    shop.until_newest_is(&revision, "succeeded");
    assert!(audited(&mut shop, "freeze.set") && audited(&mut shop, "freeze.ended"));
}

#[test]
fn a_freeze_ends_by_itself_and_what_waited_goes_on() {
    let mut shop = Shop::open();
    let revision = shop.merge("Add a cart");
    let begins = ["freeze", "shop", "--for", "4s", "--reason", "a short one"];
    assert_eq!(shop.mei(&begins).code, 0);
    assert_eq!(shop.aoi(&["approve", "shop/production/1"]).code, 0);
    let arrived = shop.until_newest_is(&revision, "succeeded");
    let id = arrived["id"].as_str().unwrap();
    let told = shop.mei(&["history", id]).out;
    assert!(told.contains("a short one"), "{told}");
    let expired = wait::until("it is forgotten", LONGEST, || {
        audited(&mut shop, "freeze.expired").then_some(())
    });
    assert!(expired.is_ok() && listed(&mut shop)["announced"] == serde_json::json!([]));
}

#[test]
fn freezes_of_people_and_of_the_configuration_are_listed_by_the_clock_that_is_asked_for() {
    let party = "{ name: party, zone: Asia/Tokyo, dates: [2099-12-31] }";
    let mut shop = Shop::with(&format!("{ONE_PERSON}\nfreezes: [{party}]"));
    let words = [
        "freeze",
        "shop",
        "--from",
        "2099-05-01",
        "--to",
        "2099-05-02",
    ];
    let zone = ["--zone", "Asia/Tokyo", "--reason", "an audit"];
    let frozen = shop.mei(&[&words[..], &zone].concat());
    assert_eq!((frozen.code, frozen.err.as_str()), (0, ""));
    let tokyo = shop
        .mei(&["freezes", "--zone", "Asia/Tokyo"])
        .out
        .replace("\n  ", " ");
    for said in [
        "The freeze `2099-05-01-",
        "` will close `shop/*` from 2099-05-01 00:00:00 Asia/Tokyo to 2099-05-03 00:00:00",
        "`party` of the configuration will close `shop/production` from 2099-12-31 00:00:00 Asia/Tokyo",
    ] {
        assert!(tokyo.contains(said), "{tokyo}");
    }
    let utc = shop.mei(&["freezes", "--zone", "UTC"]).out;
    assert!(utc.contains("2099-04-30 15:00:00 UTC"), "{utc}");
    assert_eq!(shop.mei(&["unfreeze", "party"]).code, 5);
}

#[test]
fn wrong_words_say_what_to_write_instead() {
    let mut shop = Shop::open();
    let to = ["--to", "2099-01-01"];
    for (area, more, code, said) in [
        ("shop", &[][..], 3, "--to"),
        ("shop", &["--to", "2099-01-01", "--for", "2h"], 3, "--for"),
        ("shop", &["--to", "soon"], 3, "is not a date or a time"),
        ("shop", &["--to", "2020-01-01"], 3, "over already"),
        (
            "shop",
            &["--from", "2099-02-01", "--to", "2099-01-01"],
            3,
            "ends before it begins",
        ),
        (
            "shop",
            &["--from", "2019-01-01", "--to", "2020-01-01"],
            3,
            "over already",
        ),
        ("shop", &to, 3, "longer than a year"),
        (
            "shop",
            &["--for", "2h", "--zone", "Asia/Tokio"],
            3,
            "did you mean `Asia/Tokyo`?",
        ),
        (
            "shop",
            &["--for", "2h", "--name", "an audit"],
            3,
            "letters, digits",
        ),
        ("shpo", &["--for", "2h"], 5, "there is no lane in `shpo/*`"),
    ] {
        let words = [&["freeze", area, "--reason", "x"][..], more].concat();
        let ended = shop.mei(&words);
        assert_eq!(ended.code, code, "{words:?}: {ended:?}");
        assert!(ended.err.contains(said), "{words:?}: {}", ended.err);
    }
    assert_eq!(shop.mei(&["unfreeze", "audit"]).code, 5);
}
