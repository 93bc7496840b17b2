//! Objects that differ, line by line, for the terminal and the page alike.

use sendo_core::rendering::{Becomes, Comparison, FieldChange, ObjectId};

use crate::Language;
use crate::diff::{Kind, harmless};
use crate::wording::objects::{more_fields, secret};

/// The lines of a comparison, with what they are. Control characters are replaced, as those of a diff are.
pub(crate) fn lines(comparison: &Comparison, language: Language) -> Vec<(Kind, String)> {
    let mut lines = Vec::new();
    for change in &comparison.changes {
        let (mark, kind) = match change.becomes {
            Becomes::Added => ('+', Kind::Added),
            Becomes::Removed => ('-', Kind::Removed),
            Becomes::Changed => ('~', Kind::File),
        };
        lines.push((kind, harmless(&format!("{mark} {}", named(&change.object)))));
        for field in &change.fields {
            lines.push(line(field, language));
        }
        if change.more_fields > 0 {
            let more = more_fields(change.more_fields, language);
            lines.push((Kind::About, format!("    {more}")));
        }
    }
    lines
}

fn named(object: &ObjectId) -> String {
    let group = match object.group.as_str() {
        "" => String::new(),
        group => format!("{group}/"),
    };
    let namespace = object.namespace.as_ref().map(|name| format!("{name}/"));
    let namespace = namespace.unwrap_or_default();
    format!("{group}{} {namespace}{}", object.kind, object.name)
}

fn line(field: &FieldChange, language: Language) -> (Kind, String) {
    let path = &field.path;
    let (kind, text) = match (&field.old, &field.new) {
        _ if field.secret => (Kind::Same, format!("    {path}: {}", secret(language))),
        (Some(old), Some(new)) => (Kind::Same, format!("    {path}: {old} → {new}")),
        (None, Some(new)) => (Kind::Added, format!("  + {path}: {new}")),
        (Some(old), None) => (Kind::Removed, format!("  - {path}: {old}")),
        (None, None) => (Kind::Same, format!("    {path}")),
    };
    (kind, harmless(&text))
}
