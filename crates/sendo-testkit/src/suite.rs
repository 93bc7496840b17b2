//! Runs tests by name, one after the other, and prints what Rust's test programs print.
//!
//! The crash suite starts itself again as the server it kills, so it has a `main` of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// A test: its name and what it does.
pub type Test = (&'static str, fn());

/// Runs the tests the arguments ask for: names to match, `--exact`, `--skip NAME`, `--list`.
#[must_use]
pub fn run(tests: &[Test]) -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (mut filters, mut skips, mut exact, mut list) = (Vec::new(), Vec::new(), false, false);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--list" => list = true,
            "--exact" => exact = true,
            "--skip" => skips.extend(arguments.next()),
            "--test-threads" | "--format" | "--color" | "-Z" => {
                arguments.next();
            }
            flag if flag.starts_with('-') => {}
            filter => filters.push(filter.to_owned()),
        }
    }
    let is = |name: &str, filter: &String| {
        if exact {
            name == filter
        } else {
            name.contains(filter.as_str())
        }
    };
    let asked = |name: &str| {
        (filters.is_empty() || filters.iter().any(|filter| is(name, filter)))
            && !skips.iter().any(|skip| is(name, skip))
    };
    let (chosen, left): (Vec<&Test>, Vec<&Test>) = tests.iter().partition(|test| asked(test.0));
    if list {
        chosen
            .iter()
            .for_each(|test| say(&format!("{}: test", test.0)));
        return ExitCode::SUCCESS;
    }
    say(&format!("\nrunning {} tests", chosen.len()));
    let started = Instant::now();
    let mut failed = Vec::new();
    for (name, test) in &chosen {
        let began = Instant::now();
        let passed = catch_unwind(AssertUnwindSafe(test)).is_ok();
        let verdict = if passed { "ok" } else { "FAILED" };
        let took = began.elapsed().as_secs_f64();
        say(&format!("test {name} ... {verdict}\n    took {took:.1} s"));
        if !passed {
            failed.push(*name);
        }
    }
    if !failed.is_empty() {
        say("\nfailures:");
        failed.iter().for_each(|name| say(&format!("    {name}")));
    }
    say(&format!(
        "\ntest result: {}. {} passed; {} failed; 0 ignored; 0 measured; {} filtered out; finished in {:.2}s\n",
        if failed.is_empty() { "ok" } else { "FAILED" },
        chosen.len() - failed.len(),
        failed.len(),
        left.len(),
        started.elapsed().as_secs_f64()
    ));
    ExitCode::from(if failed.is_empty() { 0 } else { 101 })
}

/// Writes a line for whoever reads the run.
#[expect(clippy::print_stdout, reason = "a test program prints its counts")]
pub fn say(line: &str) {
    println!("{line}");
}

/// Does `work` for every item, a few at a time, and gives the results in order.
pub fn in_parallel<T: Sync, R: Send>(
    at_once: usize,
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, R)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..at_once.min(items.len()) {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(n) else { break };
                    let result = work(item);
                    done.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push((n, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(n, _)| *n);
    done.into_iter().map(|(_, result)| result).collect()
}
