//! What was probably meant, and lists of names for people.

/// The known name nearest to a wrong one, as advice.
pub(crate) fn did_you_mean(wrong: &str, known: &[&str]) -> Option<String> {
    closest(wrong, known).map(|name| format!("did you mean `{name}`?"))
}

/// The known name nearest to a wrong one, if it is near enough to be a slip.
pub(crate) fn closest<'a>(wrong: &str, known: &[&'a str]) -> Option<&'a str> {
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

/// Names in a row, at most twenty of them.
pub(crate) fn list<S: AsRef<str>>(names: &[S]) -> String {
    const SHOWN: usize = 20;
    if names.is_empty() {
        return "none".to_owned();
    }
    let mut shown: Vec<String> = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    if names.len() > SHOWN {
        shown.push(format!("{} more", names.len() - SHOWN));
    }
    match shown.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => shown.concat(),
    }
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

    #[test]
    fn names_are_listed_as_a_person_would() {
        assert_eq!(list::<&str>(&[]), "none");
        assert_eq!(list(&["a"]), "`a`");
        assert_eq!(list(&["a", "b", "c"]), "`a`, `b` and `c`");
    }
}
