//! What the command line prints.

use proptest::prelude::*;
use sendo_core::deployment::DeploymentState;
use sendo_core::freeze::{Holding, Zone};
use sendo_core::time::Span;
use sendo_core::view::{BoardView, Configuration, EditPlan, Freezes, LanePlan, PlanView};
use sendo_report::wording::Context;
use sendo_report::{Language, terminal, wording};
use unicode_width::UnicodeWidthStr;

use crate::every;
use crate::rendered::objects;
use crate::sample::lane as sample_lane;
use crate::sample::{board, deployment, diff, link, notice, told, waiting};

fn each(render: impl Fn(Language) -> String) -> String {
    Language::ALL
        .map(|language| format!("== {}\n{}\n", language.tag(), render(language)))
        .concat()
}

#[test]
fn a_change_is_shown_in_colours_and_moves_no_cursor() {
    let view = diff();
    let heading = each(|language| wording::diff::heading(&view, language).to_string());
    let text = &view.patch.text;
    let coloured = terminal::diff(text, true).replace('\u{1b}', "ESC");
    let plain = terminal::diff(text, false);
    insta::assert_snapshot!([heading, coloured, plain].join("\n"));
}

#[test]
fn a_pier_that_is_frozen_is_marked_until_when() {
    let before = board();
    let mut after = before.clone();
    after.lanes[0].frozen = Some(Holding {
        name: "year-end".to_owned(),
        reason: None,
        until: after.at + Span::from_secs(3_600),
        by: None,
    });
    for (language, word) in [(Language::En, "× frozen]"), (Language::Ja, "× フリーズ中]")] {
        let river = terminal::status(&after, language, 120, false);
        assert_eq!(river.matches(word).count(), 1, "{river}");
    }
    let told = |language| terminal::changes(Some(&before), &after, language, false);
    insta::assert_snapshot!(each(|language| told(language).join("\n")));
}

#[test]
fn what_is_said_above_a_change_depends_on_what_became_of_it() {
    let mut view = diff();
    let mut said = Vec::new();
    for state in [
        DeploymentState::Waiting,
        DeploymentState::Succeeded,
        DeploymentState::Cancelled,
    ] {
        view.state = state;
        said.push(each(|language| {
            wording::diff::heading(&view, language).to_string()
        }));
    }
    view.patch.text = String::new();
    said.push(each(|language| {
        wording::diff::heading(&view, language).to_string()
    }));
    said.push(each(|language| wording::diff::cut(language).to_owned()));
    said.push(each(|language| {
        wording::diff::replaced(language).to_owned()
    }));
    insta::assert_snapshot!(said.concat());
}

#[test]
fn the_river_is_drawn_across_a_wide_terminal() {
    insta::assert_snapshot!(each(|language| terminal::status(
        &board(),
        language,
        110,
        false
    )));
}

#[test]
fn a_river_too_long_for_the_terminal_leaves_the_others_as_they_are() {
    let mut view = board();
    for environment in ["qa", "staging", "canary", "europe"] {
        let mut lane = view.lanes[1].clone();
        lane.lane = sample_lane(&format!("example1/{environment}"));
        view.lanes.push(lane);
    }
    insta::assert_snapshot!(terminal::status(&view, Language::En, 90, false));
}

#[test]
fn the_river_runs_downwards_in_a_narrow_terminal() {
    insta::assert_snapshot!(each(|language| terminal::status(
        &board(),
        language,
        48,
        false
    )));
}

#[test]
fn colour_repeats_what_shape_and_word_say() {
    let painted = terminal::status(&board(), Language::En, 110, true);
    insta::assert_snapshot!(painted.replace('\u{1b}', "^"));
    let mut plain = String::new();
    let mut rest = painted.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    plain.push_str(rest);
    assert_eq!(plain, terminal::status(&board(), Language::En, 110, false));
}

#[test]
fn a_stranded_deployment_is_told_beside_the_one_on_its_way() {
    let mut view = board();
    view.lanes.truncate(2);
    view.lanes[1].failed = Some(deployment(
        "example1/prod/6",
        "bad0bad",
        DeploymentState::Failed,
    ));
    insta::assert_snapshot!(each(|language| terminal::status(
        &view, language, 100, false
    )));
}

