//! What a machine has to let a run of the testbed do, and whether this one does.
//!
//! A run lives in namespaces of its own: of processes, so that everything ends with it; of the
//! network, so that fixed ports never collide; of mounts, so that its folder is gone with it. Root
//! may make them anywhere but in a container that forbids it. Anybody else makes them inside a user
//! namespace, keeping the own user id and the rights over the other namespaces, where the kernel
//! allows that.

use std::process::{Command, Stdio};

use rustix::process::geteuid;

use super::find::{Places, on_path};
use super::part::{Origin, PROGRAMS, Part, Recipe};

/// Programs of the system that a run is made with, and the packages that have them.
const TOOLS: [(&str, &str); 4] = [
    ("unshare", "util-linux"),
    ("setpriv", "util-linux"),
    ("mount", "mount"),
    ("ip", "iproute2"),
];

/// What brings a C compiler that builds for this machine.
const C_COMPILER: [&str; 2] = ["gcc", "libc6-dev"];

fn has_c_compiler() -> bool {
    ["cc", "gcc"].iter().any(|name| on_path(name).is_some())
}

/// The command that runs another in namespaces of its own, as their first process. It ends when we
/// do, even when we are killed, and everything in the namespaces with it.
pub(super) fn namespaces() -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--", "unshare"]);
    if !geteuid().is_root() {
        command.args(["--map-current-user", "--keep-caps"]);
    }
    command.args(["--net", "--mount", "--pid", "--fork"]);
    command.args(["--kill-child=KILL", "--mount-proc", "--"]);
    command
}

/// Packages of Debian with what a testbed with all parts lacks here.
pub(crate) fn packages() -> Vec<&'static str> {
    let tools = TOOLS.iter().filter(|(tool, _)| on_path(tool).is_none());
    let mut packages: Vec<&str> = tools.map(|(_, package)| *package).collect();
    if let Ok(places) = Places::look() {
        for program in PROGRAMS {
            match &program.origin {
                // Asked for by suites of its own as well.
                Origin::Debian { .. } if program.part == Part::Postgres => {}
                Origin::Debian { package, .. } if places.find(program).is_none() => {
                    packages.push(package);
                }
                _ => {}
            }
        }
    }
    if !has_c_compiler() {
        packages.extend(C_COMPILER);
    }
    packages.dedup();
    packages
}

/// Why these parts cannot be run here, if so. What can be built is not missing.
pub(super) fn lacks(parts: &[Part], places: &Places) -> Option<String> {
    let mut reasons = Vec::new();
    for (tool, package) in TOOLS {
        if on_path(tool).is_none() {
            reasons.push(format!("no {tool}: `apt-get install {package}` brings it"));
        }
    }
    if reasons.is_empty() {
        reasons.extend(forbidden());
    }
    let programs = parts.iter().flat_map(|part| part.programs());
    let (mut go, mut cgo) = (false, false);
    for program in programs.filter(|program| places.find(program).is_none()) {
        match &program.origin {
            Origin::Go(recipe) => {
                go = true;
                cgo |= recipe.cgo;
            }
            Origin::Debian { package, oldest } => reasons.push(format!(
                "no {} {oldest} or newer: `apt-get install {package}` brings it",
                program.name
            )),
        }
    }
    if go && on_path("go").is_none() {
        reasons.push(format!(
            "Go is not installed, which builds {}",
            names(parts, |_| true)
        ));
    }
    if cgo && !has_c_compiler() {
        reasons.push(format!(
            "no C compiler, which builds {}: `apt-get install {}` brings one",
            names(parts, |recipe| recipe.cgo),
            C_COMPILER.join(" ")
        ));
    }
    if parts.contains(&Part::Gitea) && on_path("git").is_none() {
        reasons.push("no git, which Gitea calls: `apt-get install git` brings it".to_owned());
    }
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

fn names(parts: &[Part], wanted: impl Fn(&Recipe) -> bool) -> String {
    let names: Vec<&str> = parts
        .iter()
        .filter(|part| {
            part.programs().any(|program| match &program.origin {
                Origin::Go(recipe) => wanted(recipe),
                Origin::Debian { .. } => false,
            })
        })
        .map(|part| part.name())
        .collect();
    names.join(" and ")
}

/// Tries what a run begins with; the reason when the kernel or a container says no.
fn forbidden() -> Option<String> {
    let tried = namespaces()
        .args([
            "sh",
            "-c",
            "mount -t tmpfs tmpfs /dev/shm && ip link set lo up",
        ])
        .stdin(Stdio::null())
        .output();
    let cause = match tried {
        Ok(output) if output.status.success() => return None,
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    let advice = if geteuid().is_root() {
        "a container has to be given the right to (CAP_SYS_ADMIN)"
    } else {
        "run it as root, or allow user namespaces without rights"
    };
    Some(format!(
        "this machine allows no namespaces of a run's own ({cause}): {advice}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_built_is_not_missing_and_what_a_package_brings_is() {
        let empty = tempfile::tempdir().unwrap();
        let said = lacks(&Part::ALL, &Places::only(empty.path())).unwrap();
        assert!(!said.contains("etcd") && !said.contains("kwok"), "{said}");
        assert!(
            said.contains("`apt-get install redis-server` brings it"),
            "{said}"
        );
    }

    #[test]
    fn a_compiler_is_named_with_the_parts_that_want_it() {
        assert_eq!(names(&Part::ALL, |recipe| recipe.cgo), "gitea");
        assert_eq!(
            names(&[Part::Kubernetes, Part::Postgres], |_| true),
            "kubernetes"
        );
    }
}
