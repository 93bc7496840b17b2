//! Prints change requests, for people and for programs.

use sendo_core::effect::{ChangeState, Verdict};
use sendo_forge::local::{ChangeDetails, CheckState, Listed};
use sendo_report::time;
use serde_json::{Value, json};

use crate::out::Out;

pub(super) fn list(listed: &Listed, out: &Out) {
    if out.for_programs() {
        let rows: Vec<Value> = listed
            .changes
            .iter()
            .map(|change| {
                json!({
                    "number": change.number,
                    "title": change.title,
                    "state": state(change.state),
                    "branch": change.branch,
                    "base": change.base,
                    "head": change.head.to_string(),
                    "opened_by": change.opened_by,
                    "opened_at": time::iso(change.opened_at),
                })
            })
            .collect();
        out.value(&rows);
    } else if listed.changes.is_empty() {
        out.note("there are none");
    } else {
        for change in &listed.changes {
            out.line(&format!(
                "{:>4}  {:<6}  {}  ({} → {})",
                change.number,
                state(change.state),
                change.title,
                change.branch,
                change.base
            ));
        }
    }
    for unreadable in &listed.unreadable {
        out.error(&format!(
            "{} cannot be read: {}",
            unreadable.name, unreadable.why
        ));
    }
}

pub(super) fn one(seen: &ChangeDetails, out: &Out) {
    let change = &seen.change;
    if out.for_programs() {
        out.value(&as_json(seen));
        return;
    }
    out.line(&format!(
        "change request {}  {}",
        change.number,
        state(change.state)
    ));
    out.line(&change.title);
    out.line(&format!(
        "{} → {}, head {}",
        change.branch, change.base, change.head
    ));
    out.line(&format!(
        "opened by {} at {}",
        change.opened_by,
        time::date_time(change.opened_at)
    ));
    for commit in &seen.ahead {
        out.line(&format!("  {}  {}", commit.oid, commit.subject));
    }
    for check in &seen.checks {
        out.line(&format!(
            "  check {}: {}",
            check.name,
            check_state(check.state)
        ));
    }
    for review in &seen.reviews {
        let stale = if review.head == change.head {
            ""
        } else {
            " (of an older head)"
        };
        out.line(&format!(
            "  {} by {}{stale}",
            verdict(review.verdict),
            review.by
        ));
    }
    for comment in &seen.comments {
        out.line(&format!(
            "  {}: {}",
            comment.by,
            comment.body.lines().next().unwrap_or_default()
        ));
    }
    if let Some(closed) = &seen.closed {
        out.line(&format!("closed by {}: {}", closed.by, closed.reason));
    }
    if let Some(oid) = &seen.merged_oid {
        out.line(&format!("merged as {oid}"));
    }
    if !change.body.is_empty() {
        out.line("");
        out.line(change.body.trim_end());
    }
}

fn as_json(seen: &ChangeDetails) -> Value {
    let change = &seen.change;
    let checks = seen.checks.iter().map(|check| json!({"name": check.name, "state": check_state(check.state), "by": check.by, "url": check.url}));
    let reviews = seen.reviews.iter().map(|review| {
        json!({"by": review.by, "head": review.head.to_string(), "verdict": verdict(review.verdict), "body": review.body})
    });
    let commits = seen
        .ahead
        .iter()
        .map(|commit| json!({"oid": commit.oid.to_string(), "subject": commit.subject}));
    json!({
        "number": change.number,
        "title": change.title,
        "body": change.body,
        "state": state(change.state),
        "branch": change.branch,
        "base": change.base,
        "head": change.head.to_string(),
        "opened_by": change.opened_by,
        "opened_at": time::iso(change.opened_at),
        "merged": seen.merged_oid.map(|oid| oid.to_string()),
        "commits": commits.collect::<Vec<_>>(),
        "checks": checks.collect::<Vec<_>>(),
        "reviews": reviews.collect::<Vec<_>>(),
    })
}

const fn state(state: ChangeState) -> &'static str {
    match state {
        ChangeState::Open => "open",
        ChangeState::Merged => "merged",
        ChangeState::Closed => "closed",
    }
}

const fn check_state(state: CheckState) -> &'static str {
    match state {
        CheckState::Pending => "pending",
        CheckState::Success => "success",
        CheckState::Failure => "failure",
        CheckState::Error => "error",
    }
}

const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "approved",
        Verdict::RequestChanges => "changes requested",
        Verdict::Comment => "commented",
    }
}
