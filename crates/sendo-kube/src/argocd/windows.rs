//! Sync windows: whether one keeps an application from being applied now. Pure.
//!
//! After `SyncWindows.Matches` and `CanSync` in `pkg/apis/application/v1alpha1/types.go` of Argo CD 3.2.6;
//! nothing of the kind is written into the Application, so the project is read and judged as there. Argo
//! CD takes a window it cannot read as one that denies, and so do we. A schedule that begins with `TZ=`
//! or `CRON_TZ=`, which its parser takes and no form of its pages offers, is not judged here.

use globset::GlobBuilder;
use sendo_core::freeze::Zone;
use sendo_core::time::Timestamp;
use serde_json::Value;

use super::schedule::{Length, Schedule};
use super::seen::{MESSAGE, Seen};
use crate::error::line;

/// How many windows of a project are looked at.
const WINDOWS: usize = 200;

/// How a window stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Closed,
    /// Its schedule or length makes no sense to Argo CD.
    Broken,
    /// Only Argo CD can tell.
    Unknown,
}

/// The window that keeps an application from being applied, by itself or by hand (`manual`): in words of
/// the engine, or `None` where none does or where that is not known.
pub(super) fn closed(project: &Value, seen: &Seen, manual: bool, now: Timestamp) -> Option<String> {
    let windows = project
        .pointer("/spec/syncWindows")
        .and_then(Value::as_array);
    let windows: Vec<(&Value, State)> = windows
        .into_iter()
        .flatten()
        .take(WINDOWS)
        .filter(|window| matches(window, seen))
        .map(|window| (window, state(window, now)))
        .collect();
    if let Some((broken, _)) = windows.iter().find(|(_, it)| *it == State::Broken) {
        return Some(told(broken, "a window that cannot be read"));
    }
    let of = |kind: &'static str, state: State| {
        let is =
            move |(window, at): &&(&Value, State)| text(window, "kind") == kind && *at == state;
        windows.iter().filter(is).map(|(window, _)| *window)
    };
    let by_hand = |window: &Value| window.get("manualSync") == Some(&Value::Bool(true));
    if let Some(deny) = of("deny", State::Open).next() {
        let allowed = manual && of("deny", State::Open).all(by_hand);
        return (!allowed).then(|| told(deny, "a window denies"));
    }
    let unknown = windows.iter().any(|(_, it)| *it == State::Unknown);
    if unknown || of("allow", State::Open).next().is_some() {
        return None;
    }
    let allow = of("allow", State::Closed).next()?;
    let allowed = manual && of("allow", State::Closed).all(by_hand);
    (!allowed).then(|| told(allow, "no window allows before"))
}

fn text<'a>(window: &'a Value, key: &str) -> &'a str {
    window.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn told(window: &Value, how: &str) -> String {
    let (schedule, length) = (text(window, "schedule"), text(window, "duration"));
    let zone = match text(window, "timeZone") {
        "" => "UTC",
        zone => zone,
    };
    let mut told = format!("{how}: `{schedule}` for {length}, {zone}");
    let description = text(window, "description");
    if !description.is_empty() {
        told = format!("{told} ({description})");
    }
    line(&told, MESSAGE)
}

fn state(window: &Value, now: Timestamp) -> State {
    let schedule = text(window, "schedule");
    if schedule.starts_with("TZ=") || schedule.starts_with("CRON_TZ=") {
        return State::Unknown;
    }
    let read = Schedule::read(schedule).zip(Length::read(text(window, "duration")));
    let Some((schedule, length)) = read else {
        return State::Broken;
    };
    // A zone that it does not know is UTC to Argo CD, too.
    let zone = Zone::new(text(window, "timeZone")).unwrap_or(Zone::UTC);
    match zone.local(now) {
        Some(local) if schedule.is_open(local, length) => State::Open,
        Some(_) => State::Closed,
        None => State::Unknown,
    }
}

/// Whether a window is about an application: by its name, its cluster or its namespace; by all that are
/// given where it says so.
fn matches(window: &Value, seen: &Seen) -> bool {
    let patterns = |key: &str| -> Vec<&str> {
        let entries = window.get(key).and_then(Value::as_array);
        entries
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    };
    let any = |patterns: &[&str], texts: &[&str]| {
        let is = |pattern: &&str| texts.iter().any(|text| glob(pattern, text));
        patterns.iter().any(is)
    };
    let to = &seen.destination;
    let clusters: Vec<&str> = [to.name.as_str(), to.server.as_str()]
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect();
    let given = [
        (patterns("applications"), vec![seen.name.as_str()]),
        (patterns("clusters"), clusters),
        (patterns("namespaces"), vec![to.namespace.as_str()]),
    ];
    let mut told = given
        .iter()
        .filter(|(patterns, _)| !patterns.is_empty())
        .map(|(patterns, texts)| any(patterns, texts))
        .peekable();
    if window.get("andOperator") == Some(&Value::Bool(true)) {
        told.peek().is_some() && told.all(|matched| matched)
    } else {
        told.any(|matched| matched)
    }
}

