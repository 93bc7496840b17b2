//! Lists and single deployments: `sendo history` and what follows one deployment.

use sendo_core::deployment::Deployment;
use sendo_core::time::Timestamp;
use sendo_core::view::DeploymentView;

use super::paint::{Ink, clip, columns, pad, paint, wrap};
use super::{NARROWEST, timeline};
use crate::escape::one_line;
use crate::wording::cause::cause;
use crate::wording::standing::standing;
use crate::wording::{Context, change_title, reference, state};
use crate::{Language, time};

/// Deployments as a table, in the order given. Times are UTC.
#[must_use]
pub fn history(
    deployments: &[Deployment],
    language: Language,
    width: usize,
    color: bool,
) -> String {
    if deployments.is_empty() {
        return match language {
            Language::En => "no deployments yet\n",
            Language::Ja => "デプロイはまだありません\n",
        }
        .to_owned();
    }
    let headings = match language {
        Language::En => [
            "DEPLOYMENT",
            "REVISION",
            "FROM",
            "STATE",
            "BEGAN (UTC)",
            "TOOK",
        ],
        Language::Ja => [
            "デプロイ",
            "リビジョン",
            "ブランチ・タグ",
            "状態",
            "開始 (UTC)",
            "所要時間",
        ],
    };
    let rows: Vec<[String; 6]> = deployments.iter().map(|row| cells(row, language)).collect();
    // Narrow terminals lose the columns that can be looked up elsewhere, least needed first.
    let mut shown = vec![0, 1, 2, 3, 4, 5];
    let wide = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| columns(cell))
            .chain(headings.get(column).map(|heading| columns(heading)))
            .max()
            .unwrap_or_default()
    };
    for droppable in [2, 5, 4] {
        let total: usize = shown.iter().map(|column| wide(*column) + 2).sum();
        if total > width.max(NARROWEST) + 2 {
            shown.retain(|column| *column != droppable);
        }
    }
    let line = |cells: &[&str], ink: Ink| {
        let text: String = shown
            .iter()
            .filter_map(|column| cells.get(*column).map(|cell| pad(cell, wide(*column) + 2)))
            .collect();
        format!(
            "{}\n",
            paint(&clip(text.trim_end(), width.max(NARROWEST)), ink, color)
        )
    };
    let mut out = line(&headings, Ink::Dim);
    for (row, deployment) in rows.iter().zip(deployments) {
        let cells: Vec<&str> = row.iter().map(String::as_str).collect();
        let ink = match Ink::of(deployment.state) {
            Ink::Good => Ink::Plain,
            ink => ink,
        };
        out.push_str(&line(&cells, ink));
    }
    out
}

fn cells(row: &Deployment, language: Language) -> [String; 6] {
    [
        row.id.to_string(),
        row.revision.short().to_owned(),
        reference(&row.reference).to_owned(),
        format!(
            "{} {}",
            state::symbol(row.state),
            state::word(row.state, language)
        ),
        time::short(row.created_at),
        took(row.created_at, row.finished_at, language),
    ]
}

pub(super) fn took(from: Timestamp, to: Option<Timestamp>, language: Language) -> String {
    to.map_or_else(|| "-".to_owned(), |to| time::span(to - from, language))
}

/// One deployment: what it is, where it stands, what it carries, and its timeline.
#[must_use]
pub fn deployment(view: &DeploymentView, language: Language, width: usize, color: bool) -> String {
    let width = width.max(NARROWEST);
    let row = &view.deployment;
    let mut out = format!(
        "{}  {} {}\n",
        paint(row.id.as_str(), Ink::Bold, color),
        paint(state::symbol(row.state), Ink::of(row.state), color),
        paint(state::word(row.state, language), Ink::of(row.state), color)
    );
    if let Some(line) = reason(row, language) {
        out.push_str(&paint(
            &wrap(&format!("  {line}"), width, 2),
            Ink::of(row.state),
            color,
        ));
        out.push('\n');
    }
    let facts = facts(view, language);
    let label = facts
        .iter()
        .map(|(name, _)| columns(name))
        .max()
        .unwrap_or_default();
    out.push('\n');
    for (name, value) in facts {
        let line = format!("  {}  {value}", pad(name, label));
        out.push_str(&wrap(&line, width, label + 4));
        out.push('\n');
    }
    if !row.included.is_empty() {
        let heading = match language {
            Language::En => "Included changes",
            Language::Ja => "含まれる変更",
        };
        out.push_str(&format!("\n{}\n", paint(heading, Ink::Bold, color)));
        for change in &row.included {
            let number = change.number.map(|n| format!("#{n} ")).unwrap_or_default();
            let title = change_title(change);
            let author = one_line(&change.author);
            let line = format!("  {}  {number}{title} — {author}", change.revision.short());
            out.push_str(&format!("{}\n", clip(&line, width)));
        }
    }
    if !view.timeline.is_empty() {
        let heading = match language {
            Language::En => "Timeline (UTC)",
            Language::Ja => "経過 (UTC)",
        };
        out.push_str(&format!("\n{}\n", paint(heading, Ink::Bold, color)));
        out.push_str(&timeline(view, language, width, color));
    }
    out
}

/// Why it stands where it stands, when that needs words.
fn reason(row: &Deployment, language: Language) -> Option<String> {
    let tells = row.waiting.is_some() && !row.state.is_terminal() || row.error.is_some();
    tells.then(|| standing(row, &Context::of_deployment(row), language).to_string())
}

fn facts(view: &DeploymentView, language: Language) -> Vec<(&'static str, String)> {
    let row = &view.deployment;
    let [
        revision,
        from,
        value,
        change,
        asked,
        began,
        took_name,
        newer,
        caused,
    ] = match language {
        Language::En => [
            "Revision",
            "From",
            "Value written",
            "Change request",
            "Asked for by",
            "Began",
            "Took",
            "Superseded by",
            "Caused by",
        ],
        Language::Ja => [
            "リビジョン",
            "ブランチ・タグ",
            "書き込む値",
            "変更リクエスト",
            "依頼者",
            "開始",
            "所要時間",
            "置き換えたデプロイ",
            "きっかけ",
        ],
    };
    let mut facts = vec![
        (revision, row.revision.to_string()),
        (from, reference(&row.reference).to_owned()),
    ];
    facts.extend(
        row.version
            .as_ref()
            .filter(|version| *version != row.revision.as_str())
            .map(|version| (value, one_line(version))),
    );
    facts.extend(
        row.change
            .as_ref()
            .map(|c| (change, format!("#{}  {}", c.number, one_line(&c.url)))),
    );
    facts.extend(
        row.requested_by
            .as_ref()
            .map(|who| (asked, who.to_string())),
    );
    facts.push((began, time::date_time(row.created_at)));
    facts.extend(
        row.finished_at
            .map(|_| (took_name, took(row.created_at, row.finished_at, language))),
    );
    facts.extend(row.superseded_by.as_ref().map(|by| (newer, by.to_string())));
    let causes = view.causes.iter();
    facts.extend(causes.map(|one| (caused, cause(one, language))));
    facts
}
