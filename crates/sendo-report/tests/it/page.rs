//! The pages.

use sendo_core::act::{ActKind, Area};
use sendo_core::deployment::Waiting;
use sendo_core::notice::{Notice, Turn};
use sendo_core::time::Span;
use sendo_core::view::{BoardView, DeploymentPage, Freezes, LocksPage};
use sendo_report::page::{self, Reader, Show};
use sendo_report::{Language, page::board as drawn};

use crate::every;
use crate::fleet::fleet;
use crate::sample::{
    NOW, application, audit, board, change, deliveries, diff, notice, told_page, waiting, who,
};

/// A reader who is not signed in.
const NOBODY: Reader<'_> = Reader { principal: None };

/// Everything on the board.
fn whole(view: &BoardView, language: Language) -> String {
    drawn(view, &Show::default(), NOBODY, language)
}

/// What a page says, without the frame that all of them share.
fn main(html: &str) -> &str {
    let (_, rest) = html.split_once("<main").expect("a main part");
    rest.split_once("</main>").expect("its end").0
}

#[test]
fn the_board_is_a_river_in_english() {
    insta::assert_snapshot!(whole(&board(), Language::En));
}

#[test]
fn the_board_is_a_river_in_japanese() {
    insta::assert_snapshot!(whole(&board(), Language::Ja));
}

#[test]
fn a_deployment_tells_its_story_in_english() {
    insta::assert_snapshot!(page::deployment(&told_page(), NOBODY, Language::En));
}

#[test]
fn a_deployment_tells_its_story_in_japanese() {
    insta::assert_snapshot!(page::deployment(&told_page(), NOBODY, Language::Ja));
}

#[test]
fn a_change_is_shown_line_by_line() {
    let mut long = diff();
    long.patch.text = "diff --git a/f b/f\n".repeat(6_000);
    let long = page::diff(&long, NOBODY, Language::En);
    assert_eq!(long.matches("diff --git").count(), 5_000);
    assert!(long.contains("<code>sendo diff example1/prod/7</code> shows more"));
    let pages = Language::ALL.map(|language| page::diff(&diff(), NOBODY, language));
    insta::assert_snapshot!(pages.each_ref().map(|page| main(page)).join("\n"));
}

#[test]
fn an_empty_board_a_missing_page_and_a_refusal_say_so() {
    let refusal = page::Refusal {
        status: 403,
        message: "a <token> is needed",
        next: "Sign in.",
        reason_code: "no_token",
        back: Some("/locks?\"a\""),
    };
    insta::assert_snapshot!(
        Language::ALL
            .map(|language| {
                main(&whole(&BoardView::default(), language)).to_owned()
                    + main(&page::missing(None, NOBODY, language))
                    + main(&page::missing(
                        Some(("no `<web>`", "look")),
                        NOBODY,
                        language,
                    ))
                    + main(&page::refused(&refusal, NOBODY, language))
            })
            .concat()
    );
}

#[test]
fn a_page_says_who_is_signed_in_and_lets_them_sign_out() {
    let aoi = Reader {
        principal: Some("local:<aoi>"),
    };
    for (reader, words) in [(NOBODY, "Sign in"), (aoi, "Sign out")] {
        let html = page::missing(None, reader, Language::En);
        let (_, header) = html.split_once("<header>").expect("a header");
        let (header, _) = header.split_once("</header>").expect("its end");
        assert!(header.contains(words), "{header}");
        assert_eq!(header.contains("local:&#60;aoi&#62;"), reader == aoi);
    }
}

#[test]
fn the_sign_in_pages_ask_for_a_token_or_one_press() {
    let pages = Language::ALL.map(|language| {
        main(&page::sign_in("/audit?before=\"2\"", false, language)).to_owned()
            + main(&page::sign_in("/", true, language))
            + main(&page::sign_in_once("c0de", "local:<aoi>", language))
    });
    insta::assert_snapshot!(pages.concat());
    let alone = page::sign_in("/", true, Language::En);
    assert!(!alone.contains("data-events"), "what is typed stays");
}

