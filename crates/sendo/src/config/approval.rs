//! `approval:` who must agree before a merge.

use schemars::JsonSchema;
use sendo_core::names::Principal;
use sendo_core::promotion::{Approval, Mode, Promotion};
use serde::Deserialize;

use super::Reading;
use super::place::Place;
use super::problem::Code;

/// Who must agree before the merge.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(crate) enum ApprovalShape {
    /// Our second identity alone.
    Word(Automatic),
    /// People, besides our second identity.
    Map(PeopleMap),
}

/// Nobody but our second identity.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Automatic {
    /// Our second identity alone.
    Automatic,
}

/// People, besides our second identity. Who asked for the deployment does not count.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Approval")]
pub(crate) struct PeopleMap {
    /// How many: at least one, at most 100.
    people: Option<i64>,
    /// Whose approval counts, as `kind:id`; anybody's when left out.
    from: Option<Vec<String>>,
}

impl ApprovalShape {
    /// The checked approval.
    pub(super) fn resolve(&self, place: Place<'_>, reading: &mut Reading<'_>) -> Option<Approval> {
        let map = match self {
            Self::Word(Automatic::Automatic) => return Some(Approval::Automatic),
            Self::Map(map) => map,
        };
        let Some(count) = map.people else {
            if !place.key("people").is_written() {
                reading.problems.push(
                    place
                        .problem(
                            Code::MissingKey,
                            "`approval` does not say how many `people`",
                        )
                        .fix("add `people: 1`, or write `approval: automatic`"),
                );
            }
            return None;
        };
        let Some(count) = u32::try_from(count).ok().filter(|n| (1..=100).contains(n)) else {
            let why = if count < 1 {
                "nobody would be asked"
            } else {
                "nobody has so many reviewers"
            };
            reading.problems.push(
                place
                    .key("people")
                    .problem(Code::InvalidValue, format!("`people` is {count}: {why}"))
                    .fix("write `people: 1` or a few more, or `approval: automatic`"),
            );
            return None;
        };
        let list = place.key("from");
        let mut from: Vec<Principal> = Vec::new();
        for (index, name) in map.from.iter().flatten().enumerate() {
            let principal = reading.named(Principal::new(name.as_str()), list.index(index))?;
            if !from.contains(&principal) {
                from.push(principal);
            }
        }
        let enough =
            from.is_empty() || usize::try_from(count).is_ok_and(|count| count <= from.len());
        if !enough {
            reading.problems.push(
                place
                    .key("people")
                    .problem(
                        Code::Contradiction,
                        format!(
                            "{count} people must approve, and `from` names {}",
                            from.len()
                        ),
                    )
                    .why("it could never be approved")
                    .fix("ask for fewer people, or name more"),
            );
            return None;
        }
        Some(Approval::People { count, from })
    }
}

/// Approval by people needs a change request they can look at.
pub(super) fn contradiction(
    approval: &Approval,
    deliver: &Promotion,
    place: Place<'_>,
    reading: &mut Reading<'_>,
) {
    if deliver.mode == Mode::Commit && matches!(approval, Approval::People { .. }) {
        reading.problems.push(
            place
                .key("approval")
                .problem(
                    Code::Contradiction,
                    "people cannot approve with `mode: commit`",
                )
                .why("there is no change request they could look at")
                .fix("use `mode: change_request`, or `approval: automatic`"),
        );
    }
}
