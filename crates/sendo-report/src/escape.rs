//! Making text from outside harmless on each surface: forge Markdown, Slack, terminals.
//!
//! Commit titles, author names and the words of other servers are written by anybody. They may not
//! mention people, close issues, open HTML, start a list, move a cursor or turn text around.

/// Keeps what can be shown on one line: control and direction-changing characters become a space
/// or vanish, runs of white space become one space.
pub(crate) fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_whitespace() || (c.is_control() && c != '\u{1b}') {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        } else if c != '\u{1b}' && !turns_text(c) {
            out.push(c);
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Characters that reorder or hide text: bidirectional controls, zero-width marks, tags.
pub(crate) const fn turns_text(c: char) -> bool {
    matches!(
        c,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
            | '\u{feff}' | '\u{061c}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// At most `limit` characters; what was cut ends in `…`.
pub(crate) fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(limit.saturating_sub(1)).collect();
    out.truncate(out.trim_end().len());
    out.push('…');
    out
}

/// Text for the middle of a Markdown line on GitHub, GitLab or Gitea.
///
/// Backslashes take the meaning from punctuation that means something inside a line. Mentions and references are found by the forges
/// *after* Markdown was rendered, so `@`, `#`, `GH-` and `://` get a zero-width space behind them.
pub(crate) fn markdown(text: &str) -> String {
    const INVISIBLE: &str = "&#8203;";
    let text = one_line(text);
    let mut out = String::with_capacity(text.len() + 16);
    for (at, c) in text.char_indices() {
        let before = text.as_bytes().get(..at).unwrap_or_default();
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' | '#' => {
                out.push('\\');
                out.push(c);
                out.push_str(INVISIBLE);
            }
            '/' if before.ends_with(b":") => {
                out.push_str(INVISIBLE);
                out.push('/');
            }
            '-' if before
                .last_chunk::<2>()
                .is_some_and(|end| end.eq_ignore_ascii_case(b"gh")) =>
            {
                out.push('-');
                out.push_str(INVISIBLE);
            }
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '|' | '!' | '$' | '%' | '^' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// Text inside a Markdown code span. A code span has no escapes, so back-quotes become quotes.
pub(crate) fn code_span(text: &str) -> String {
    format!("`{}`", one_line(text).replace('`', "'"))
}

/// Text for a Slack message: `&`, `<` and `>` are all Slack treats as its own.
pub(crate) fn slack(text: &str) -> String {
    one_line(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_from_outside_is_text_and_nothing_else() {
        for (raw, safe) in [
            ("plain words", "plain words"),
            ("ping @octocat", "ping \\@&#8203;octocat"),
            ("fixes #1", "fixes \\#&#8203;1"),
            ("fixes gh-1", "fixes gh-&#8203;1"),
            ("see https://x.y/z", "see https:&#8203;//x.y/z"),
            ("<script>&amp;", "&lt;script&gt;&amp;amp;"),
            ("a\n\n# b", "a \\#&#8203; b"),
            ("[x](y) *z* `q`", "\\[x\\](y) \\*z\\* \\`q\\`"),
            ("a\u{202e}b\u{200b}c\u{1b}[31m", "abc\\[31m"),
        ] {
            assert_eq!(markdown(raw), safe, "{raw:?}");
        }
    }

    #[test]
    fn a_cut_text_says_so_and_keeps_its_limit() {
        assert_eq!(cut("四月は君の嘘", 4), "四月は…");
        assert_eq!(cut("four", 4), "four");
        assert_eq!(cut("ab cd", 4), "ab…");
    }
}
