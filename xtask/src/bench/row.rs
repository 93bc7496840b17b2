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
pub(crate) enum Goal {
    AtMost(f64),
    /// At most that many times the limit, which is given beside it.
    #[expect(
        dead_code,
        reason = "the rows measured against a limit are not written yet"
    )]
    TimesLimit {
        at_most: f64,
        limit: f64,
    },
}

impl Row {
    pub(crate) fn new(row: &str, case: &str, value: f64, unit: &str, goal: Goal) -> Self {
        let (limit, goal, met) = match goal {
            Goal::AtMost(most) => (None, format!("≤ {most} {unit}"), value <= most),
            Goal::TimesLimit { at_most, limit } => (
                Some(limit),
                format!("≤ {at_most} × limit"),
                value <= at_most * limit,
            ),
        };
        // Finer digits are noise, and would change the file at every run.
        let value = (value * 1000.0).round() / 1000.0;
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
