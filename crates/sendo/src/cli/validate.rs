//! `sendo validate`: everything that is wrong with a configuration, at once.

use std::path::PathBuf;

use serde_json::json;

use super::Outcome;
use crate::config::{Config, ConfigErrors};
use crate::exit::Exit;
use crate::out::Out;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sendo validate --config sendo.yaml
  sendo validate --config sendo.yaml -o json | jq '.errors[].message'

Reads sendo.d/*.yaml beside the file too. Exit 0: valid, 3: invalid.")]
pub(super) struct Args {
    /// The configuration file.
    #[arg(
        long,
        env = "SENDO_CONFIG",
        value_name = "FILE",
        default_value = "sendo.yaml"
    )]
    config: PathBuf,
}

pub(super) fn run(args: &Args, out: &Out) -> Outcome {
    match Config::load(&args.config) {
        Ok(config) => {
            let lanes = config.lanes();
            let mut applications: Vec<&str> = lanes
                .iter()
                .map(|lane| lane.lane.application.as_str())
                .collect();
            applications.dedup();
            if out.for_programs() {
                out.value(&json!({
                    "valid": true,
                    "errors": [],
                    "applications": applications.len(),
                    "lanes": lanes.iter().map(|rules| rules.lane.to_string()).collect::<Vec<_>>(),
                }));
            } else {
                out.line(&format!(
                    "{}: valid, {} and {}",
                    args.config.display(),
                    counted(applications.len(), "application"),
                    counted(lanes.len(), "lane"),
                ));
            }
            Ok(Exit::Ok)
        }
        Err(errors) => Ok(show(&errors, out)),
    }
}

/// Shows what is wrong with a configuration; also for the verbs that need a valid one.
pub(super) fn show(errors: &ConfigErrors, out: &Out) -> Exit {
    if out.for_programs() {
        let errors: Vec<_> = errors
            .0
            .iter()
            .map(|error| {
                json!({
                    "reason_code": error.code.as_str(),
                    "file": error.file,
                    "line": error.line,
                    "column": error.column,
                    "message": error.what,
                    "why": error.why,
                    "fix": error.fix,
                })
            })
            .collect();
        out.value(&json!({"valid": false, "errors": errors}));
    }
    out.error(&errors.to_string());
    out.error(&format!(
        "\nsendo: the configuration is invalid: {}",
        counted(errors.0.len(), "problem")
    ));
    Exit::Usage
}

fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}
