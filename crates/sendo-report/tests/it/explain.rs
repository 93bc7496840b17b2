//! Why a lane did not react.

use sendo_core::promotion::matching::{Refusal, RefusalReason};
use sendo_report::{Language, explain};

use crate::sample::lane;

const fn index(reason: &RefusalReason) -> usize {
    match reason {
        RefusalReason::RepositoryDiffers { .. } => 0,
        RefusalReason::ApplicationDiffers { .. } => 1,
        RefusalReason::EnvironmentDiffers { .. } => 2,
        RefusalReason::NotMerged { .. } => 3,
        RefusalReason::BranchDiffers { .. } => 4,
        RefusalReason::TagDoesNotMatch { .. } => 5,
        RefusalReason::TriggerDiffers { .. } => 6,
        RefusalReason::Deleted { .. } => 7,
    }
}

#[test]
fn every_refusal_says_what_was_expected_and_what_came() {
    let (expected, got) = (|text: &str| text.to_owned(), |text: &str| text.to_owned());
    let reasons = [
        RefusalReason::RepositoryDiffers {
            expected: expected("acme:acme/example1"),
            got: got("acme:evil/example1"),
        },
        RefusalReason::ApplicationDiffers {
            expected: expected("example1"),
            got: got("web"),
        },
        RefusalReason::EnvironmentDiffers {
            expected: expected("test"),
            got: got("prod"),
        },
        RefusalReason::NotMerged { number: 41 },
        RefusalReason::BranchDiffers {
            expected: expected("develop"),
            got: got("feature/x"),
        },
        RefusalReason::TagDoesNotMatch {
            pattern: expected("release-*"),
            got: got("pre-release-1"),
        },
        RefusalReason::TriggerDiffers {
            expected: expected("tag"),
            got: got("BranchPushed"),
        },
        RefusalReason::Deleted {
            reference: got("refs/tags/release-1"),
        },
    ];
    let mut out = String::new();
    for (at, reason) in reasons.into_iter().enumerate() {
        assert_eq!(index(&reason), at);
        out.push_str(&format!("{}\n", RefusalReason::CODES[at]));
        assert_eq!(reason.code(), RefusalReason::CODES[at]);
        let refusal = Refusal {
            lane: lane("example1/test"),
            clause: "on.merged_into".into(),
            reason,
        };
        for language in Language::ALL {
            let message = explain::message(&refusal, language).to_string();
            assert!(!message.contains(['{', '}']), "{message}");
            out.push_str(&format!("  {}: {message}\n", language.tag()));
        }
    }
    insta::assert_snapshot!(out);
}
