//! The pages.

use sendo_core::view::{BoardView, DeploymentView};
use sendo_report::{Language, page};

use crate::every;
use crate::sample::{board, change, notice, told};

#[test]
fn the_board_is_a_river_in_english() {
    insta::assert_snapshot!(page::board(&board(), Language::En));
}

#[test]
fn the_board_is_a_river_in_japanese() {
    insta::assert_snapshot!(page::board(&board(), Language::Ja));
}

#[test]
fn a_deployment_tells_its_story_in_english() {
    insta::assert_snapshot!(page::deployment(&told(), Language::En));
}

#[test]
fn a_deployment_tells_its_story_in_japanese() {
    insta::assert_snapshot!(page::deployment(&told(), Language::Ja));
}

#[test]
fn an_empty_board_a_missing_page_and_a_refusal_say_so() {
    let main = |html: String| {
        let (_, rest) = html.split_once("<main").unwrap();
        rest.split_once("</main>").unwrap().0.to_owned()
    };
    insta::assert_snapshot!(
        Language::ALL
            .map(|language| {
                main(page::board(&BoardView::default(), language))
                    + &main(page::missing(language))
                    + &main(page::refused(
                        "403 Forbidden",
                        "a <token> is needed",
                        "Sign in.",
                        "no_token",
                        language,
                    ))
            })
            .concat()
    );
}

#[test]
fn a_page_keeps_within_a_strict_policy() {
    let pages = Language::ALL.map(|language| {
        page::board(&board(), language)
            + &page::deployment(&everything(), language)
            + &page::missing(language)
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
    assert!(page::STYLE.lines().count() <= 200 && page::SCRIPT.lines().count() <= 40);
}

#[test]
fn text_from_outside_stays_text() {
    let mut view = told();
    view.deployment.included = vec![change(
        "e",
        "<script>alert(1)</script>",
        "\"><img src=x>",
        None,
    )];
    if let Some(link) = &mut view.deployment.change {
        link.url = "javascript:alert(1)".to_owned();
    }
    let html = page::deployment(&view, Language::En);
    assert!(!html.contains("<script>") && !html.contains("<img"));
    assert!(!html.contains("href=\"javascript"));
}

/// A deployment that took every turn there is.
fn everything() -> DeploymentView {
    let mut view = told();
    view.timeline = every::turns()
        .into_iter()
        .map(|(_, turn)| notice(turn))
        .collect();
    view
}
