//! What is wrong with the whole: a configuration that is not used, and lanes that nobody can look for.

use sendo_core::view::{BoardView, Configuration};

use crate::{Language, escape};

/// How many lanes a line names before it counts the rest.
const NAMED: usize = 5;

/// A line for each thing that is amiss; none when nothing is.
#[must_use]
pub(crate) fn amiss(view: &BoardView, language: Language) -> Vec<String> {
    let mut lines = unused(&view.configuration, language);
    lines.extend(blind(view, language));
    lines
}

/// Lanes that cannot be looked for, all with the same trouble in one line.
fn blind(view: &BoardView, language: Language) -> Vec<String> {
    let mut troubles: Vec<(&str, Vec<String>)> = Vec::new();
    for lane in &view.lanes {
        let Some(why) = lane.blind.as_deref() else {
            continue;
        };
        let name = lane.lane.to_string();
        match troubles.iter_mut().find(|(known, _)| *known == why) {
            Some((_, lanes)) => lanes.push(name),
            None => troubles.push((why, vec![name])),
        }
    }
    let line = |(why, lanes): (&str, Vec<String>)| {
        let named = lanes[..lanes.len().min(NAMED)].join(", ");
        let more = lanes.len().saturating_sub(NAMED);
        let why = escape::cut(escape::one_line(why).trim_end_matches('.'), 300);
        match (language, more) {
            (Language::En, 0) => {
                format!(
                    "Nobody can see what is newest for {named}: {why}. It is tried again by itself."
                )
            }
            (Language::En, _) => format!(
                "Nobody can see what is newest for {named} and {more} more: {why}. It is tried again by itself."
            ),
            (Language::Ja, 0) => {
                format!("{named} の最新のリビジョンを確認できません: {why}。自動で再試行します。")
            }
            (Language::Ja, _) => format!(
                "{named} ほか {more} 件の最新のリビジョンを確認できません: {why}。自動で再試行します。"
            ),
        }
    };
    troubles.into_iter().map(line).collect()
}

fn unused(configuration: &Configuration, language: Language) -> Vec<String> {
    let refused = configuration.refused.as_ref().map(|why| match language {
        Language::En => format!(
            "The configuration on disk is not used: {why}. Sendo goes on with the one before it. Next: correct it, and it is loaded by itself; `sendo validate` shows everything that is wrong with it."
        ),
        Language::Ja => format!(
            "ディスク上の設定は使われていません: {why}。Sendo は直前の設定で動き続けています。次: 直せば自動で読み直されます。`sendo validate` で問題がすべて見られます。"
        ),
    });
    let restart = (!configuration.restart.is_empty()).then(|| {
        let keys = configuration.restart.join(", ");
        match language {
            Language::En => format!("Changed on disk, and used only after a restart: {keys}."),
            Language::Ja => format!("ディスク上で変更され、再起動後に有効になる項目: {keys}。"),
        }
    });
    refused.into_iter().chain(restart).collect()
}

#[cfg(test)]
mod tests {
    use sendo_core::names::{ApplicationName, EnvironmentName};
    use sendo_core::subject::LaneId;
    use sendo_core::view::LaneView;

    use super::*;

    fn lane(name: &str, why: Option<&str>) -> LaneView {
        let environment = EnvironmentName::new("test").unwrap();
        let lane = LaneId::new(ApplicationName::new(name).unwrap(), environment);
        LaneView {
            lane,
            running: None,
            moving: None,
            failed: None,
            lock: None,
            held: None,
            frozen: None,
            blind: why.map(str::to_owned),
        }
    }

    #[test]
    fn one_trouble_of_many_lanes_is_one_line() {
        let why = "no connection";
        let names = ["a", "b", "c", "d", "e", "f", "g"];
        let mut lanes: Vec<_> = names.iter().map(|name| lane(name, Some(why))).collect();
        lanes.push(lane("sees", None));
        lanes.push(lane("other", Some("the branch is gone.")));
        let view = BoardView {
            lanes,
            ..BoardView::default()
        };
        let told = amiss(&view, Language::En);
        assert_eq!(
            told,
            [
                "Nobody can see what is newest for a/test, b/test, c/test, d/test, e/test and 2 more: no connection. It is tried again by itself.",
                "Nobody can see what is newest for other/test: the branch is gone. It is tried again by itself.",
            ]
        );
        assert_eq!(amiss(&view, Language::Ja).len(), 2);
    }
}
