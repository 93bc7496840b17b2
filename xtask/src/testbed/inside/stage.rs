//! The place a run happens in: a folder in memory, a loopback, the programs, the logs.
//!
//! The folder lies on a file system that only this run's namespace of mounts knows, so it is gone
//! with the run even when everything is killed. It takes the place of `/dev/shm`, which every Linux
//! has and which should be a run's own in any case.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use rustix::process::Signal;

use super::plan::{Given, Plan};
use crate::out::Out;
use crate::testbed::find::on_path;
use crate::testbed::signals::Signals;

/// What the run mounts over.
const MEMORY: &str = "/dev/shm";
/// The addresses KWOK gives to pods. All of them are this machine.
pub(super) const PODS: &str = "10.0.0.1/16";
/// The first of them, which is that of every node.
pub(super) const NODE: &str = "10.0.0.1";

/// A run's place.
pub(super) struct Stage {
    pub(super) plan: Plan,
    pub(super) folder: PathBuf,
    /// Set while the parts start; taken one by one while the command runs.
    pub(super) signals: Signals,
}

impl Stage {
    pub(super) fn make(plan: Plan) -> Result<Self> {
        let signals = Signals::listen(&[Signal::USR1, Signal::TERM, Signal::HUP, Signal::INT])?;
        system(
            "mount",
            &["-t", "tmpfs", "-o", "mode=1777", "testbed", MEMORY],
        )?;
        system("ip", &["link", "set", "lo", "up"])?;
        system("ip", &["address", "add", PODS, "dev", "lo"])?;
        let folder = Path::new(MEMORY).join("testbed");
        for folder in [&folder, &folder.join("bin"), &folder.join("logs")] {
            std::fs::create_dir(folder)
                .with_context(|| format!("could not make {}", folder.display()))?;
        }
        let stage = Self {
            plan,
            folder,
            signals,
        };
        stage.link_programs()?;
        Ok(stage)
    }

    /// One folder for PATH, with nothing in it but the programs of this run.
    fn link_programs(&self) -> Result<()> {
        for Given { name, path, built } in &self.plan.programs {
            self.link(name, path)?;
            let folder = path.parent().unwrap_or(path);
            if *built {
                // The other names of the same program.
                for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                    if entry.file_type().is_ok_and(|kind| kind.is_symlink()) {
                        self.link(&entry.file_name().to_string_lossy(), &entry.path())?;
                    }
                }
            }
        }
        Ok(())
    }

    fn link(&self, name: &str, to: &Path) -> Result<()> {
        std::os::unix::fs::symlink(to, self.folder.join("bin").join(name))
            .with_context(|| format!("could not link {}", to.display()))
    }

    /// Where programs of this run are, in front of everything else on PATH.
    pub(super) fn path(&self) -> std::ffi::OsString {
        let mut path = self.folder.join("bin").into_os_string();
        if let Some(rest) = std::env::var_os("PATH") {
            path.push(":");
            path.push(rest);
        }
        path
    }

    pub(super) fn program(&self, name: &str) -> Result<&Path> {
        self.given(name).map(|given| given.path.as_path())
    }

    /// A folder of its module that a program was built with.
    pub(super) fn reads(&self, name: &str, folder: &str) -> Result<Option<PathBuf>> {
        let given = self.given(name)?;
        let folder = given.path.with_file_name(folder);
        Ok(given.built.then_some(folder))
    }

    fn given(&self, name: &str) -> Result<&Given> {
        self.plan
            .programs
            .iter()
            .find(|given| given.name == name)
            .with_context(|| format!("the plan of this run has no {name}"))
    }

    pub(super) fn log(&self, name: &str) -> PathBuf {
        self.folder.join("logs").join(format!("{name}.log"))
    }

    /// Writes a file below the folder that only its owner reads.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.folder.join(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("could not make {}", folder.display()))?;
        }
        std::fs::write(&path, text)
            .with_context(|| format!("could not write {}", path.display()))?;
        Ok(path)
    }

    /// Copies the logs to where they stay, and says where that is.
    pub(super) fn keep_logs(&self, out: &Out) {
        let copy = || -> std::io::Result<PathBuf> {
            std::fs::create_dir_all(&self.plan.logs)?;
            let kept = tempfile::Builder::new()
                .prefix("run-")
                .tempdir_in(&self.plan.logs)?;
            for entry in std::fs::read_dir(self.folder.join("logs"))? {
                let entry = entry?;
                std::fs::copy(entry.path(), kept.path().join(entry.file_name()))?;
            }
            Ok(kept.keep())
        };
        match copy() {
            Ok(kept) => out.line(&format!(
                "testbed: the logs of its parts are kept in {}",
                kept.display()
            )),
            Err(error) => out.line(&format!(
                "testbed: the logs of its parts could not be kept in {}: {error}",
                self.plan.logs.display()
            )),
        }
    }
}

/// Runs a program of the system to its end.
pub(super) fn system(program: &str, arguments: &[&str]) -> Result<()> {
    let path = on_path(program).with_context(|| format!("{program} is not installed"))?;
    let output = Command::new(path)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("could not run {program}"))?;
    if !output.status.success() {
        bail!(
            "{program} {} failed: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}

/// Something that nobody guesses.
pub(super) fn secret() -> Result<String> {
    let mut bytes = [0_u8; 20];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .context("could not read random bytes")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
