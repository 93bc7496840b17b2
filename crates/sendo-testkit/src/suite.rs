//! Runs tests by name, a few at a time, and prints what Rust's test programs print.
//!
//! The crash suite starts itself again as the server it kills, so it has a `main` of its own.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// A test: its name and what it does.
pub type Test = (&'static str, fn());

thread_local! {
    /// What the test of this thread said, for the list of failures at the end.
    static SAID: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Runs the tests the arguments ask for, `at_once` beside each other and begun in their order: names to
/// match, `--exact`, `--skip NAME`, `--list`.
#[must_use]
pub fn run(at_once: usize, tests: &[Test]) -> ExitCode {
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
    let ended = in_parallel(at_once, &chosen, |(name, test)| {
        let began = Instant::now();
        SAID.take();
        let ended = catch_unwind(AssertUnwindSafe(test));
        let verdict = if ended.is_ok() { "ok" } else { "FAILED" };
        let took = began.elapsed().as_secs_f64();
        let mut told = SAID.take();
        say(&format!("test {name} ... {verdict}\n    took {took:.1} s"));
        ended.err().map(|panic| {
            told.push(message(panic.as_ref()));
            (*name, told)
        })
    });
    let failed: Vec<_> = ended.into_iter().flatten().collect();
    if !failed.is_empty() {
        say("\nfailures:");
        for (name, told) in &failed {
            say(&format!("---- {name} ----\n{}\n", told.join("\n")));
        }
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

/// Writes a line for whoever reads the run; a failure tells again what its own thread said.
#[expect(clippy::print_stdout, reason = "a test program prints its counts")]
pub fn say(line: &str) {
    println!("{line}");
    SAID.with_borrow_mut(|said| said.push(line.to_owned()));
}

/// What a panic said.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("it panicked without words")
        .to_owned()
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
