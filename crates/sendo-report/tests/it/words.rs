//! The sentences themselves.

use sendo_core::deployment::DeploymentState;
use sendo_core::effect::Effect;
use sendo_report::wording::{Context, effect, promotion, standing, state, waiting};
use sendo_report::{Language, Sentence, time};

use crate::every;
use crate::sample::{NOW, before, deployment, failure, link, notice, waiting as waits};

/// Both languages of each sample, under its name; no slot may be left open.
fn both<'a, T: 'a>(
    samples: impl IntoIterator<Item = (&'a str, T)>,
    word: impl Fn(&T, Language) -> Sentence,
) -> String {
    let mut out = String::new();
    for (name, sample) in samples {
        out.push_str(&format!("{name}\n"));
        for language in Language::ALL {
            let sentence = word(&sample, language).to_string();
            assert!(!sentence.contains(['{', '}']), "an open slot: {sentence}");
            out.push_str(&format!("  {}: {sentence}\n", language.tag()));
        }
    }
    out
}

#[test]
fn every_turn_has_its_sentence() {
    insta::assert_snapshot!(both(every::turns(), |turn, language| {
        promotion::turn(&notice(turn.clone()), language)
    }));
}

#[test]
fn every_reason_to_wait_says_who_can_move_it_on_a_local_forge() {
    let link = link(3);
    let context = Context {
        change: Some(&link),
        ..Context::default()
    };
    insta::assert_snapshot!(both(every::waiting(), |why, language| {
        waiting::waiting(why, &context, language)
    }));
}

#[test]
fn every_reason_to_wait_points_at_the_page_of_a_forge_that_has_one() {
    let mut link = link(3);
    link.url = "https://forge.example/acme/manifests/pull/3".to_owned();
    let context = Context {
        change: Some(&link),
        ..Context::default()
    };
    insta::assert_snapshot!(both(every::waiting(), |why, language| {
        waiting::waiting(why, &context, language)
    }));
}

#[test]
fn a_reason_to_wait_without_a_change_request_names_no_command() {
    for (_, why) in every::waiting() {
        for language in Language::ALL {
            let sentence = waiting::waiting(&why, &Context::default(), language).to_string();
            assert!(!sentence.contains("sendo change"), "{sentence}");
        }
    }
}

#[test]
fn every_state_says_where_its_deployment_stands() {
    let states = [
        DeploymentState::Queued,
        DeploymentState::Running,
        DeploymentState::Waiting,
        DeploymentState::Succeeded,
        DeploymentState::Superseded,
        DeploymentState::Cancelled,
        DeploymentState::Failed,
    ];
    let mut rows: Vec<_> = states
        .into_iter()
        .map(|state| {
            (
                state.as_str(),
                deployment("example1/test/12", "e4f5a6b", state),
            )
        })
        .collect();
    let mut failed = deployment("example1/test/12", "e4f5a6b", DeploymentState::Failed);
    failed.error = Some(failure());
    rows.push(("failed with its reason", failed));
    let mut running = deployment("example1/test/12", "e4f5a6b", DeploymentState::Running);
    running.change = Some(link(3));
    rows.push(("running in a change request", running));
    for (name, why) in every::waiting().into_iter().take(1) {
        rows.push((name, waits("example1/test/12", "e4f5a6b", 3, why)));
    }
    insta::assert_snapshot!(both(rows, |row, language| {
        standing::standing(row, &Context::of_deployment(row), language)
    }));
}

#[test]
fn every_state_and_turn_has_a_shape_of_one_column() {
    use unicode_width::UnicodeWidthStr;
    for (_, turn) in every::turns() {
        let symbol = state::turn_symbol(&turn);
        assert_eq!((symbol.width(), symbol.width_cjk()), (1, 1), "{symbol}");
    }
}

#[test]
fn every_effect_can_be_said() {
    let mut out = String::new();
    for kind in Effect::KINDS {
        let [en, ja] = Language::ALL.map(|language| effect::tried(kind, language));
        assert_ne!(en, kind.replace('_', " ") + "?", "{kind}");
        assert_ne!(en, ja, "{kind} is not translated");
        out.push_str(&format!("{kind}\n  could not {en}\n  {ja}ができない\n"));
    }
    insta::assert_snapshot!(out);
}

#[test]
fn times_are_utc_and_say_so() {
    assert_eq!(time::iso(NOW), "2026-04-01T09:30:00Z");
    assert_eq!(
        time::iso(sendo_core::time::Timestamp(NOW.0 + 250_000)),
        "2026-04-01T09:30:00.25Z"
    );
    assert_eq!(time::date_time(NOW), "2026-04-01 09:30:00 UTC");
    assert_eq!(time::clock(NOW), "09:30:00");
    assert_eq!(time::short(NOW), "04-01 09:30");
    assert_eq!(
        time::iso(sendo_core::time::Timestamp(i64::MAX)),
        i64::MAX.to_string()
    );
    let ago = |seconds| Language::ALL.map(|language| time::ago(before(seconds), NOW, language));
    let took = |seconds| Language::ALL.map(|language| time::span(NOW - before(seconds), language));
    assert_eq!(ago(2), ["just now", "数秒前"]);
    assert_eq!(ago(200), ["3 min ago", "3分前"]);
    assert_eq!(ago(200_000), ["2 d ago", "2日前"]);
    assert_eq!(took(45), ["45 s", "45秒"]);
    assert_eq!(took(200), ["3 min 20 s", "3分20秒"]);
    assert_eq!(took(7_500), ["2 h 5 min", "2時間5分"]);
    assert_eq!(took(86_400), ["1 d", "1日"]);
}

#[test]
fn a_reader_is_addressed_in_their_language() {
    assert_eq!(Language::from_locale("ja_JP.UTF-8"), Language::Ja);
    assert_eq!(Language::from_locale("C"), Language::En);
    assert_eq!(
        Language::from_accept("fr, ja;q=0.8, en;q=0.5"),
        Language::Ja
    );
    assert_eq!(
        Language::from_accept("en-GB,en;q=0.9,ja;q=0.8"),
        Language::En
    );
    assert_eq!(Language::from_accept("ja;q=0, de"), Language::En);
    assert_eq!("ja".parse(), Ok(Language::Ja));
    assert!("de".parse::<Language>().is_err());
}
