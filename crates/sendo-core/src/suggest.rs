//! What was probably meant.

/// The known name nearest to a wrong one, if it is near enough to be a slip.
#[must_use]
pub fn closest<'a>(wrong: &str, known: &[&'a str]) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', ' '], "_");
    let (short, prefix) = (plain(wrong), wrong.chars().count() >= 3);
    let begins = |name: &&&str| prefix && plain(name).starts_with(&short);
    if let Some(name) = known.iter().find(begins) {
        return Some(name);
    }
    known
        .iter()
        .map(|name| {
            (
                strsim::damerau_levenshtein(&plain(wrong), &plain(name)),
                *name,
            )
        })
        .filter(|(distance, name)| *distance <= (name.chars().count() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let known = ["repository", "environments", "paths"];
        assert_eq!(closest("repositry", &known), Some("repository"));
        assert_eq!(closest("Environments", &known), Some("environments"));
        assert_eq!(closest("env", &known), Some("environments"));
        assert_eq!(closest("colour", &known), None);
    }
}
