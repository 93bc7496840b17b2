//! A short account of how two texts differ: how many lines, and where they part first.

/// Says in a few lines what would change in `file`.
pub(super) fn summary(file: &str, committed: &str, fresh: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (committed.lines().collect(), fresh.lines().collect());
    let same = old
        .iter()
        .zip(&new)
        .take_while(|(old, new)| old == new)
        .count();
    let same_at_end = old[same..]
        .iter()
        .rev()
        .zip(new[same..].iter().rev())
        .take_while(|(old, new)| old == new)
        .count();
    let gone = &old[same..old.len() - same_at_end];
    let come = &new[same..new.len() - same_at_end];
    if gone.is_empty() && come.is_empty() {
        return format!("{file}: differs in line ends only");
    }
    let mut said = format!(
        "{file}: from line {} on, {} lines committed, {} lines generated",
        same + 1,
        gone.len(),
        come.len()
    );
    for (mark, line) in [('-', gone.first()), ('+', come.first())] {
        if let Some(line) = line {
            said.push_str(&format!(
                "\n    {mark} {}",
                line.chars().take(120).collect::<String>()
            ));
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::summary;

    #[test]
    fn tells_where_they_part() {
        assert_eq!(
            summary("a.md", "one\ntwo\nfive\n", "one\n2\n3\nfive\n"),
            "a.md: from line 2 on, 1 lines committed, 2 lines generated\n    - two\n    + 2"
        );
    }

    #[test]
    fn a_line_that_is_only_added() {
        let said = summary("a.md", "one\n", "one\ntwo\n");
        assert_eq!(
            said,
            "a.md: from line 2 on, 0 lines committed, 1 lines generated\n    + two"
        );
    }

    #[test]
    fn a_missing_line_end_is_told() {
        assert_eq!(
            summary("a.md", "one", "one\n"),
            "a.md: differs in line ends only"
        );
    }
}
