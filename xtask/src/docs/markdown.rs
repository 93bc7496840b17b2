//! As much of Markdown as it takes to find links, headings, code spans and unfinished words.
//!
//! Not a renderer: fenced blocks are skipped as a whole, links are the inline and the reference
//! form, headings are the `#` form, anchors are made the way forges make them.

use std::collections::BTreeSet;

/// Words that mark a text as not finished, matched as whole words and in this spelling.
const UNFINISHED: &[&str] = &["TODO", "TBD", "FIXME", "XXX", "WIP", "Lorem"];

/// What one Markdown file holds, each with its line.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) links: Vec<(usize, String)>,
    pub(super) code_spans: Vec<(usize, String)>,
    pub(super) unfinished: Vec<(usize, String)>,
    pub(super) anchors: BTreeSet<String>,
}

impl Page {
    pub(super) fn read(text: &str) -> Self {
        let mut page = Self::default();
        let mut fence: Option<&str> = None;
        for (number, line) in text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
        {
            let start = line.trim_start();
            let mark = ["```", "~~~"]
                .into_iter()
                .find(|mark| start.starts_with(mark));
            match (fence, mark) {
                (None, Some(mark)) => fence = Some(mark),
                (Some(open), Some(mark)) if open == mark => fence = None,
                (None, None) => page.line(number, line),
                _ => {}
            }
        }
        page
    }

    fn line(&mut self, number: usize, line: &str) {
        let (prose, spans) = split_code(line);
        self.code_spans
            .extend(spans.into_iter().map(|span| (number, span)));
        self.links
            .extend(destinations(&prose).into_iter().map(|link| (number, link)));
        for name in ["id=\"", "name=\""] {
            self.anchors.extend(
                prose
                    .split(name)
                    .skip(1)
                    .filter_map(|rest| rest.split('"').next().map(str::to_owned)),
            );
        }
        let words = prose.split(|c: char| !c.is_alphanumeric());
        let marks = words.filter(|word| UNFINISHED.contains(word));
        self.unfinished
            .extend(marks.map(|word| (number, word.to_owned())));
        if let Some(title) = heading(line) {
            let slug = slug(title);
            let again = (1..).map(|n| format!("{slug}-{n}"));
            let anchor = std::iter::once(slug.clone()).chain(again);
            self.anchors
                .extend(anchor.into_iter().find(|slug| !self.anchors.contains(slug)));
        }
    }
}

/// A line without its code spans (blanks in their place), and the spans.
fn split_code(line: &str) -> (String, Vec<String>) {
    let (mut prose, mut spans) = (String::new(), Vec::new());
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        let ticks = rest[start..].len() - rest[start..].trim_start_matches('`').len();
        let after = &rest[start + ticks..];
        let Some(end) = after.find(&"`".repeat(ticks)) else {
            break;
        };
        prose.push_str(&rest[..start]);
        prose.push(' ');
        spans.push(after[..end].trim().to_owned());
        rest = &after[end + ticks..];
    }
    prose.push_str(rest);
    (prose, spans)
}

/// Where the links of a line lead: `[text](here "title")` and `[name]: here`.
fn destinations(prose: &str) -> Vec<String> {
    let mut found: Vec<String> = prose
        .split("](")
        .skip(1)
        .filter_map(|rest| {
            let inside = match rest.strip_prefix('<') {
                Some(rest) => rest.split('>').next(),
                None => rest.split([')', ' ']).next(),
            };
            inside.map(str::to_owned)
        })
        .collect();
    let definition = prose
        .trim_start()
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("]: "));
    if let Some((name, rest)) = definition
        && !name.contains(']')
    {
        found.extend(rest.split_whitespace().next().map(str::to_owned));
    }
    found
}

fn heading(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    ((1..=6).contains(&level) && text.starts_with(' ')).then(|| text.trim())
}

/// The anchor of a heading: lower case, blanks to hyphens, punctuation gone, links as their text.
fn slug(title: &str) -> String {
    let mut shown = String::new();
    let mut rest = title;
    while let Some((before, after)) = rest.split_once("](") {
        shown.push_str(before);
        rest = after.split_once(')').map_or("", |(_, rest)| rest);
    }
    shown.push_str(rest);
    shown
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
            _ => None,
        })
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_become_anchors_as_on_forges() {
        for (title, anchor) in [
            ("One loop", "one-loop"),
            ("Ctrl-C, and its kin", "ctrl-c-and-its-kin"),
            ("`sendo serve` (the server)", "sendo-serve-the-server"),
            ("The [plan](plan.md) of it", "the-plan-of-it"),
            ("船頭", "船頭"),
        ] {
            assert_eq!(slug(title), anchor, "{title}");
        }
    }

    #[test]
    fn equal_headings_are_numbered() {
        let page = Page::read("# A\n## A\n## A\n");
        assert_eq!(page.anchors, ["a", "a-1", "a-2"].map(str::to_owned).into());
    }

    #[test]
    fn links_of_every_form_are_found() {
        let page = Page::read("[a](b.md \"t\") ![i](<c d.png>)\n\n[x]: e.md\n");
        let links: Vec<_> = page
            .links
            .iter()
            .map(|(line, link)| (*line, link.as_str()))
            .collect();
        assert_eq!(links, [(1, "b.md"), (1, "c d.png"), (3, "e.md")]);
    }

    #[test]
    fn code_is_no_prose() {
        let page = Page::read("`[a](b)` and `TODO`\n```\n[c](d) TODO\n```\n");
        assert!(page.links.is_empty() && page.unfinished.is_empty());
        assert_eq!(page.code_spans[0], (1, "[a](b)".to_owned()));
    }

    #[test]
    fn unfinished_words_are_found() {
        assert_eq!(
            Page::read("Then: TBD.\n").unfinished,
            [(1, "TBD".to_owned())]
        );
    }
}