#[test]
fn an_empty_board_says_so() {
    insta::assert_snapshot!(each(|language| {
        terminal::status(&BoardView::default(), language, 80, false)
            + &terminal::history(&[], language, 80, false)
    }));
}

#[test]
fn a_timeline_has_one_line_for_each_turn() {
    insta::assert_snapshot!(each(|language| {
        every::turns()
            .into_iter()
            .map(|(_, turn)| terminal::turn(&notice(turn), language, false) + "\n")
            .collect()
    }));
}

#[test]
fn a_deployment_is_told_from_beginning_to_end() {
    insta::assert_snapshot!(each(|language| terminal::deployment(
        &told(),
        language,
        90,
        false
    )));
}

#[test]
fn a_history_is_a_table_that_gives_up_columns_when_it_is_narrow() {
    let states = [
        DeploymentState::Queued,
        DeploymentState::Running,
        DeploymentState::Succeeded,
        DeploymentState::Superseded,
        DeploymentState::Cancelled,
        DeploymentState::Failed,
    ];
    let rows: Vec<_> = states
        .into_iter()
        .zip(1..)
        .map(|(state, n)| deployment(&format!("example1/test/{n}"), "e4f5a6b", state))
        .collect();
    insta::assert_snapshot!(each(|language| {
        terminal::history(&rows, language, 100, false)
            + "\n"
            + &terminal::history(&rows, language, 44, false)
    }));
}

#[test]
fn a_board_without_a_terminal_is_a_line_for_each_lane_and_then_for_each_change() {
    insta::assert_snapshot!(each(|language| {
        let before = board();
        let mut after = board();
        after.lanes[1].lock = Some(every::lock("*/prod", None));
        after.lanes[5].moving = Some(deployment(
            "ledger/prod/1",
            "1234567",
            DeploymentState::Running,
        ));
        let mut refused = after.clone();
        refused.configuration.refused = Some("sendo.yaml:3:1: there is no key `x`".into());
        assert!(terminal::changes(Some(&after), &after, language, false).is_empty());
        let line = |before, after| terminal::changes(before, after, language, false).join("\n");
        [
            line(None, &before),
            line(Some(&before), &after),
            line(Some(&after), &refused),
        ]
        .join("\n\n")
    }));
}

#[test]
fn several_timelines_are_told_line_by_line_with_whose_line_it_is() {
    insta::assert_snapshot!(each(|language| {
        let view = told();
        let context = Context::of_deployment(&view.deployment);
        view.timeline
            .iter()
            .map(|notice| terminal::log_line(notice, &context, language, false) + "\n")
            .collect()
    }));
}

