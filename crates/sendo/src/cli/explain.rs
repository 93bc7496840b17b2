//! `sendo explain`: which lanes an event starts a deployment in, and why not the others. Offline.
//!
//! The payload is translated and matched by the same functions a server uses. An event nobody
//! listens to is answered with every lane and its reason, never with silence.

use std::path::PathBuf;

use sendo_core::event::Event;
use sendo_core::names::Repository;
use sendo_core::promotion::LaneRules;
use sendo_core::promotion::matching::{Announcement, Refusal, RefusalReason, announce};
use sendo_intake::translate::Translated;
use sendo_report::Language;
use serde::Serialize;

use super::dialect;
use super::input;
use super::{Failure, Outcome, validate};
use crate::config::{Config, Purpose};
use crate::exit::Exit;
use crate::out::Out;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sendo explain --config sendo.yaml --event pull_request payload.json
  sendo explain --config sendo.yaml --forge acme --event push push.json -o json
  sendo explain --config sendo.yaml --forge gitea --event pull_request payload.json
  echo '{\"application\": \"web\", \"environment\": \"production\"}' |
    sendo explain --config sendo.yaml --event deploy -

Events: push, pull_request, and what the API takes: image and deploy.
Nothing is sent anywhere, and no secret is read. Exit 0: explained, 3: the payload or the
configuration cannot be read.")]
pub(super) struct Args {
    /// The configuration file.
    #[arg(
        long,
        env = "SENDO_CONFIG",
        value_name = "FILE",
        default_value = "sendo.yaml"
    )]
    config: PathBuf,
    /// The forge the payload comes from, or its kind; needed when there are several.
    #[arg(long, value_name = "NAME")]
    forge: Option<String>,
    /// The event's name, as the header `X-GitHub-Event` or `X-Gitea-Event` says it.
    #[arg(long, value_name = "NAME")]
    event: String,
    /// The payload; `-` reads standard input.
    #[arg(value_name = "PAYLOAD.json")]
    payload: PathBuf,
}

#[derive(Debug, Serialize)]
struct Explanation {
    event: String,
    deployments: Vec<Deployment>,
    refused: Vec<Refused>,
}

#[derive(Debug, Serialize)]
struct Deployment {
    application: String,
    environment: String,
    revision: Option<String>,
    strategy: &'static str,
    reference: String,
    tag: Option<String>,
    /// The environment that must have succeeded first.
    after: Option<String>,
    /// `automatic`, or how many people must approve.
    approval: String,
}

#[derive(Debug, Serialize)]
struct Refused {
    application: String,
    environment: String,
    clause: String,
    reason_code: &'static str,
    message: String,
}

pub(super) fn run(args: &Args, out: &Out) -> Outcome {
    let config = match Config::load_for(&args.config, Purpose::Explain) {
        Ok(config) => config,
        Err(errors) => return Ok(validate::show(&errors, out)),
    };
    let body = input::read(&args.payload)?;
    let payload = dialect::payload(&body);
    let forge = dialect::forge(&config, args.forge.as_deref(), &payload)?;
    let translated = dialect::translated(&config, &forge, &args.event, &body)
        .map_err(|error| unreadable(args, error.reason_code, &error.message))?;
    let lanes = config.lanes();
    let explanation = match translated {
        Translated::Events(events) => of_events(&lanes, &events),
        Translated::Ignored { message, .. } => {
            out.note(&message);
            let name = dialect::event_name(&args.event, &payload);
            of_nothing(&lanes, &name, payload.repository(&forge).as_ref())
        }
    };
    if out.for_programs() {
        out.value(&explanation);
    } else {
        out.data(&text(&explanation));
    }
    Ok(Exit::Ok)
}

/// What typed facts start. A lane that any of them concerns is not refused by the others.
fn of_events(lanes: &[LaneRules], events: &[Event]) -> Explanation {
    let mut explanation = Explanation {
        event: events
            .first()
            .map_or_else(String::new, |event| event.name().to_owned()),
        deployments: Vec::new(),
        refused: Vec::new(),
    };
    for rules in lanes {
        let answers: Vec<_> = events.iter().map(|event| announce(rules, event)).collect();
        match answers.into_iter().reduce(Result::or) {
            Some(Ok(told)) => explanation.deployments.push(deployment(rules, told)),
            Some(Err(refusal)) => explanation.refused.push(refused(&refusal)),
            None => {}
        }
    }
    explanation
}

