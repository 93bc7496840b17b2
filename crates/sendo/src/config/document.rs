//! The whole configuration: its sections, its schema, and the order in which they are read.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use sendo_core::names::{ClusterName, ForgeName};
use serde::Deserialize;

use super::access::{self, AccessShape};
use super::applications::{ApplicationShape, DefaultsShape, Lane};
use super::clusters::{Cluster, ClusterShape};
use super::forges::ForgeShape;
use super::freezes::{self, FreezeShape};
use super::glob::Known;
use super::lanes::Placed;
use super::notices::NoticeShape;
use super::place::Place;
use super::problem::{Code, Problem, Span};
use super::server::ServerShape;
use super::source::{FileId, Sources};
use super::tree::{Node, Value};
use super::{Config, Purpose, Reading, check, combine, folder_of, lanes, notices, tree};

/// The configuration of Sendo. A file, and `sendo.d/*.yaml` beside it, which add to it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "Sendo configuration")]
struct Document {
    /// Where Sendo listens, what it keeps its memory in, and how often it looks by itself.
    server: ServerShape,
    /// Where repositories live, by the name used in `forge:path`.
    forges: BTreeMap<String, ForgeShape>,
    /// Kubernetes clusters, by the name that `engine` uses.
    clusters: BTreeMap<String, ClusterShape>,
    /// What every application has unless it says otherwise.
    defaults: DefaultsShape,
    /// What is deployed, by name.
    applications: BTreeMap<String, ApplicationShape>,
    /// Who may do what, where. Left out, whoever has a token with the scope for it.
    access: Option<Vec<AccessShape>>,
    /// When nothing is merged, where.
    freezes: Vec<FreezeShape>,
    /// Who is told what.
    notices: Vec<NoticeShape>,
}

/// The JSON Schema of a configuration file.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Document).to_value()
}

/// Reads what the files say.
pub(crate) fn read(
    sources: &Sources,
    mut problems: Vec<Problem>,
    purpose: Purpose,
) -> Result<Config, Vec<Problem>> {
    let path = sources
        .files
        .first()
        .map_or_else(|| Path::new("."), |file| file.path.as_path());
    if !problems.is_empty() {
        return Err(problems);
    }
    let root = joined(sources, &mut problems);
    if !problems.is_empty() {
        // What is missing may stand in the file that could not be read.
        return Err(problems);
    }
    let at = root.at;
    // What every part of the tree looks like by itself.
    let document: Document = check::typed(&root, at, &mut problems).unwrap_or_default();
    let place = Place::new(&root, at);
    let mut reading = Reading {
        purpose,
        folder: folder_of(path),
        problems,
        forges: BTreeMap::new(),
        forge_names: document.forges.keys().cloned().collect(),
        cluster_names: document.clusters.keys().cloned().collect(),
    };
    let server = document.server.resolve(place.key("server"), &mut reading);
    read_forges(&document, place.key("forges"), &mut reading);
    let clusters = read_clusters(&document, place.key("clusters"), &mut reading);
    let mut lanes = read_applications(&root, &document, place, &mut reading);
    let known = Known {
        applications: document.applications.keys().map(String::as_str).collect(),
        environments: lanes
            .iter()
            .map(|lane| lane.rules.lane.environment.as_str())
            .collect(),
    };
    let rules = access::resolve(
        document.access.as_deref(),
        &known,
        place.key("access"),
        &mut reading,
    );
    let notices = notices::resolve(
        &document.notices,
        &known,
        place.key("notices"),
        &mut reading,
    );
    let frozen = place.key("freezes");
    let freezes = freezes::resolve(&document.freezes, &known, frozen, &mut reading);
    freezes::give(&freezes, &mut lanes, frozen, &mut reading);
    if reading.problems.is_empty() && document.applications.is_empty() {
        reading.problems.push(
            place
                .problem(Code::MissingKey, "there are no `applications`")
                .fix("add one; `sendo schema` describes it"),
        );
    }
    for lane in &mut lanes {
        lane.rules.access = access::of_lane(rules.as_deref(), &lane.rules.lane);
    }
    if reading.problems.is_empty() {
        Ok(Config {
            path: path.to_owned(),
            server,
            forges: reading.forges,
            clusters,
            notices,
            read: sources.marks(),
            lanes,
        })
    } else {
        Err(reading.problems)
    }
}

