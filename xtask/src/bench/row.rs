//! A measured row, its goal, the table on the terminal and the list in `bench/results.json`.
//!
//! The field names are read by others and never renamed.

use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::out::Out;

/// One figure. `limit` is what the same machine did in the same run with nothing but the
/// unavoidable work, where that can be run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) row: String,
    pub(crate) case: String,
    pub(crate) value: f64,
    pub(crate) unit: String,
    pub(crate) limit: Option<f64>,
    pub(crate) goal: String,
    pub(crate) met: bool,
}

/// What a figure is held against.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal<'a> {
    AtMost(f64),
    /// Nothing: it says where the time of another figure went.
    None,
    /// At most that many times the limit, which is given beside it.
    AtMostTimes {
        times: f64,
        limit: f64,
    },
    /// At least that many times the limit.
    AtLeastTimes {
        times: f64,
        limit: f64,
    },
    /// At most that many times a limit that could not be measured here, and why.
    Unknown {
        times: f64,
        why: &'a str,
    },
}

impl Row {
    pub(crate) fn new(row: &str, case: &str, value: f64, unit: &str, goal: Goal<'_>) -> Self {
        let (limit, goal, met) = match goal {
            Goal::AtMost(most) => (None, format!("≤ {most} {unit}"), value <= most),
            Goal::None => (None, "–".to_owned(), true),
            Goal::AtMostTimes { times, limit } => (
                Some(limit),
                format!("≤ {times} × limit"),
                value <= times * limit,
            ),
            Goal::AtLeastTimes { times, limit } => (
                Some(limit),
                format!("≥ {times} × limit"),
                value >= times * limit,
            ),
            // Not shown to be met is not met.
            Goal::Unknown { times, why } => (None, format!("≤ {times} × limit ({why})"), false),
        };
        // Finer digits are noise.
        let rounded = |value: f64| (value * 1000.0).round() / 1000.0;
        let (value, limit) = (rounded(value), limit.map(rounded));
        let (row, case, unit) = (row.to_owned(), case.to_owned(), unit.to_owned());
        Self {
            row,
            case,
            value,
            unit,
            limit,
            goal,
            met,
        }
    }
}

/// Prints the rows as one table.
pub(crate) fn print(rows: &[Row], out: &Out) {
    let head = ["row", "case", "value", "limit", "goal", "met"].map(str::to_owned);
    let lines: Vec<[String; 6]> = std::iter::once(head)
        .chain(rows.iter().map(cells))
        .collect();
    let width = |column: usize| {
        lines
            .iter()
            .map(|line| line[column].chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: [usize; 6] = std::array::from_fn(width);
    for line in &lines {
        let padded = line
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:<width$}"));
        out.line(padded.collect::<Vec<_>>().join("  ").trim_end());
    }
}

fn cells(row: &Row) -> [String; 6] {
    let figure = |value: f64| format!("{value:.1} {}", row.unit);
    [
        row.row.clone(),
        row.case.clone(),
        figure(row.value),
        row.limit.map_or_else(|| "–".to_owned(), figure),
        row.goal.clone(),
        if row.met { "yes" } else { "NO" }.to_owned(),
    ]
}

/// Writes the rows into the list at `path`; rows of other names that are there stay.
pub(crate) fn write(path: &Path, rows: &[Row]) -> Result<()> {
    let mut list: Vec<Row> = match std::fs::read(path) {
        Ok(text) => serde_json::from_slice(&text)
            .with_context(|| format!("{} is not a list of rows", path.display()))?,
        Err(_) => Vec::new(),
    };
    list.retain(|old| !rows.iter().any(|new| new.row == old.row));
    list.extend_from_slice(rows);
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)
        .with_context(|| format!("could not create {}", folder.display()))?;
    let mut text = serde_json::to_string_pretty(&list).context("could not write the rows")?;
    text.push('\n');
    std::fs::write(path, text).with_context(|| format!("could not write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, value: f64) -> Row {
        Row::new(name, "a", value, "ms", Goal::AtMost(200.0))
    }

    #[test]
    fn a_goal_is_met_or_not() {
        assert!(row("idle", 200.0).met);
        let missed = row("idle", 200.1);
        assert_eq!((missed.met, missed.goal.as_str()), (false, "≤ 200 ms"));
    }

    #[test]
    fn a_goal_beside_a_limit_is_a_ratio() {
        let met = |value, goal| Row::new("intake", "a", value, "/s", goal).met;
        let limit = 1000.0;
        assert!(met(3000.0, Goal::AtMostTimes { times: 3.0, limit }));
        assert!(!met(3001.0, Goal::AtMostTimes { times: 3.0, limit }));
        assert!(met(500.0, Goal::AtLeastTimes { times: 0.5, limit }));
        assert!(!met(499.0, Goal::AtLeastTimes { times: 0.5, limit }));
    }

    #[test]
    fn a_limit_that_is_not_known_is_told() {
        let goal = Goal::Unknown {
            times: 0.2,
            why: "Go is not installed",
        };
        let row = Row::new("edit", "a", 1.0, "ms", goal);
        assert_eq!((row.limit, row.met), (None, false));
        assert_eq!(row.goal, "≤ 0.2 × limit (Go is not installed)");
    }

    #[test]
    fn the_fields_keep_their_names() {
        let json = serde_json::to_value(row("idle", 12.5)).unwrap();
        let expected = serde_json::json!({
            "row": "idle", "case": "a", "value": 12.5, "unit": "ms",
            "limit": null, "goal": "≤ 200 ms", "met": true,
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn rows_of_other_names_stay_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bench/results.json");
        write(&path, &[row("idle", 1.0), row("edit", 2.0)]).unwrap();
        write(&path, &[row("idle", 3.0)]).unwrap();
        let list: Vec<Row> = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(list, [row("edit", 2.0), row("idle", 3.0)]);
    }
}
