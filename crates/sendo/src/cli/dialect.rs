//! From which forge a payload comes, and what can be told of one that starts nothing.

use sendo_core::names::{ForgeName, Repository};
use sendo_intake::gitea;
use sendo_intake::translate::{Translated, Unreadable, translate};
use serde_json::Value as Json;

use super::Failure;
use crate::config::{Config, Forge, ForgeKind};
use crate::exit::Exit;

/// What the API takes, on whatever forge a repository is.
const FOR_API: [&str; 2] = ["image", "deploy"];

/// A payload, as far as it is JSON.
pub(super) struct Payload(Json);

/// Looks at a payload without asking for anything in it.
pub(super) fn payload(body: &[u8]) -> Payload {
    Payload(serde_json::from_slice(body).unwrap_or(Json::Null))
}

impl Payload {
    fn full_name(&self) -> Option<&str> {
        self.0.pointer("/repository/full_name")?.as_str()
    }

    /// The repository it is about, with its forge.
    pub(super) fn repository(&self, forge: &ForgeName) -> Option<Repository> {
        Repository::new(forge.clone(), self.full_name()?).ok()
    }
}

/// The forge a payload comes from: the one named, the one of that kind, or the only one.
///
/// # Errors
/// [`Exit::Usage`] when the name means nothing, or several forges could be meant.
pub(super) fn forge(
    config: &Config,
    named: Option<&str>,
    payload: &Payload,
) -> Result<ForgeName, Failure> {
    let all: Vec<(&ForgeName, ForgeKind)> = config
        .forges
        .iter()
        .map(|(name, forge)| (name, forge.kind()))
        .collect();
    let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    let candidates: Vec<(&ForgeName, ForgeKind)> = match named {
        None => all,
        Some(named) => {
            let exact: Vec<_> = all
                .iter()
                .copied()
                .filter(|(name, _)| name.as_str() == named)
                .collect();
            match (exact.is_empty(), ForgeKind::of_word(named)) {
                (false, _) => exact,
                (true, None) => {
                    return Err(Failure::new(
                        Exit::Usage,
                        "forge_unknown",
                        format!("there is no forge `{named}`"),
                    )
                    .why(format!("the configuration has {}", names.join(", ")))
                    .next("name one of these with --forge"));
                }
                (true, Some(kind)) => {
                    readable(kind, named)?;
                    let same: Vec<_> = all
                        .iter()
                        .copied()
                        .filter(|(_, other)| *other == kind)
                        .collect();
                    // The dialect of a local forge is GitHub's, so a payload of one fits the other.
                    if same.is_empty() { all } else { same }
                }
            }
        }
    };
    let about = |name: &ForgeName| {
        config.lanes().iter().any(|lane| {
            lane.repository.forge == *name
                && Some(lane.repository.path.as_str()) == payload.full_name()
        })
    };
    let mut concerned = candidates.iter().filter(|(name, _)| about(name));
    let (name, kind) = match (candidates.as_slice(), concerned.next(), concerned.next()) {
        ([], ..) => {
            return Err(Failure::new(
                Exit::Usage,
                "forge_unknown",
                "the configuration has no forge",
            )
            .next("add one under `forges`"));
        }
        ([only], ..) | (_, Some(only), None) => only,
        _ if named.is_none() && payload.full_name().is_some() => {
            return Err(Failure::new(
                Exit::Usage,
                "forge_ambiguous",
                "several forges could have sent this payload",
            )
            .why(format!("the configuration has {}", names.join(", ")))
            .next("name one with --forge NAME"));
        }
        ([first, ..], ..) => first,
    };
    readable(*kind, name.as_str())?;
    Ok((*name).clone())
}

/// Reads a payload as a server reads what that forge delivers.
pub(super) fn translated(
    config: &Config,
    forge: &ForgeName,
    event: &str,
    body: &[u8],
) -> Result<Translated, Unreadable> {
    let kind = config.forges.get(forge).map(Forge::kind);
    if kind == Some(ForgeKind::Gitea) && !FOR_API.contains(&event) {
        return gitea::translate(forge, event, body);
    }
    translate(forge, event, body, None)
}

fn readable(kind: ForgeKind, name: &str) -> Result<(), Failure> {
    match kind {
        ForgeKind::Local | ForgeKind::Github | ForgeKind::Gitea => Ok(()),
        ForgeKind::Gitlab => Err(Failure::new(
            Exit::Usage,
            "dialect_unsupported",
            format!("this version does not read payloads of `{name}`"),
        )
        .why("it reads those of Gitea, and of GitHub, which a local forge speaks too")),
    }
}

/// A name in the past tense's place: `pull_request` with the action `opened` is
/// `PullRequestOpened`.
pub(super) fn event_name(event: &str, payload: &Payload) -> String {
    let action = payload
        .0
        .get("action")
        .and_then(Json::as_str)
        .unwrap_or_default();
    let words = event.split(['_', '-']).chain(action.split(['_', '-']));
    let name: String = words
        .flat_map(|word| {
            let mut letters = word.chars().filter(char::is_ascii_alphanumeric);
            let first = letters.next().map(|c| c.to_ascii_uppercase());
            first.into_iter().chain(letters)
        })
        .take(80)
        .collect();
    if name.is_empty() {
        "Unknown".to_owned()
    } else {
        name
    }
}

/// The line and column at the end of a message of the JSON reader.
pub(super) fn position(message: &str) -> Option<(u64, u64)> {
    let (_, place) = message.rsplit_once(" at line ")?;
    let (line, column) = place.split_once(" column ")?;
    Some((
        line.parse().ok()?,
        column.trim_end_matches('.').parse().ok()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_of_another_action_has_a_name() {
        let opened = payload(br#"{"action": "review_requested"}"#);
        assert_eq!(
            event_name("pull_request", &opened),
            "PullRequestReviewRequested"
        );
        assert_eq!(event_name("push", &payload(b"nonsense")), "Push");
    }

    #[test]
    fn a_position_is_found_in_a_message() {
        assert_eq!(
            position("expected value at line 3 column 14"),
            Some((3, 14))
        );
        assert_eq!(position("no place"), None);
    }
}