/// All files as one tree.
fn joined(sources: &Sources, problems: &mut Vec<Problem>) -> Node {
    let mut root = Node {
        at: Span::start_of(FileId(0)),
        value: Value::Map(Vec::new()),
    };
    for (index, file) in sources.files.iter().enumerate() {
        let id = FileId(index);
        match tree::parse(&file.text, id) {
            Ok(tree) if matches!(tree.value, Value::Map(_) | Value::Null) => {
                combine::add(&mut root, tree, problems);
            }
            Ok(tree) => problems.push(
                Problem::new(
                    Code::WrongType,
                    tree.at,
                    format!("the file is {}, not a mapping", tree.describe()),
                )
                .fix("begin it with a section, such as `applications:`"),
            ),
            Err(problem) => problems.push(*problem),
        }
    }
    root
}

fn read_forges(document: &Document, place: Place<'_>, reading: &mut Reading<'_>) {
    for (name, shape) in &document.forges {
        let Some(checked) = reading.named_at(ForgeName::new(name.as_str()), place.name(name))
        else {
            continue;
        };
        if let Some(forge) = shape.resolve(&checked, place.key(name), reading) {
            reading.forges.insert(checked, forge);
        }
    }
}

fn read_clusters(
    document: &Document,
    place: Place<'_>,
    reading: &mut Reading<'_>,
) -> BTreeMap<ClusterName, Cluster> {
    let mut clusters = BTreeMap::new();
    for (name, shape) in &document.clusters {
        let checked = reading.named_at(ClusterName::new(name.as_str()), place.name(name));
        if let Some(checked) = checked
            && let Some(cluster) = shape.resolve(&checked, place.key(name), reading)
        {
            clusters.insert(checked, cluster);
        }
    }
    clusters
}

/// Each application with the defaults under it.
fn read_applications(
    root: &Node,
    document: &Document,
    place: Place<'_>,
    reading: &mut Reading<'_>,
) -> Vec<Lane> {
    let defaults = root.get("defaults").map(|entry| &entry.node);
    let all = place.key("applications");
    let mut trees = Vec::new();
    for name in document.applications.keys() {
        let own = root
            .get("applications")
            .and_then(|entry| entry.node.get(name));
        let Some(own) = own else {
            continue;
        };
        let mut node = match defaults {
            Some(defaults) => combine::inherit(&own.node, defaults),
            None => own.node.clone(),
        };
        combine::name(&mut node, name);
        trees.push((name, node, all.name(name)));
    }
    let mut lanes = Vec::new();
    let mut placed = Vec::new();
    for (name, node, at) in &trees {
        // The shape was checked, file by file, before; what it said is not said again.
        let shape: Option<ApplicationShape> = check::typed(node, *at, &mut Vec::new());
        let place = Place::new(node, *at);
        for lane in shape.unwrap_or_default().resolve(name, place, reading) {
            placed.push(edit_places(&lane, place));
            lanes.push(lane);
        }
    }
    let with_places: Vec<Placed<'_>> = lanes
        .iter()
        .zip(placed)
        .map(|(lane, edits)| Placed { lane, edits })
        .collect();
    reading.problems.extend(lanes::shared_targets(&with_places));
    lanes
}

fn edit_places(lane: &Lane, application: Place<'_>) -> Vec<Span> {
    let edits = application
        .key("environments")
        .key(lane.rules.lane.environment.as_str())
        .key("deliver")
        .key("promotion")
        .key("edits");
    (0..lane.rules.deliver.edits.len())
        .map(|index| edits.index(index).at())
        .collect()
}
