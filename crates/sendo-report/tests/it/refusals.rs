//! Why forms are refused.

use std::collections::BTreeSet;

use sendo_core::act::ActRefusal;
use sendo_core::freeze::Unfit;
use sendo_report::Language;
use sendo_report::wording::refusal::{Meant, Reasoned, Refused, heading};

use crate::sample::lane;

/// A new variant does not compile here until it has a number, which fails the test until a sample of it
/// is added below.
const fn number(why: &Refused) -> usize {
    match why {
        Refused::ApplicationUnknown { .. } => 0,
        Refused::EnvironmentUnknown { .. } => 1,
        Refused::DeploymentUnknown { .. } => 2,
        Refused::ApplicationNotCovered { .. } => 3,
        Refused::TokenLimited => 4,
        Refused::ScopeMissing { .. } => 5,
        Refused::GlassNotTheirs => 6,
        Refused::Act { .. } => 7,
        Refused::ReasonMissing(_) => 8,
        Refused::ReasonInvalid { .. } => 9,
        Refused::AreaInvalid { .. } => 10,
        Refused::AreaUnknown { .. } => 11,
        Refused::AreaNotAllowed { .. } => 12,
        Refused::SecondsInvalid => 13,
        Refused::HoursInvalid { .. } => 14,
        Refused::AlreadyLocked { .. } => 15,
        Refused::NotLocked { .. } => 16,
        Refused::TimeInvalid { .. } => 17,
        Refused::EndMissing => 18,
        Refused::EndEmpty => 19,
        Refused::ZoneUnknown { .. } => 20,
        Refused::NameInvalid => 21,
        Refused::NameTaken { .. } => 22,
        Refused::TooManyFreezes { .. } => 23,
        Refused::Unfit(_) => 24,
        Refused::NameAmbiguous { .. } => 25,
        Refused::FreezeUnknown { .. } => 26,
        Refused::NotQuarantined { .. } => 27,
        Refused::BodyDeleted { .. } => 28,
        Refused::DeliveryUnknown { .. } => 29,
        Refused::FormInvalid => 30,
        Refused::NotReleasable { .. } => 31,
        Refused::NotUnlockable { .. } => 32,
    }
}

fn samples() -> Vec<Refused> {
    let (name, area) = (|| "webb".to_owned(), || "web/*".to_owned());
    let one_of = |count| Meant::OneOf {
        names: vec!["web".to_owned(), "shop".to_owned()],
        count,
    };
    let none = Meant::OneOf {
        names: Vec::new(),
        count: 0,
    };
    let unknown = |meant| Refused::ApplicationUnknown {
        name: name(),
        meant,
    };
    let unfit = [Unfit::Backwards, Unfit::Over, Unfit::TooLong].map(Refused::Unfit);
    let reasons = [Reasoned::Lock, Reasoned::Freeze, Reasoned::Override];
    let acts = ActRefusal::ALL.map(|why| Refused::Act {
        why,
        lane: lane("web/test"),
    });
    let freeze = |is_configured| Refused::FreezeUnknown {
        name: name(),
        is_configured,
    };
    let mut all = vec![
        unknown(Meant::This("web".to_owned())),
        unknown(one_of(2)),
        unknown(one_of(12)),
        unknown(none),
        Refused::EnvironmentUnknown {
            application: "web".to_owned(),
            name: "tset".to_owned(),
            meant: one_of(2),
        },
        Refused::DeploymentUnknown {
            lane: "web/test".to_owned(),
            number: "9".to_owned(),
        },
        Refused::ApplicationNotCovered {
            application: "web".to_owned(),
        },
        Refused::TokenLimited,
        Refused::ScopeMissing {
            scope: "deploy".to_owned(),
        },
        Refused::GlassNotTheirs,
        Refused::ReasonInvalid { longest: 500 },
        Refused::AreaInvalid {
            problem: "`a b` is no area".to_owned(),
        },
        Refused::AreaUnknown { area: area() },
        Refused::AreaNotAllowed { area: area() },
        Refused::NotUnlockable { area: area() },
        Refused::NotReleasable {
            lane: "web/production".to_owned(),
        },
        Refused::SecondsInvalid,
        Refused::HoursInvalid { most: 8_760 },
        Refused::AlreadyLocked {
            area: area(),
            by: "local:carol".to_owned(),
            reason: "the auditors are here".to_owned(),
        },
        Refused::NotLocked { area: area() },
        Refused::TimeInvalid {
            text: "soon".to_owned(),
        },
        Refused::EndMissing,
        Refused::EndEmpty,
        Refused::ZoneUnknown {
            name: "Tokio".to_owned(),
            meant: Meant::This("Asia/Tokyo".to_owned()),
        },
        Refused::NameInvalid,
        Refused::NameTaken {
            area: area(),
            name: name(),
        },
        Refused::TooManyFreezes {
            area: area(),
            most: 50,
        },
        Refused::NameAmbiguous {
            name: name(),
            areas: vec![area(), "*/test".to_owned()],
        },
        freeze(true),
        freeze(false),
        Refused::NotQuarantined { id: name() },
        Refused::BodyDeleted { id: name() },
        Refused::DeliveryUnknown { id: name() },
        Refused::FormInvalid,
    ];
    all.extend(reasons.map(Refused::ReasonMissing));
    all.extend(unfit);
    all.extend(acts);
    all
}

#[test]
fn every_refusal_of_a_form_says_what_happened_and_what_to_do_next() {
    let samples = samples();
    let seen: BTreeSet<usize> = samples.iter().map(number).collect();
    assert_eq!(seen, (0..33).collect(), "a sample lacks");
    let told = samples.iter().map(|why| {
        let words = Language::ALL.map(|l| format!("  {}; {}\n", why.message(l), why.next(l)));
        assert!(!words[1].is_ascii(), "{words:?}");
        format!("{}\n{}", why.code(), words.concat())
    });
    insta::assert_snapshot!(told.collect::<String>());
}

#[test]
fn every_refusal_is_headed_in_words() {
    let headings = [400, 401, 403, 404, 409, 410, 500, 503].map(|status| {
        let words = Language::ALL.map(|language| heading(status, language));
        format!("{status} {}\n", words.join(" / "))
    });
    insta::assert_snapshot!(headings.concat());
}
