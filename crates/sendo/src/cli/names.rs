//! Names of applications, lanes and deployments as people type them, read in one way by every verb: what
//! is not a name never becomes part of a path.

use super::Failure;
use crate::exit::Exit;

/// The names in a text such as `shop/production/12`, of which there are at most three.
pub(super) fn names(text: &str) -> Result<Vec<&str>, Failure> {
    let form = "APPLICATION, APPLICATION/ENVIRONMENT or APPLICATION/ENVIRONMENT/N";
    read(text)
        .filter(|names| names.len() <= 3)
        .ok_or_else(|| not(text, form))
}

/// Exactly as many names as `form` has.
pub(super) fn exactly<'a, const N: usize>(
    text: &'a str,
    form: &str,
) -> Result<[&'a str; N], Failure> {
    let names = read(text).and_then(|names| names.try_into().ok());
    names.ok_or_else(|| not(text, form))
}

fn read(text: &str) -> Option<Vec<&str>> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let is_name =
        |name: &&str| !name.is_empty() && !matches!(*name, "." | "..") && name.chars().all(plain);
    let names: Vec<&str> = text.split('/').collect();
    names.iter().all(is_name).then_some(names)
}

fn not(text: &str, form: &str) -> Failure {
    Failure::new(Exit::Usage, "name", format!("`{text}` is not {form}"))
        .next("sendo status, which lists what there is")
}