#[test]
fn with_room_every_column_is_shown_and_nothing_is_cut_off() {
    let rows: Vec<_> = [DeploymentState::Succeeded, DeploymentState::Failed]
        .into_iter()
        .zip(1..)
        .map(|(state, n)| deployment(&format!("example1/test/{n}"), "e4f5a6b", state))
        .collect();
    let locks = [every::lock("*/production", Some(crate::sample::NOW))];
    let held = [every::held(Some("5xx since 10:02".into()))];
    let tokyo = Zone::new("Asia/Tokyo").expect("a zone");
    insta::assert_snapshot!(each(|language| [
        terminal::history_wide(&rows, language, false),
        terminal::status_wide(&board(), language, false),
        terminal::locks_wide(&locks, &held, language, false),
        terminal::freezes_wide(&every::freezes(), &tokyo, language, false),
    ]
    .join("\n")));
    for language in Language::ALL {
        let empty = terminal::history_wide(&[], language, false);
        assert_eq!(empty, terminal::history(&[], language, 80, false));
        let open = terminal::locks_wide(&[], &[], language, false);
        assert_eq!(open, terminal::locks(&[], &[], language, 80));
        let none = Freezes::default();
        let wide = terminal::freezes_wide(&none, &Zone::UTC, language, false);
        assert_eq!(wide, terminal::freezes(&none, &Zone::UTC, language, 80));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn text_from_outside_cannot_move_the_cursor(title in ".{0,80}", width in 0usize..200) {
        let mut view = told();
        view.deployment.included[0].title = title.clone();
        view.deployment.included[0].author = title.clone();
        let text = terminal::deployment(&view, Language::Ja, width, false);
        prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
    }

    #[test]
    fn nothing_but_a_command_is_wider_than_the_terminal(width in 30usize..200) {
        let mut view = board();
        view.lanes[1].moving = Some(waiting("example1/prod/7", "e4f5a6b", 8, every::waiting()[0].1.clone()));
        view.lanes[4].failed = None;
        for language in Language::ALL {
            for line in terminal::status(&view, language, width, false).lines() {
                prop_assert!(line.width() <= width, "{} > {width}: {line}", line.width());
            }
        }
        let _ = link(1);
    }
}

#[test]
fn what_is_locked_says_who_opens_it() {
    let locks = [
        every::lock("web/production", None),
        every::lock("*/production", Some(crate::sample::NOW)),
    ];
    let held = [
        every::held(None),
        every::held(Some("5xx since 10:02".into())),
    ];
    let both = Language::ALL.map(|language| {
        let shown = terminal::locks(&locks, &held, language, 80);
        format!("{shown}{}", terminal::locks(&[], &[], language, 80))
    });
    insta::assert_snapshot!(both.join("\n"));
}

#[test]
fn freezes_say_what_they_close_and_when_by_the_clock_that_was_asked_for() {
    let tokyo = Zone::new("Asia/Tokyo").expect("a zone");
    let both = Language::ALL.map(|language| {
        let shown = terminal::freezes(&every::freezes(), &tokyo, language, 80);
        let none = terminal::freezes(&Freezes::default(), &Zone::UTC, language, 80);
        format!("{shown}{none}")
    });
    insta::assert_snapshot!(both.join("\n"));
}

#[test]
fn a_configuration_that_is_not_the_one_on_disk_is_told() {
    let view = BoardView {
        configuration: Configuration {
            generation: 3,
            refused: Some("sendo.yaml:3:1: unknown key `forge` (and 2 more)".to_owned()),
            restart: vec!["server.listen".to_owned(), "server.sweep".to_owned()],
        },
        ..board()
    };
    insta::assert_snapshot!(each(|language| terminal::status(
        &view, language, 100, false
    )));
}

#[test]
fn objects_are_told_each_with_what_differs_and_no_terminal_obeys_them() {
    let all = objects();
    insta::assert_snapshot!(each(|language| {
        terminal::objects(&all, language, 100, false)
            + "\n"
            + &terminal::objects_in_short(&all, language, 60, false)
            + &terminal::objects(&[], language, 100, false)
    }));
    let coloured = terminal::objects(&all, Language::En, 100, true);
    assert!(!coloured.contains("\u{1b}[31m\u{202e}") && !coloured.contains('\u{202e}'));
}

fn planned(name: &str) -> LanePlan {
    LanePlan {
        lane: sample_lane(name),
        is_new: false,
        notices: Vec::new(),
        effects: Vec::new(),
        edits: vec![EditPlan {
            file: "example1/overlays/test".to_owned(),
            place: "example1".to_owned(),
            now: "e4f5a6b".to_owned(),
        }],
        trouble: Vec::new(),
        objects: None,
    }
}

#[test]
fn a_plan_tells_what_would_start_what_comes_and_goes_and_what_is_in_the_way() {
    let started = every::turns().swap_remove(0).1;
    let missing = "`web/overlays/prod` is not in the manifests repository; correct the path in the configuration or add the file";
    let view = PlanView {
        lanes: vec![
            planned("example1/test"),
            LanePlan {
                notices: vec![notice(started)],
                effects: vec!["publish_branch".to_owned()],
                objects: Some(objects()),
                ..planned("example1/prod")
            },
            LanePlan {
                is_new: true,
                ..planned("web/staging")
            },
            LanePlan {
                trouble: vec![missing.to_owned()],
                ..planned("web/prod")
            },
        ],
        gone: vec![sample_lane("ledger/prod")],
    };
    let nothing = PlanView {
        lanes: vec![planned("example1/test")],
        gone: Vec::new(),
    };
    insta::assert_snapshot!(each(|language| {
        terminal::plan(&view, false, language, 100, false)
            + &terminal::plan(&nothing, false, language, 100, false)
            + &terminal::plan(&nothing, true, language, 100, false)
    }));
}
