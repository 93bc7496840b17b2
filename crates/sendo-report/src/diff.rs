//! The lines of a unified diff as git prints it, told apart.
//!
//! A hunk says how many lines it has. Only by that can a removed line that begins with `--` be told
//! from the head of the next file.

use std::str::SplitTerminator;

use crate::escape::turns_text;

/// What a line of a diff is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The first line about a file.
    File,
    /// More about that file: modes, object names, that it is new, that it is binary.
    About,
    /// Where the next lines are.
    Hunk,
    Added,
    Removed,
    Same,
}

/// Lines with what they are. Control characters and those that turn text around are replaced: the
/// files are anybody's, a terminal obeys, and a reader shall see what is there.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = (Kind, String)> {
    let told = Told {
        // What ends in a carriage return shows it.
        lines: text.split_terminator('\n'),
        left: (0, 0),
    };
    told.map(|(kind, line)| (kind, harmless(line)))
}

/// A line without what a terminal would obey or a reader be led astray by.
pub(crate) fn harmless(line: &str) -> String {
    let shown = |c: char| match c {
        '\t' => c,
        c if c.is_control() || turns_text(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    line.chars().map(shown).collect()
}

struct Told<'t> {
    lines: SplitTerminator<'t, char>,
    /// How many old and new lines of this hunk are to come.
    left: (usize, usize),
}

impl<'t> Iterator for Told<'t> {
    type Item = (Kind, &'t str);

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.lines.next()?;
        Some((self.kind(line), line))
    }
}

impl Told<'_> {
    fn kind(&mut self, line: &str) -> Kind {
        let (old, new) = self.left;
        match line.bytes().next() {
            Some(b'-') if old > 0 => {
                self.left.0 -= 1;
                Kind::Removed
            }
            Some(b'+') if new > 0 => {
                self.left.1 -= 1;
                Kind::Added
            }
            Some(b'\\') => Kind::About,
            _ if old > 0 && new > 0 => {
                self.left = (old - 1, new - 1);
                Kind::Same
            }
            _ if line.starts_with("diff --git ") => Kind::File,
            _ => match hunk(line) {
                Some(counts) => {
                    self.left = counts;
                    Kind::Hunk
                }
                None => Kind::About,
            },
        }
    }
}

/// How many old and new lines follow `@@ -1,7 +1,8 @@`.
fn hunk(line: &str) -> Option<(usize, usize)> {
    let (old, rest) = line.strip_prefix("@@ -")?.split_once(" +")?;
    let (new, _) = rest.split_once(" @@")?;
    let count = |range: &str| {
        let count = range.split_once(',').map_or("1", |(_, count)| count);
        count.parse().ok()
    };
    Some((count(old)?, count(new)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_head_inside_a_hunk_is_a_line_of_it() {
        let text = "diff --git a/f b/f\nindex 1..2 100644\n--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@ x\n one\n--- two\n+++ two\n \n\\ No newline\ndiff --git a/g b/g\n@@ -0,0 +1 @@\n+diff --git\n";
        let kinds: Vec<Kind> = lines(text).map(|(kind, _)| kind).collect();
        use Kind::{About, Added, File, Hunk, Removed, Same};
        let first = [
            File, About, About, About, Hunk, Same, Removed, Added, Same, About,
        ];
        assert_eq!(kinds, [&first[..], &[File, Hunk, Added]].concat());
    }
}
