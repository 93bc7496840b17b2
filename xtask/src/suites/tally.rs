//! Counts of a suite, read from the closing lines that Rust's test programs and Node's test runner
//! print.

use std::ops::AddAssign;

/// How many tests or checks went which way, and which were not run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) skipped: u64,
    /// Names of the skipped, with the reason where the test gives one.
    pub(super) ignored: Vec<String>,
}

impl Tally {
    pub(super) fn one_passed() -> Self {
        Self {
            passed: 1,
            ..Self::default()
        }
    }

    pub(super) fn one_failed() -> Self {
        Self {
            failed: 1,
            ..Self::default()
        }
    }

    /// Adds up every closing line in the output of one or many test programs.
    pub(super) fn parse(output: &str) -> Self {
        let mut tally = Self::default();
        for line in output.lines() {
            // Output that a test wrote without a line end may stand before either.
            if let Some(at) = line.find("test result: ") {
                tally += closing(&line[at..]);
            } else if let Some(counted) = line.strip_prefix("ℹ ") {
                tally += closing_of_node(counted);
            } else if let Some(name) = ignored(line).or_else(|| ignored_by_node(line)) {
                tally.ignored.push(name);
            }
        }
        tally
    }

    /// Whether nothing at all was run.
    pub(super) fn is_empty(&self) -> bool {
        self.passed + self.failed == 0
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.ignored.extend(other.ignored);
    }
}

/// Reads `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; …`.
fn closing(line: &str) -> Tally {
    let count = |word: &str| {
        line.split([';', '.'])
            .find_map(|part| part.trim().strip_suffix(word)?.trim().parse().ok())
            .unwrap_or(0)
    };
    Tally {
        passed: count("passed"),
        failed: count("failed"),
        skipped: count("ignored"),
        ignored: Vec::new(),
    }
}

/// Reads `test name ... ignored, reason`.
fn ignored(line: &str) -> Option<String> {
    let (name, verdict) = line.strip_prefix("test ")?.split_once(" ... ")?;
    let reason = verdict.strip_prefix("ignored")?;
    Some(match reason.strip_prefix(", ") {
        Some(reason) => format!("{name} ({reason})"),
        None => format!("{name} (no reason given)"),
    })
}

/// Reads one of the lines `pass 3`, `fail 0`, `cancelled 0`, `skipped 1` and `todo 0`.
fn closing_of_node(line: &str) -> Tally {
    let mut tally = Tally::default();
    let Some((what, Ok(count))) = line
        .split_once(' ')
        .map(|(what, n)| (what, n.parse::<u64>()))
    else {
        return tally;
    };
    match what {
        "pass" => tally.passed = count,
        "fail" | "cancelled" => tally.failed = count,
        "skipped" | "todo" => tally.skipped = count,
        _ => {}
    }
    tally
}

/// Reads `﹣ name (0.1ms) # reason`.
fn ignored_by_node(line: &str) -> Option<String> {
    let (name, reason) = line.trim_start().strip_prefix("﹣ ")?.rsplit_once(" # ")?;
    let name = name.rsplit_once(" (").map_or(name, |(name, _)| name);
    Some(match reason {
        "SKIP" => format!("{name} (no reason given)"),
        reason => format!("{name} ({reason})"),
    })
}

/// The part of a log that tells why it failed: the failures that libtest or Node lists, else its end.
pub(super) fn excerpt(log: &str) -> String {
    const MOST: usize = 300;
    let mut failures: Vec<&str> = Vec::new();
    let mut inside = false;
    for line in log.lines() {
        inside = (inside || line == "failures:" || line == "✖ failing tests:")
            && !line.starts_with("test result: ");
        if inside {
            failures.push(line);
        }
    }
    let lines: Vec<&str> = if failures.is_empty() {
        let all: Vec<&str> = log.lines().filter(|line| !is_progress(line)).collect();
        all[all.len().saturating_sub(80)..].to_vec()
    } else {
        failures
    };
    let mut excerpt: String = lines
        .iter()
        .take(MOST)
        .map(|line| format!("    {line}\n"))
        .collect();
    if lines.len() > MOST {
        excerpt.push_str(&format!("    … and {} lines more\n", lines.len() - MOST));
    }
    excerpt
}

/// Lines of cargo that tell what it does, not what is wrong.
fn is_progress(line: &str) -> bool {
    const VERBS: &[&str] = &[
        "Compiling",
        "Checking",
        "Downloaded",
        "Downloading",
        "Locking",
    ];
    VERBS.iter().any(|verb| {
        line.trim_start()
            .strip_prefix(verb)
            .is_some_and(|rest| rest.starts_with(' '))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_PROGRAMS: &str = "\
running 3 tests
test a ... ok
test b ... ignored, needs a cluster
test c ... ignored
test result: ok. 1 passed; 0 failed; 2 ignored; 0 measured; 4 filtered out; finished in 1.20s

half a line of a test: test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
";

    #[test]
    fn closing_lines_are_added_up() {
        let tally = Tally::parse(TWO_PROGRAMS);
        assert_eq!((tally.passed, tally.failed, tally.skipped), (13, 3, 2));
        assert_eq!(
            tally.ignored,
            ["b (needs a cluster)", "c (no reason given)"]
        );
    }

    const NODE: &str = "\
✔ a board (11.4ms)
﹣ a dark board (0.1ms) # SKIP
﹣ a bright board (0.1ms) # needs the sun
✖ a wrong board (2.1ms)
ℹ tests 5
ℹ suites 0
ℹ pass 1
ℹ fail 1
ℹ cancelled 1
ℹ skipped 2
ℹ todo 0
ℹ duration_ms 34.01

✖ failing tests:

test at a.mjs:1:1
✖ a wrong board (2.1ms)
";

    #[test]
    fn closing_lines_of_node_are_added_up() {
        let tally = Tally::parse(NODE);
        assert_eq!((tally.passed, tally.failed, tally.skipped), (1, 2, 2));
        assert_eq!(
            tally.ignored,
            [
                "a dark board (no reason given)",
                "a bright board (needs the sun)"
            ]
        );
        assert!(excerpt(NODE).contains("    ✖ a wrong board") && !excerpt(NODE).contains("✔"));
    }

    #[test]
    fn a_build_that_failed_counts_nothing() {
        assert!(Tally::parse("error[E0308]: mismatched types\n").is_empty());
    }

    #[test]
    fn an_excerpt_is_the_failures() {
        let log = "test a ... FAILED\n\nfailures:\n\n---- a ----\nboom\n\n\
                   test result: FAILED. 0 passed; 1 failed\nmuch else\n";
        assert_eq!(
            excerpt(log),
            "    failures:\n    \n    ---- a ----\n    boom\n    \n"
        );
    }

    #[test]
    fn without_failures_an_excerpt_is_the_end() {
        let log: String = (1..=200)
            .map(|n| format!("   Compiling crate{n} v1.0.0\nline {n}\n"))
            .collect();
        let excerpt = excerpt(&log);
        assert!(excerpt.starts_with("    line 121\n") && excerpt.ends_with("    line 200\n"));
    }
}