#[test]
fn a_page_keeps_within_a_strict_policy() {
    let pages = Language::ALL.map(|language| {
        whole(&board(), language)
            + &page::application(&application(), "example1", NOBODY, language)
            + &page::deployment(&everything(), NOBODY, language)
            + &page::deliveries(&deliveries(), NOBODY, language)
            + &page::diff(&diff(), NOBODY, language)
            + &page::audit(&audit(), NOBODY, language)
            + &page::missing(None, NOBODY, language)
            + &page::sign_in("/", true, language)
            + &page::sign_in_once("code", "local:aoi", language)
    });
    for html in pages {
        assert!(!html.contains(" style="), "no inline style");
        assert!(!html.contains("<style"), "no inline style sheet");
        let attributes = html
            .split("=\"")
            .filter_map(|before| before.rsplit(' ').next());
        for name in attributes {
            assert!(!name.starts_with("on"), "no inline handler: {name}");
        }
        for script in html.split("<script").skip(1) {
            assert!(script.starts_with(" src=\"/assets/sendo.js\" defer></script>"));
        }
    }
    assert!(!page::SCRIPT.contains("innerHTML") && !page::SCRIPT.contains("eval"));
    assert!(page::STYLE.lines().count() <= 200 && page::SCRIPT.lines().count() <= 100);
}

#[test]
fn text_from_outside_stays_text() {
    let mut page = told_page();
    page.view.deployment.included = vec![change(
        "e",
        "<script>alert(1)</script>",
        "\"><img src=x>",
        None,
    )];
    if let Some(link) = &mut page.view.deployment.change {
        link.url = "javascript:alert(1)".to_owned();
    }
    let html = sendo_report::page::deployment(&page, NOBODY, Language::En);
    assert!(!html.contains("<script>") && !html.contains("<img"));
    assert!(!html.contains("href=\"javascript"));
}

/// A deployment that took every turn there is.
fn everything() -> DeploymentPage {
    let mut page = told_page();
    page.view.timeline = every::turns()
        .into_iter()
        .map(|(_, turn)| notice(turn))
        .collect();
    page
}

#[test]
fn one_of_two_approvals_leaves_the_gate_shut_and_says_whose_is_missing() {
    let people = |have: &[&str]| Waiting::People {
        needed: 2,
        have: have.iter().map(|name| who(name)).collect(),
        from: vec![who("local:mei"), who("local:dan")],
        backwards: false,
    };
    let mut page = told_page();
    page.view.deployment = waiting("example1/prod/7", "e4f5a6b", 8, people(&["local:mei"]));
    page.view.timeline = [
        Turn::Waits {
            waiting: people(&[]),
            number: Some(8),
        },
        Turn::PersonApproved {
            by: who("local:mei"),
            have: 1,
            needed: 2,
        },
    ]
    .map(notice)
    .into();
    let gates = Language::ALL.map(|language| {
        let html = page::deployment(&page, NOBODY, language);
        let (_, gates) = html.split_once("<ol class=\"gates\">").expect("gates");
        gates.split_once("</ol>").expect("their end").0.to_owned()
    });
    insta::assert_snapshot!(gates.concat());
}

#[test]
fn a_wait_for_people_ends_with_the_last_approval_that_is_needed_and_one_for_checks_does_not() {
    let people = Waiting::People {
        needed: 1,
        have: Vec::new(),
        from: Vec::new(),
        backwards: false,
    };
    let checks = Waiting::Checks {
        pending: vec!["ci".to_owned()],
    };
    for (waiting, lasted) in [(people, "5 min 29 s"), (checks, "6 min 30 s")] {
        let mut page = told_page();
        let approved = Turn::PersonApproved {
            by: who("local:mei"),
            have: 1,
            needed: 1,
        };
        let waits = Turn::Waits {
            waiting,
            number: Some(8),
        };
        let merged = Turn::Overridden {
            by: who("local:mei"),
            reason: "x".to_owned(),
        };
        let after = |seconds, turn| Notice {
            at: NOW + Span::from_secs(seconds),
            ..notice(turn)
        };
        page.view.timeline = vec![after(0, waits), after(329, approved), after(390, merged)];
        let html = page::deployment(&page, NOBODY, Language::En);
        assert!(html.contains(&format!("<b>waited {lasted}</b>")), "{html}");
    }
}

#[test]
fn an_application_shows_its_river_and_its_history() {
    let pages = Language::ALL.map(|language| {
        let html = page::application(&application(), "example1", NOBODY, language);
        main(&html).to_owned()
    });
    insta::assert_snapshot!(pages.concat());
}

