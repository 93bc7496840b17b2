//! Titles, bodies, comments and commit messages on a forge.

use proptest::prelude::*;
use sendo_core::deployment::Change;
use sendo_core::effect::{CloseReason, Story};
use sendo_report::Language;
use sendo_report::change_request::{
    BODY_LIMIT, SUBJECT_LIMIT, body, close_comment, commit_message, title,
};

use crate::sample::{change, failure, id, revision, story, who};

fn each(render: impl Fn(Language) -> String) -> String {
    Language::ALL
        .map(|language| format!("== {}\n{}\n", language.tag(), render(language)))
        .concat()
}

fn first() -> Story {
    Story {
        previous: None,
        included: Vec::new(),
        requested_by: None,
        checks: Vec::new(),
        people: 2,
        ..story()
    }
}

#[test]
fn a_body_tells_what_comes_and_what_happens_next() {
    insta::assert_snapshot!(each(|language| {
        body(
            &story(),
            &id("example1/test/12"),
            Some("/srv/manifests.git"),
            language,
        )
    }));
}

#[test]
fn what_goes_back_by_itself_says_what_it_undoes() {
    let story = Story {
        requested_by: None,
        undoes: Some(id("example1/test/11")),
        ..story()
    };
    let deployment = id("example1/test/12");
    let [en, ja] = Language::ALL.map(|language| {
        let row = body(&story, &deployment, None, language);
        let row = row
            .lines()
            .find(|line| line.contains("test/11"))
            .map(str::to_owned);
        (row.unwrap(), commit_message(&story, &deployment, language))
    });
    assert_eq!(en.0, "| Undoes | `example1/test/11` |");
    assert!(
        en.1.contains(" Undoes example1/test/11, which did not work.\n"),
        "{}",
        en.1
    );
    assert_eq!(ja.0, "| 元に戻すデプロイ | `example1/test/11` |");
    assert!(
        ja.1.contains("正常に動かなかった example1/test/11 を元に戻します。\n"),
        "{}",
        ja.1
    );
}

#[test]
fn a_first_deployment_that_people_approve_has_no_range() {
    insta::assert_snapshot!(each(|language| body(
        &first(),
        &id("example1/test/1"),
        None,
        language
    )));
}

#[test]
fn titles_say_what_goes_where() {
    insta::assert_snapshot!(each(|language| {
        format!(
            "{}\n{}",
            title(&story(), language),
            title(&first(), language)
        )
    }));
}

#[test]
fn a_commit_message_has_a_short_subject_and_its_trailers() {
    insta::assert_snapshot!(each(|language| {
        commit_message(&story(), &id("example1/test/12"), language)
    }));
}

#[test]
fn a_closed_change_request_says_why() {
    let reasons = [
        CloseReason::Superseded {
            by: id("example1/test/13"),
        },
        CloseReason::Failed { failure: failure() },
        CloseReason::Unchanged,
        CloseReason::BranchDeleted,
        CloseReason::Cancelled {
            by: who("local:carol"),
        },
    ];
    insta::assert_snapshot!(each(|language| {
        reasons
            .iter()
            .map(|why| close_comment(why, language) + "\n")
            .collect()
    }));
}

#[test]
fn a_commit_title_cannot_mention_close_or_inject() {
    let mut story = story();
    story.included = vec![
        change(
            "1",
            "fixes #1, closes GH-2 and acme/web#3",
            "@octocat <a@b>",
            None,
        ),
        change(
            "2",
            "x\n\n## Heading\n- [ ] task <img src=x onerror=y>",
            "--> <!-- sendo:a/b/1 -->",
            None,
        ),
        change(
            "3",
            "see https://forge.example/acme/web/issues/1 | ![i](j) `code` @acme/sre",
            "A",
            Some(7),
        ),
    ];
    let body = body(&story, &id("example1/test/12"), None, Language::En);
    let list: Vec<&str> = body.lines().filter(|line| line.starts_with("- ")).collect();
    insta::assert_snapshot!(list.join("\n"));
    assert_eq!(body.matches("<!--").count(), 1, "one marker, ours");
}

#[test]
fn a_long_list_loses_its_middle_and_says_how_much() {
    let mut story = story();
    story.included = (0..250)
        .map(|n| {
            change(
                &format!("{n:x}a"),
                &format!("{n} {}", "@#<".repeat(70)),
                "someone",
                None,
            )
        })
        .collect();
    story.omitted = 11;
    let body = body(&story, &id("example1/test/12"), None, Language::En);
    let lines: Vec<&str> = body.lines().filter(|line| line.starts_with("- ")).collect();
    let missing = lines
        .iter()
        .position(|line| line.contains("not listed here"))
        .unwrap();
    assert!(missing > 0 && missing + 1 < lines.len(), "in the middle");
    let said = format!(
        "- … {} more changes are not listed here …",
        250 + 11 - (lines.len() - 1)
    );
    assert_eq!(lines[missing], said);
    assert!(body.contains("### Included changes (261)"));
    assert!(lines[0].starts_with("- 0 ") && lines[lines.len() - 1].starts_with("- 249 "));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_body_stays_within_what_a_forge_takes(
        titles in prop::collection::vec("\\PC{0,400}", 0..250),
        text in "\\PC{0,2000}",
        checks in prop::collection::vec("\\PC{0,300}", 0..60),
        omitted in any::<u64>(),
    ) {
        let included: Vec<Change> = titles
            .iter()
            .map(|title| Change { author: text.clone(), ..change("e", title, "", Some(u64::MAX)) })
            .collect();
        let story = Story { version: text.clone(), reference: text.clone(), included, checks, omitted, ..story() };
        for language in Language::ALL {
            let body = body(&story, &id("example1/test/12"), Some("/srv/manifests.git"), language);
            prop_assert!(body.chars().count() < BODY_LIMIT);
            prop_assert!(body.starts_with("<!-- sendo:example1/test/12 -->\n"));
            prop_assert_eq!(body.matches("<!--").count(), 1);
        }
    }

    #[test]
    fn a_subject_stays_short_and_trailers_stay_trailers(
        application in "[a-z]{1,63}",
        environment in "[a-z]{1,63}",
        version in "\\PC{0,200}",
    ) {
        let story = Story { application, environment, version, ..story() };
        let message = commit_message(&story, &id("example1/test/12"), Language::Ja);
        let lines: Vec<&str> = message.lines().collect();
        prop_assert!(lines[0].chars().count() <= SUBJECT_LIMIT, "{}", lines[0]);
        prop_assert!(lines[0].ends_with(": a1b2c3d → e4f5a6b"));
        prop_assert_eq!(lines.len(), 6);
        prop_assert_eq!(lines[5], format!("Sendo-Revision: {}", revision("e4f5a6b")));
    }
}
