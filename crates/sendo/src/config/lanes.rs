//! What can only be seen with several lanes in view: their order, circles, and shared targets.

use std::collections::BTreeMap;

use sendo_core::names::EnvironmentName;
use sendo_core::promotion::EditRule;

use super::Reading;
use super::applications::Lane;
use super::place::Place;
use super::problem::{Code, Problem, Span};

/// What people merge into a manifests repository has its own revisions: no other lane can wait for them.
pub(crate) fn after_observed(lanes: &[Lane], place: Place<'_>, reading: &mut Reading<'_>) {
    let observed = |name: &EnvironmentName| {
        let named = lanes.iter().find(|it| it.rules.lane.environment == *name);
        named.is_some_and(|it| it.rules.observes())
    };
    for rules in lanes.iter().map(|lane| &lane.rules) {
        let after = rules.after.as_ref().map(|after| &after.environment);
        let Some(after) = after.filter(|after| observed(after)) else {
            continue;
        };
        let problem = place
            .key(rules.lane.environment.as_str())
            .key("after")
            .problem(
                Code::Contradiction,
                format!("no revision of `{}` is ever deployed to `{after}`", rules.lane.application),
            )
            .why("people merge there themselves, so its revisions are those of the manifests repository")
            .fix("leave `after` out, or let Sendo merge there with `promotion`");
        reading.problems.push(problem);
    }
}

/// The lanes of one application in the order a revision travels: what others wait for comes first.
pub(crate) fn in_order(lanes: Vec<Lane>, place: Place<'_>, reading: &mut Reading<'_>) -> Vec<Lane> {
    let mut waiting = lanes;
    // Lanes that are not waited for keep the order of their tiers, then of their names.
    waiting.sort_by_key(|lane| (lane.tier, lane.rules.lane.environment.clone()));
    let mut done: Vec<Lane> = Vec::new();
    while !waiting.is_empty() {
        let free = waiting.iter().position(|lane| {
            lane.rules.after.as_ref().is_none_or(|after| {
                !waiting
                    .iter()
                    .any(|other| other.rules.lane.environment == after.environment)
            })
        });
        let Some(free) = free else {
            circle(&waiting, place, reading);
            done.append(&mut waiting);
            break;
        };
        done.push(waiting.remove(free));
    }
    done
}

/// Every lane here waits for another one here; follows them until one comes back.
fn circle(lanes: &[Lane], place: Place<'_>, reading: &mut Reading<'_>) {
    let next = |name: &str| {
        lanes
            .iter()
            .find(|lane| lane.rules.lane.environment.as_str() == name)
            .and_then(|lane| lane.rules.after.as_ref())
            .map(|after| after.environment.to_string())
    };
    let Some(first) = lanes.first() else {
        return;
    };
    let mut path = vec![first.rules.lane.environment.to_string()];
    while let Some(name) = path.last().and_then(|last| next(last)) {
        if let Some(start) = path.iter().position(|seen| *seen == name) {
            path.drain(..start);
            path.push(name);
            break;
        }
        path.push(name);
    }
    let Some(at) = path.first() else {
        return;
    };
    let shown: Vec<String> = path.iter().map(|name| format!("`{name}`")).collect();
    reading.problems.push(
        place
            .key(at)
            .key("after")
            .problem(
                Code::Cycle,
                format!(
                    "the environments of `{}` wait for each other",
                    first.rules.lane.application
                ),
            )
            .why(format!("{}: none could ever begin", shown.join(" after ")))
            .fix("leave one `after` out"),
    );
}

/// A value in a manifests repository, in a form that two spellings share.
type Target = (String, String, String, String);

fn target(lane: &Lane, edit: &EditRule) -> (Target, String) {
    let deliver = &lane.rules.deliver;
    let (path, what, shown) = match edit {
        EditRule::Image { path, image, .. } => {
            let folder = ["kustomization.yaml", "kustomization.yml", "Kustomization"]
                .iter()
                .find_map(|file| path.strip_suffix(file))
                .map_or(path.as_str(), |folder| folder.trim_end_matches('/'));
            let folder = if folder == "." { "" } else { folder };
            (
                folder.to_owned(),
                format!("image {image}"),
                format!("image `{image}` of `{path}`"),
            )
        }
        EditRule::Value {
            path, at, document, ..
        } => {
            let bare = at.trim_start_matches('.');
            let document = document.unwrap_or_default();
            (
                path.clone(),
                format!("value {document} {bare}"),
                format!("`{at}` of `{path}`"),
            )
        }
    };
    let key = (
        deliver.repository.to_string(),
        deliver.base.to_string(),
        path,
        what,
    );
    (key, shown)
}

/// A lane, with where each of its edits is written.
pub(crate) struct Placed<'a> {
    /// The lane.
    pub(crate) lane: &'a Lane,
    /// The places of its edits, in order.
    pub(crate) edits: Vec<Span>,
}

/// Two lanes that write the same value would undo each other's work for ever.
pub(crate) fn shared_targets(lanes: &[Placed<'_>]) -> Vec<Problem> {
    let mut seen: BTreeMap<Target, (&Lane, Span)> = BTreeMap::new();
    let mut problems = Vec::new();
    for placed in lanes {
        for (edit, at) in placed.lane.rules.deliver.edits.iter().zip(&placed.edits) {
            let (key, shown) = target(placed.lane, edit);
            let Some((first, first_at)) = seen.get(&key) else {
                seen.insert(key, (placed.lane, *at));
                continue;
            };
            let (one, other) = (&first.rules.lane, &placed.lane.rules.lane);
            let what = if one == other {
                format!("`{other}` sets {shown} twice")
            } else {
                format!("`{other}` and `{one}` both set {shown}")
            };
            let problem =
                Problem::new(Code::SameTarget, *at, what).why("each would undo what the other did");
            problems.push(if first_at == at {
                problem
                    .fix("tell them apart with \"{application}\" or \"{environment}\" in the path")
            } else {
                problem
                    .related(*first_at, "it is set here too")
                    .fix("let each environment have a path of its own")
            });
        }
    }
    problems
}