#[test]
fn deliveries_say_what_came_in_and_what_quarantine_means() {
    let pages = Language::ALL
        .map(|language| main(&page::deliveries(&deliveries(), NOBODY, language)).to_owned());
    insta::assert_snapshot!(pages.concat());
}

#[test]
fn the_audit_trail_says_who_caused_what_and_how_to_verify_it() {
    let pages =
        Language::ALL.map(|language| main(&page::audit(&audit(), NOBODY, language)).to_owned());
    insta::assert_snapshot!(pages.concat());
}

#[test]
fn the_board_shows_only_what_was_asked_for() {
    let rivers = |show: &Show| {
        let html = drawn(&board(), show, NOBODY, Language::En);
        ["example1", "web", "ledger"].map(|name| html.contains(&format!("/applications/{name}\"")))
    };
    let named = |name: &str| Show {
        application: name.to_owned(),
        moving: false,
    };
    assert_eq!(rivers(&Show::default()), [true, true, true]);
    assert_eq!(rivers(&named("WE")), [false, true, false]);
    let mut calm = board();
    calm.lanes
        .retain(|lane| lane.moving.is_none() && lane.failed.is_none());
    let moving = Show {
        moving: true,
        ..Show::default()
    };
    assert!(drawn(&calm, &moving, NOBODY, Language::En).contains("Nothing is on its way."));
}

#[test]
fn a_board_of_two_hundred_applications_stays_small() {
    let bytes = whole(&fleet(200, 6), Language::En).len();
    assert!(
        bytes < 270_000,
        "{bytes} bytes, of which gzip leaves a seventh"
    );
}

#[test]
fn who_may_act_finds_a_form_for_each_act() {
    let forms = Language::ALL.map(|language| {
        let mut acting = told_page();
        acting.may = ActKind::ALL.to_vec();
        let mut back = application();
        back.may_roll_back = vec!["prod".parse().expect("a name")];
        let locks = LocksPage {
            locks: vec![every::lock("*/prod", None)],
            held: vec![every::held(Some("5xx".into()))],
            freezes: every::freezes(),
            may: true,
            may_open: areas(&["*/prod", "example1/test", "web/production", "*/production"]),
            at: back.board.at,
        };
        let pages = [
            page::deployment(&acting, NOBODY, language),
            page::application(&back, "example1", NOBODY, language),
            page::locks(&locks, NOBODY, language),
        ];
        pages
            .map(|html| all(main(&html), "<form", "</form>"))
            .concat()
    });
    insta::assert_snapshot!(forms.join("\n"));
}

fn areas(all: &[&str]) -> Vec<Area> {
    all.iter()
        .map(|area| area.parse().expect("an area"))
        .collect()
}

/// Every piece of a page between two marks, one a line.
fn all(html: &str, from: &str, to: &str) -> String {
    let pieces = html
        .split(from)
        .skip(1)
        .filter_map(|piece| piece.split_once(to));
    pieces
        .map(|(piece, _)| format!("{from}{piece}{to}\n"))
        .collect()
}

#[test]
fn locks_are_read_by_everybody_and_changed_by_who_may() {
    let page = |may| LocksPage {
        locks: Vec::new(),
        held: Vec::new(),
        freezes: Freezes::default(),
        may,
        may_open: Vec::new(),
        at: application().board.at,
    };
    assert!(!main(&page::locks(&page(false), NOBODY, Language::En)).contains("<form"));
    insta::assert_snapshot!(
        Language::ALL
            .map(|l| main(&page::locks(&page(true), NOBODY, l)).to_owned())
            .concat()
    );
}

#[test]
fn freezes_are_shown_and_only_what_was_announced_is_ended_here() {
    let page = |open| LocksPage {
        locks: Vec::new(),
        held: Vec::new(),
        freezes: every::freezes(),
        may: false,
        may_open: areas(open),
        at: application().board.at,
    };
    let shown = |open, language| all(&page::locks(&page(open), NOBODY, language), "<li>", "</li>");
    for open in [&["web/production"][..], &["web/production", "*/production"]] {
        let ends = shown(open, Language::En);
        assert_eq!(ends.matches("action=\"/unfreezes\"").count(), open.len());
    }
    insta::assert_snapshot!(Language::ALL.map(|language| shown(&[], language)).concat());
}
