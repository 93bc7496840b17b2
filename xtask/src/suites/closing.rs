//! The line of each suite and the end of a run: what was left out, by name and reason, and the
//! total alone on the last line.

use std::time::Duration;

use super::runner::Outcome;
use super::tally::Tally;
use crate::out::Out;

/// Everything that a run came to so far.
#[derive(Debug, Default)]
pub(super) struct Closing {
    total: Tally,
    /// Suites with the reason why they were not run.
    left_out: Vec<(String, String)>,
}

impl Closing {
    /// Takes in one suite and writes its line, and below it why it failed.
    pub(super) fn add(&mut self, name: &str, outcome: Outcome, took: Duration, out: &Out) {
        match outcome {
            Outcome::LeftOut(reason) => {
                out.line(&format!("{name:<15} left out: {reason}"));
                self.left_out.push((name.to_owned(), reason));
            }
            Outcome::Counted { mut tally, detail } => {
                out.line(&suite_line(name, &tally, took));
                if !detail.is_empty() {
                    out.line(detail.trim_end());
                }
                for ignored in &mut tally.ignored {
                    *ignored = format!("{name}: {ignored}");
                }
                self.total += tally;
            }
        }
    }

    /// Writes what was left out and the total; `all` bears nothing left out.
    pub(super) fn tell(&self, all: bool, out: &Out) {
        for line in self.lines(all) {
            out.line(&line);
        }
    }

    /// Whether nothing failed and, if `all` is asked for, nothing was left out.
    pub(super) fn is_success(&self, all: bool) -> bool {
        self.total.failed == 0 && self.total.passed > 0 && (self.is_whole() || !all)
    }

    fn is_whole(&self) -> bool {
        self.left_out.is_empty() && self.total.skipped == 0
    }

    fn lines(&self, all: bool) -> Vec<String> {
        let suites = self
            .left_out
            .iter()
            .map(|(name, reason)| format!("left out: {name} ({reason})"));
        let tests = self
            .total
            .ignored
            .iter()
            .map(|test| format!("skipped: {test}"));
        let mut lines: Vec<String> = suites.chain(tests).collect();
        if all && !self.is_whole() {
            lines.push("--all leaves nothing out, so this run failed".to_owned());
        }
        let skipped = self.total.skipped + self.left_out.len() as u64;
        let (passed, failed) = (self.total.passed, self.total.failed);
        lines.push(format!(
            "{passed} passed, {failed} failed, {skipped} skipped"
        ));
        lines
    }
}

fn suite_line(name: &str, tally: &Tally, took: Duration) -> String {
    format!(
        "{name:<15} {:>5} passed {:>4} failed {:>4} skipped {:>8.1} s",
        tally.passed,
        tally.failed,
        tally.skipped,
        took.as_secs_f64()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closing(outcomes: Vec<(&str, Outcome)>) -> Closing {
        let mut closing = Closing::default();
        for (name, outcome) in outcomes {
            closing.add(name, outcome, Duration::from_secs(1), &Out::nowhere());
        }
        closing
    }

    fn counted(passed: u64, ignored: &[&str]) -> Outcome {
        let ignored: Vec<String> = ignored.iter().map(|name| (*name).to_owned()).collect();
        let skipped = ignored.len() as u64;
        let tally = Tally {
            passed,
            failed: 0,
            skipped,
            ignored,
        };
        Outcome::Counted {
            tally,
            detail: String::new(),
        }
    }

    #[test]
    fn the_total_stands_alone_after_what_was_left_out() {
        let closing = closing(vec![
            ("unit", counted(12, &["a::b (needs a cluster)"])),
            ("deny", Outcome::LeftOut("no network".to_owned())),
            ("format", Outcome::failed("    badly")),
        ]);
        assert_eq!(
            closing.lines(false),
            [
                "left out: deny (no network)",
                "skipped: unit: a::b (needs a cluster)",
                "12 passed, 1 failed, 2 skipped",
            ]
        );
        assert!(!closing.is_success(false));
    }

    #[test]
    fn all_bears_nothing_left_out() {
        let whole = closing(vec![("unit", counted(1, &[]))]);
        assert!(whole.is_success(false) && whole.is_success(true));
        let skipped = closing(vec![("unit", counted(1, &["a (later)"]))]);
        assert!(skipped.is_success(false) && !skipped.is_success(true));
        assert!(
            !skipped.lines(false)[1].contains("--all") && skipped.lines(true)[1].contains("--all")
        );
        let left_out = closing(vec![
            ("unit", counted(1, &[])),
            ("deny", Outcome::LeftOut("no".to_owned())),
        ]);
        assert!(left_out.is_success(false) && !left_out.is_success(true));
    }

    #[test]
    fn a_run_of_nothing_is_no_success() {
        assert!(!closing(Vec::new()).is_success(false));
    }

    #[test]
    fn a_suite_has_one_line() {
        let line = suite_line("unit", &Tally::one_passed(), Duration::from_millis(1500));
        assert_eq!(
            line,
            "unit                1 passed    0 failed    0 skipped      1.5 s"
        );
    }
}
