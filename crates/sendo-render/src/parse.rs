//! YAML into objects, within budgets: aliases that grow, depth and repetition end in a refusal.

use std::collections::BTreeMap;

use sendo_core::rendering::ObjectId;
use serde_json::Value;

use crate::fault::Fault;

/// The objects of one side.
pub(crate) type ObjectSet = BTreeMap<ObjectId, Value>;

/// Nodes and events are bounded by what 16 MiB of manifests have; what repeats itself is not.
fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 64,
            max_nodes: 2_000_000,
            max_events: 5_000_000,
            max_aliases: 10_000,
            max_anchors: 10_000,
            max_documents: 20_000,
            max_total_scalar_bytes: 32 * 1024 * 1024,
            max_merge_keys: 10_000,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 200_000,
            max_replay_stack_depth: 16,
            max_alias_expansions_per_anchor: 10_000,
        },
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::Error,
        strict_booleans: true,
        with_snippet: false,
    }
}

/// All documents of a text that are not empty.
pub(crate) fn many(place: &str, text: &[u8]) -> Result<Vec<Value>, Fault> {
    let unreadable = |why: String| Fault::Unreadable {
        place: format!("`{place}`"),
        why,
    };
    let text = std::str::from_utf8(text).map_err(|_| unreadable("it is not UTF-8".to_owned()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let read = serde_saphyr::from_multiple_with_options(text, options());
    let documents: Vec<Value> = read.map_err(|error| {
        let said = error.without_snippet().to_string();
        unreadable(first_line(&said))
    })?;
    Ok(documents
        .into_iter()
        .filter(|value| !value.is_null())
        .collect())
}

/// The only document of a text; nothing is an empty one.
pub(crate) fn one(place: &str, text: &[u8]) -> Result<Value, Fault> {
    let mut documents = many(place, text)?;
    match documents.len() {
        0 => Ok(Value::Null),
        1 => Ok(documents.remove(0)),
        count => Err(Fault::Unreadable {
            place: format!("`{place}`"),
            why: format!("it has {count} documents, and one is meant"),
        }),
    }
}

/// Adds the objects of a text. A list is what is in it.
pub(crate) fn objects(place: &str, text: &[u8], into: &mut ObjectSet) -> Result<(), Fault> {
    for document in many(place, text)? {
        let is_list = text_of(&document, "/kind").is_some_and(|kind| kind.ends_with("List"));
        match document {
            Value::Object(mut list)
                if is_list && list.get("items").is_some_and(Value::is_array) =>
            {
                if let Some(Value::Array(items)) = list.remove("items") {
                    for item in items {
                        add(place, item, into)?;
                    }
                }
            }
            object => add(place, object, into)?,
        }
    }
    Ok(())
}

fn add(place: &str, object: Value, into: &mut ObjectSet) -> Result<(), Fault> {
    let Some(id) = id(&object) else {
        return Err(Fault::Unreadable {
            place: format!("`{place}`"),
            why: "something in it is no object of Kubernetes: it lacks `apiVersion`, `kind` or `metadata.name`".to_owned(),
        });
    };
    if into.contains_key(&id) {
        let namespace = id
            .namespace
            .map(|name| format!("{name}/"))
            .unwrap_or_default();
        return Err(Fault::Twice {
            object: format!("`{} {namespace}{}`", id.kind, id.name),
        });
    }
    into.insert(id, object);
    Ok(())
}

fn id(object: &Value) -> Option<ObjectId> {
    let version = text_of(object, "/apiVersion")?;
    let made = || text_of(object, "/metadata/generateName");
    Some(ObjectId {
        group: version
            .rsplit_once('/')
            .map_or("", |(group, _)| group)
            .to_owned(),
        kind: text_of(object, "/kind")?.to_owned(),
        namespace: text_of(object, "/metadata/namespace").map(ToOwned::to_owned),
        name: text_of(object, "/metadata/name").or_else(made)?.to_owned(),
    })
}

fn text_of<'v>(object: &'v Value, pointer: &str) -> Option<&'v str> {
    let text = object.pointer(pointer)?.as_str()?;
    (!text.is_empty()).then_some(text)
}

fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ObjectSet, Fault> {
        let mut set = ObjectSet::new();
        objects("out", text.as_bytes(), &mut set).map(|()| set)
    }

    #[test]
    fn documents_and_lists_are_taken_apart_whatever_their_line_ends() {
        let text = "\u{feff}# only a comment\r\n---\r\napiVersion: v1\r\nkind: Service\r\nmetadata: {name: a, namespace: n}\r\n---\r\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: apps/v1, kind: Deployment, metadata: {name: b}}\n- {apiVersion: batch/v1, kind: Job, metadata: {generateName: c-}}\n";
        let set = read(text).unwrap();
        let ids: Vec<_> = set
            .keys()
            .map(|id| (id.group.as_str(), id.kind.as_str(), id.name.as_str()))
            .collect();
        assert_eq!(
            ids,
            [
                ("", "Service", "a"),
                ("apps", "Deployment", "b"),
                ("batch", "Job", "c-")
            ]
        );
    }

    #[test]
    fn the_same_object_twice_is_refused_by_its_name() {
        let one = "---\napiVersion: v1\nkind: Service\nmetadata: {name: a}\n";
        let refused = read(&one.repeat(2)).unwrap_err();
        assert_eq!(refused.reason_code(), "object_twice");
        assert!(
            refused
                .to_string()
                .starts_with("`Service a` is in it twice"),
            "{refused}"
        );
    }

    #[test]
    fn what_grows_when_it_is_read_is_refused() {
        let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for n in 1..12 {
            let refs = vec![format!("*a{}", n - 1); 10].join(",");
            bomb += &format!("a{n}: &a{n} [{refs}]\n");
        }
        let deep = "[".repeat(10_000);
        let twice = "kind: a\nkind: b\n";
        for text in [bomb.as_str(), &deep, twice, "kind: [", "just text", "a: b"] {
            assert_eq!(
                read(text).unwrap_err().reason_code(),
                "unreadable",
                "{text:.40}"
            );
        }
        assert_eq!(read("").unwrap().len(), 0);
    }
}
