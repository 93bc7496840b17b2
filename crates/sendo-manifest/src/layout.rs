//! The white space, comments and indicators between the nodes of a text.
//!
//! Owns finding line bounds, indentation and the indicators `:` and `-` that the tree leaves out.
//! It only reads; what it finds is a proposal that the proof later confirms or rejects.

/// The text between two places; empty if they are not in order, as with nodes of no width.
pub(crate) fn between(text: &str, from: usize, to: usize) -> &str {
    text.get(from..to).unwrap_or_default()
}

/// The text from a place on.
fn rest(text: &str, from: usize) -> &str {
    between(text, from, text.len())
}

/// The line ending of a text: that of its first line.
pub(crate) fn newline(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if between(text, 0, at).ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// Start of the line that holds `at`, a byte order mark left out.
pub(crate) fn line_start(text: &str, at: usize) -> usize {
    let start = between(text, 0, at)
        .rfind('\n')
        .map_or(0, |newline| newline + 1);
    if start == 0 && text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8().min(at)
    } else {
        start
    }
}

/// Start of the line after the one that holds `at`; `None` if the text ends before.
///
/// A position right after a line ending is already such a start, which is what the end of a
/// block scalar is.
pub(crate) fn next_line(text: &str, at: usize) -> Option<usize> {
    if at > 0 && between(text, 0, at).ends_with('\n') {
        return Some(at);
    }
    rest(text, at).find('\n').map(|newline| at + newline + 1)
}

/// White space as wide as the text before `at` on its line.
pub(crate) fn indent_of(text: &str, at: usize) -> String {
    let before = between(text, line_start(text, at), at);
    before
        .chars()
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect()
}

/// Whether only white space stands before `at` on its line.
pub(crate) fn starts_line(text: &str, at: usize) -> bool {
    between(text, line_start(text, at), at).trim().is_empty()
}

/// What stands between two nodes, seen from the end of the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lead {
    /// One past the last `:` or `-` passed.
    pub(crate) after_indicator: Option<usize>,
    /// The first byte that belongs to content.
    pub(crate) content: usize,
}

/// Passes white space, comments, indicators, anchors and tags from `from` on.
pub(crate) fn lead(text: &str, from: usize) -> Lead {
    let bytes = text.as_bytes();
    let mut after_indicator = None;
    let mut at = from;
    while let Some(&byte) = bytes.get(at) {
        let blank_before = at == 0 || matches!(bytes[at - 1], b' ' | b'\t' | b'\n' | b'\r');
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => at += 1,
            b'#' if blank_before => at = rest(text, at).find('\n').map_or(text.len(), |n| at + n),
            b':' | b'-' | b'?' if after_indicator.is_none_or(|_| blank_before) => {
                at += 1;
                after_indicator = Some(at);
            }
            b'&' | b'!' if blank_before => {
                let token = rest(text, at).find([' ', '\t', '\n', '\r']);
                at = token.map_or(text.len(), |n| at + n);
            }
            _ => break,
        }
    }
    Lead {
        after_indicator,
        content: at,
    }
}

/// One past the `:` that follows a key ending at `key_end`.
pub(crate) fn after_colon(text: &str, key_end: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = key_end;
    loop {
        match bytes.get(at)? {
            b':' => return Some(at + 1),
            b' ' | b'\t' | b'\n' | b'\r' => at += 1,
            b'#' => at += rest(text, at).find('\n')?,
            _ => return None,
        }
    }
}

/// Where the anchor and tag before the node at `at` start, if they are on its line.
pub(crate) fn before_properties(text: &str, at: usize) -> usize {
    let line = line_start(text, at);
    let mut start = at;
    loop {
        let before = between(text, line, start).trim_end();
        let token = before.rfind([' ', '\t']).map_or(0, |blank| blank + 1);
        if !rest(before, token).starts_with(['&', '!']) {
            return start;
        }
        start = line + token;
    }
}

/// The `-` of the list item whose content starts at `at`, properties passed over.
pub(crate) fn dash_before(text: &str, at: usize) -> Option<usize> {
    let mut before = between(text, 0, at);
    loop {
        before = before.trim_end_matches([' ', '\t', '\r', '\n']);
        let token = before
            .rfind([' ', '\t', '\n', '\u{feff}'])
            .map_or(0, |blank| {
                blank + rest(before, blank).chars().next().map_or(1, char::len_utf8)
            });
        match before.get(token..)? {
            "-" => return Some(token),
            property if property.starts_with(['&', '!']) => before = between(before, 0, token),
            _ => return None,
        }
    }
}