/// What an event that is understood and starts nothing says to each lane: the answer to one that
/// concerns no lane either, under its own name.
fn of_nothing(lanes: &[LaneRules], name: &str, repository: Option<&Repository>) -> Explanation {
    let refuse = |rules: &LaneRules| {
        let silent = Event::ChangeRequestTouched {
            repository: repository.unwrap_or(&rules.repository).clone(),
            number: 0,
        };
        let mut refusal = announce(rules, &silent).err()?;
        if let RefusalReason::TriggerDiffers { got, .. } = &mut refusal.reason {
            name.clone_into(got);
        }
        Some(refused(&refusal))
    };
    Explanation {
        event: name.to_owned(),
        deployments: Vec::new(),
        refused: lanes.iter().filter_map(refuse).collect(),
    }
}

fn deployment(rules: &LaneRules, told: Announcement) -> Deployment {
    use sendo_core::deployment::Strategy;
    use sendo_core::promotion::Approval;
    let revision = told
        .revision
        .map(|revision| revision.to_string())
        .or_else(|| {
            // A person may have named the revision itself.
            sendo_core::names::Revision::new(told.reference.as_str())
                .ok()
                .map(String::from)
        });
    Deployment {
        application: rules.lane.application.to_string(),
        environment: rules.lane.environment.to_string(),
        revision,
        strategy: match rules.strategy() {
            Strategy::Promotion => "promotion",
            Strategy::Observe => "observe",
        },
        reference: told.reference,
        tag: told.tag,
        after: rules
            .after
            .as_ref()
            .map(|after| after.environment.to_string()),
        approval: match &rules.approval {
            Approval::Automatic => "automatic".to_owned(),
            Approval::People { count: 1, .. } => "1 person".to_owned(),
            Approval::People { count, .. } => format!("{count} people"),
        },
    }
}

fn refused(refusal: &Refusal) -> Refused {
    Refused {
        application: refusal.lane.application.to_string(),
        environment: refusal.lane.environment.to_string(),
        clause: refusal.clause.clone(),
        reason_code: refusal.reason.code(),
        message: sendo_report::explain::message(refusal, Language::En).raw(),
    }
}

/// For people: what starts, then clause by clause why the rest does not.
fn text(explanation: &Explanation) -> String {
    let mut text = format!("{}\n", explanation.event);
    if explanation.deployments.is_empty() {
        text.push_str("\nIt starts no deployment.\n");
    } else {
        text.push_str("\nIt starts a deployment in\n");
    }
    for told in &explanation.deployments {
        let what = told
            .revision
            .clone()
            .or_else(|| Some(told.reference.clone()).filter(|text| !text.is_empty()))
            .unwrap_or_else(|| "what its trigger calls newest".to_owned());
        text.push_str(&format!(
            "  {}/{}: {what}, by `{}`",
            told.application, told.environment, told.strategy
        ));
        if let Some(after) = &told.after {
            text.push_str(&format!(", once it succeeded in `{after}`"));
        }
        if told.approval != "automatic" {
            text.push_str(&format!(", approved by {}", told.approval));
        }
        text.push('\n');
    }
    if !explanation.refused.is_empty() {
        text.push_str("\nIt does not in\n");
    }
    for refused in &explanation.refused {
        text.push_str(&format!(
            "  {}\n    refused by `{}` ({})\n",
            refused.message, refused.clause, refused.reason_code
        ));
    }
    text
}

fn unreadable(args: &Args, reason_code: &'static str, message: &str) -> Failure {
    let place = dialect::position(message)
        .map_or_else(String::new, |(line, column)| format!(":{line}:{column}"));
    Failure::new(
        Exit::Usage,
        reason_code,
        format!("{}{place}: {message}", args.payload.display()),
    )
    .why(format!(
        "it was read as a payload of the event `{}`",
        args.event
    ))
    .next("give the body of the delivery as it was sent, and the name of its event with --event")
}
