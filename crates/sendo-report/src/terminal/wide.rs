//! Tables that leave nothing out: `-o wide`. They are as wide as what is in them.

use sendo_core::deployment::{Deployment, Held, Lock};
use sendo_core::freeze::Zone;
use sendo_core::view::{BoardView, Freezes, LaneView};

use super::history::took;
use super::paint::{Ink, columns, pad, paint};
use super::status;
use crate::escape::one_line;
use crate::wording::standing::standing;
use crate::wording::{Context, reference, state};
use crate::{Language, time};

/// What stands in a cell that has nothing to say.
const NOTHING: &str = "-";

/// Rows under their headings, every column as wide as its widest cell.
#[must_use]
pub fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]], color: bool) -> String {
    let widest = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let cells = cells.map(|cell| columns(cell));
        let heading = headings.get(column).map(|heading| columns(heading));
        cells.chain(heading).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..N).map(widest).collect();
    let line = |cells: [&str; N]| {
        let padded = cells.iter().zip(&widths);
        let text: String = padded.map(|(cell, width)| pad(cell, width + 2)).collect();
        text.trim_end().to_owned()
    };
    let mut out = format!("{}\n", paint(&line(headings), Ink::Dim, color));
    for row in rows {
        out.push_str(&line(row.each_ref().map(String::as_str)));
        out.push('\n');
    }
    out
}

/// Deployments with all that a row of them says.
#[must_use]
pub fn history_wide(deployments: &[Deployment], language: Language, color: bool) -> String {
    if deployments.is_empty() {
        return super::history(deployments, language, 0, color);
    }
    let headings = match language {
        Language::En => [
            "DEPLOYMENT",
            "REVISION",
            "FROM",
            "VALUE",
            "STATE",
            "BEGAN",
            "TOOK",
            "CHANGE REQUEST",
            "ASKED FOR BY",
            "WHERE IT STANDS",
        ],
        Language::Ja => [
            "デプロイ",
            "リビジョン",
            "ブランチ・タグ",
            "書き込む値",
            "状態",
            "開始",
            "所要時間",
            "変更リクエスト",
            "依頼者",
            "状況",
        ],
    };
    let rows: Vec<[String; 10]> = deployments
        .iter()
        .map(|row| {
            let change = row.change.as_ref();
            [
                row.id.to_string(),
                row.revision.to_string(),
                reference(&row.reference).to_owned(),
                row.version.as_ref().map_or_else(nothing, |it| one_line(it)),
                state_of(row, language),
                time::date_time(row.created_at),
                took(row.created_at, row.finished_at, language),
                change.map_or_else(nothing, |it| {
                    format!("#{} {}", it.number, one_line(&it.url))
                }),
                row.requested_by
                    .as_ref()
                    .map_or_else(nothing, ToString::to_string),
                stands(row, language),
            ]
        })
        .collect();
    table(headings, &rows, color)
}

/// The river with all the room it needs, and every lane in a row below it.
#[must_use]
pub fn status_wide(view: &BoardView, language: Language, color: bool) -> String {
    let river = status(view, language, usize::MAX, color);
    if view.lanes.is_empty() {
        return river;
    }
    let headings = match language {
        Language::En => [
            "LANE",
            "RUNS",
            "REVISION",
            "VALUE",
            "SINCE",
            "NEXT",
            "WHERE IT STANDS",
        ],
        Language::Ja => ["レーン", "稼働中", "リビジョン", "値", "開始", "次", "状況"],
    };
    let rows: Vec<_> = view
        .lanes
        .iter()
        .map(|lane| lane_cells(lane, language))
        .collect();
    format!("{river}\n{}", table(headings, &rows, color))
}

fn lane_cells(lane: &LaneView, language: Language) -> [String; 7] {
    let running = lane.running.as_ref();
    let next = lane.moving.as_ref().or(lane.failed.as_ref());
    let since = running.and_then(|row| row.finished_at);
    let value = running.and_then(|row| row.version.as_ref());
    [
        lane.lane.to_string(),
        running.map_or_else(nothing, |row| row.id.to_string()),
        running.map_or_else(nothing, |row| row.revision.to_string()),
        value.map_or_else(nothing, |value| one_line(value)),
        since.map_or_else(nothing, time::date_time),
        next.map_or_else(nothing, |row| row.id.to_string()),
        next.map_or_else(nothing, |row| stands(row, language)),
    ]
}

/// What is closed to deployments, one row each.
#[must_use]
pub fn locks_wide(locks: &[Lock], held: &[Held], language: Language, color: bool) -> String {
    if locks.is_empty() && held.is_empty() {
        return super::locks(locks, held, language, 0);
    }
    let headings = match language {
        Language::En => ["AREA", "BY", "SINCE", "UNTIL", "ROLLBACK", "REASON"],
        Language::Ja => ["範囲", "実行者", "開始", "終了", "ロールバック", "理由"],
    };
    let locks = locks.iter().map(|lock| {
        [
            lock.area.to_string(),
            lock.by.to_string(),
            time::date_time(lock.at),
            lock.until.map_or_else(nothing, time::date_time),
            nothing(),
            one_line(&lock.reason),
        ]
    });
    let held = held.iter().map(|held| {
        [
            held.deployment.lane().to_owned(),
            held.by.to_string(),
            time::date_time(held.at),
            nothing(),
            held.deployment.to_string(),
            held.reason.as_ref().map_or_else(nothing, |it| one_line(it)),
        ]
    });
    let rows: Vec<_> = locks.chain(held).collect();
    table(headings, &rows, color)
}

/// When nothing is merged, one row for each freeze, by the clock of a zone.
#[must_use]
pub fn freezes_wide(freezes: &Freezes, zone: &Zone, language: Language, color: bool) -> String {
    if freezes.announced.is_empty() && freezes.configured.is_empty() {
        return super::freezes(freezes, zone, language, 0);
    }
    let headings = match language {
        Language::En => ["NAME", "CLOSES", "FROM", "TO", "ANNOUNCED BY", "REASON"],
        Language::Ja => ["名前", "範囲", "開始", "終了", "告知者", "理由"],
    };
    let announced = freezes.announced.iter().map(|freeze| {
        [
            one_line(&freeze.name),
            freeze.area.to_string(),
            time::local(freeze.from, zone),
            time::local(freeze.to, zone),
            freeze.by.to_string(),
            one_line(&freeze.reason),
        ]
    });
    // Nobody announced what the configuration says.
    let configured = freezes.configured.iter().map(|freeze| {
        [
            one_line(&freeze.name),
            freeze.lanes.join(" "),
            time::local(freeze.from, zone),
            time::local(freeze.to, zone),
            nothing(),
            freeze
                .reason
                .as_ref()
                .map_or_else(nothing, |it| one_line(it)),
        ]
    });
    let rows: Vec<_> = announced.chain(configured).collect();
    table(headings, &rows, color)
}

fn state_of(row: &Deployment, language: Language) -> String {
    let (symbol, word) = (state::symbol(row.state), state::word(row.state, language));
    format!("{symbol} {word}")
}

fn stands(row: &Deployment, language: Language) -> String {
    standing(row, &Context::of_deployment(row), language).to_string()
}

fn nothing() -> String {
    NOTHING.to_owned()
}