/// A pattern without separators: `*` also takes `/` and `.`.
fn glob(pattern: &str, text: &str) -> bool {
    let built = GlobBuilder::new(pattern).literal_separator(false).build();
    built.is_ok_and(|glob| glob.compile_matcher().is_match(text))
}

#[cfg(test)]
mod tests {
    use sendo_core::time::Timestamp;
    use serde_json::{Value, json};

    use super::closed;
    use crate::argocd::seen::Seen;
    use crate::recorded::{damaged, recorded};

    /// Friday, 2026-11-27, 10:00 UTC.
    const NOW: Timestamp = Timestamp(1_795_773_600_000_000);

    /// The application is `window` on the cluster itself, in the namespace `window`.
    fn seen() -> Seen {
        Seen::read(&recorded("window-closed"))
    }

    fn judged(windows: &Value, manual: bool) -> Option<String> {
        let project = json!({ "spec": { "syncWindows": windows } });
        closed(&project, &seen(), manual, NOW)
    }

    #[test]
    fn a_recorded_project_denies_all_but_people() {
        let project = recorded("window-closed.project");
        let said = closed(&project, &seen(), false, NOW);
        assert_eq!(said.unwrap(), "a window denies: `* * * * *` for 1h, UTC");
        assert_eq!(closed(&project, &seen(), true, NOW), None);
        damaged(&project, |project| {
            closed(project, &seen(), false, NOW);
        });
    }

    #[test]
    fn an_allowing_window_shuts_out_the_rest_of_the_time() {
        let office = json!({"kind": "allow", "schedule": "0 9 * * 1-5", "duration": "8h",
            "applications": ["*"], "description": "office hours"});
        assert_eq!(judged(&json!([office]), false), None);
        let mut tokyo = office;
        tokyo["timeZone"] = json!("Asia/Tokyo");
        let said = judged(&json!([tokyo]), false).unwrap();
        let wanted = "no window allows before: `0 9 * * 1-5` for 8h, Asia/Tokyo (office hours)";
        assert_eq!(said, wanted);
        tokyo["manualSync"] = json!(true);
        assert_eq!(judged(&json!([tokyo]), true), None);
        assert!(judged(&json!([tokyo]), false).is_some());
    }

    #[test]
    fn denying_goes_before_allowing() {
        let all = |kind: &str| json!({"kind": kind, "schedule": "* * * * *", "duration": "1h", "applications": ["*"]});
        assert!(judged(&json!([all("allow"), all("deny")]), false).is_some());
        assert_eq!(judged(&json!([all("allow")]), false), None);
        assert_eq!(judged(&json!([]), false), None);
    }

    #[test]
    fn a_window_is_about_what_it_names() {
        let judged = |more: Value| {
            let mut window = json!({"kind": "deny", "schedule": "* * * * *", "duration": "1h"});
            for (key, value) in more.as_object().unwrap() {
                window[key] = value.clone();
            }
            judged(&json!([window]), false).is_some()
        };
        assert!(judged(json!({"applications": ["wind*"]})));
        assert!(judged(json!({"applications": ["other", "{a,window}"]})));
        assert!(judged(
            json!({"applications": ["other"], "namespaces": ["window"]})
        ));
        assert!(judged(json!({"clusters": ["https://*.svc"]})));
        assert!(!judged(json!({"applications": ["other"]})));
        assert!(!judged(json!({"clusters": ["in-cluster"]})));
        assert!(!judged(json!({})));
        let and = |applications: &str, namespaces: &str| {
            judged(
                json!({"andOperator": true, "applications": [applications], "namespaces": [namespaces]}),
            )
        };
        assert!(and("window", "window"));
        assert!(!and("window", "other") && !and("other", "window"));
        assert!(!judged(json!({"andOperator": true})));
    }

    #[test]
    fn what_argo_cd_cannot_read_denies_and_what_we_cannot_judge_is_left_open() {
        let deny = |schedule: &str| json!([{"kind": "deny", "schedule": schedule, "duration": "1h", "applications": ["*"]}]);
        let said = judged(&deny("@daily"), true).unwrap();
        assert_eq!(said, "a window that cannot be read: `@daily` for 1h, UTC");
        assert_eq!(judged(&deny("TZ=Asia/Tokyo * * * * *"), false), None);
    }
}
