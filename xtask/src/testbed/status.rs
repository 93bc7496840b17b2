//! `cargo xtask testbed status`: what is here, what is missing, and what gets it.

use super::build::{megabytes, size};
use super::find::Places;
use super::part::{Origin, Part, Program};
use super::possible;
use crate::out::Out;

pub(super) fn tell(places: &Places, out: &Out) {
    out.line(&format!(
        "{:<11} {:<24} {:<8} STATE",
        "PART", "PROGRAM", "VERSION"
    ));
    for part in Part::ALL {
        for program in part.programs() {
            out.line(&line(program, places));
        }
    }
    for part in Part::ALL {
        match possible::lacks(&[part], places) {
            None => out.line(&format!("{} can be run", part.name())),
            Some(reason) => out.line(&format!("{} cannot be run: {reason}", part.name())),
        }
    }
    out.line(&format!("the cache is {}", places.cache.display()));
}

fn line(program: &Program, places: &Places) -> String {
    let (version, state) = match (places.find(program), &program.origin) {
        (Some(found), Origin::Go(recipe)) if found.built => {
            let size = megabytes(size(&places.folder(program, recipe)));
            (found.version, format!("built, {size}"))
        }
        (Some(found), _) => (found.version, format!("found at {}", found.path.display())),
        (None, Origin::Go(recipe)) => (
            recipe.version.to_owned(),
            format!("missing: cargo xtask testbed build {}", program.part.name()),
        ),
        (None, Origin::Debian { package, oldest }) => (
            format!("{oldest}+"),
            format!("missing: apt-get install {package}"),
        ),
    };
    let part = program.part.name();
    format!("{part:<11} {:<24} {version:<8} {state}", program.name)
}

#[cfg(test)]
mod tests {
    use super::super::part::PROGRAMS;
    use super::*;

    #[test]
    fn what_is_missing_names_the_command_that_gets_it() {
        let empty = tempfile::tempdir().unwrap();
        let places = Places::only(empty.path());
        let told: Vec<String> = PROGRAMS
            .iter()
            .map(|program| line(program, &places))
            .collect();
        let of = |name: &str| told.iter().find(|line| line.contains(name)).unwrap();
        assert!(of("kwok").ends_with("missing: cargo xtask testbed build kubernetes"));
        assert!(of("redis-server").ends_with("missing: apt-get install redis-server"));
    }
}
