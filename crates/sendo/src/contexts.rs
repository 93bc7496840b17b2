//! The servers a person works with, by name: `$XDG_CONFIG_HOME/sendo/contexts.yaml`, else
//! `~/.config/sendo/contexts.yaml`.
//!
//! The file never holds a token, only where one is. It is replaced whole and readable by its owner
//! alone, as addresses and paths are nobody else's business.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::cli::Failure;
use crate::config::suggest;
use crate::exit::Exit;
use crate::out::yaml;
use crate::token_file;

/// How long may a name be?
const LONGEST_NAME: usize = 64;

/// One server, and where its token is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// The server's address.
    pub server: String,
    /// The file its token is in, an absolute path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    /// The variable its token is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_env: Option<String>,
}

/// Every context, and the one in use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contexts {
    /// The name of the one in use.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub in_use: Option<String>,
    /// All of them, by name.
    #[serde(default)]
    pub contexts: BTreeMap<String, Context>,
}

impl Contexts {
    /// What the file says; nothing where there is none.
    ///
    /// # Errors
    /// [`Failure`] when the file cannot be read, or says what it cannot say.
    pub fn load() -> Result<Self, Failure> {
        let Some(path) = place() else {
            return Ok(Self::default());
        };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(unreadable(&path, error.to_string())),
        };
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        serde_saphyr::from_str(&text).map_err(|error| unreadable(&path, error.to_string()))
    }

    /// Changes the file, one process after the other.
    ///
    /// # Errors
    /// [`Failure`] of `change`, or when the file cannot be read or written, or there is no folder for
    /// it.
    pub fn change<T>(change: impl FnOnce(&mut Self) -> Result<T, Failure>) -> Result<T, Failure> {
        let Some(path) = place() else {
            let what = "there is no place to keep contexts in".to_owned();
            return Err(unwritable(what, "HOME is not set".to_owned()));
        };
        let failed = |why: String| unwritable(format!("{} cannot be written", path.display()), why);
        // A link stays one: what it leads to is replaced, and may not be there yet.
        let leads_to = std::fs::read_link(&path).map(|to| path.with_file_name(to));
        let path = leads_to.unwrap_or_else(|_| path.clone());
        let _alone = lock(&path).map_err(|error| failed(error.to_string()))?;
        let mut contexts = Self::load()?;
        let changed = change(&mut contexts)?;
        let text = yaml(&contexts).map_err(failed)?;
        token_file::write(&path, text.trim_end()).map_err(|error| failed(error.to_string()))?;
        Ok(changed)
    }

    /// The context of that name.
    ///
    /// # Errors
    /// [`Failure`] with the name that was probably meant.
    pub fn get(&self, name: &str) -> Result<&Context, Failure> {
        self.contexts.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.contexts.keys().map(String::as_str).collect();
            let why = format!("there are: {}", suggest::list(&known));
            let shown: String = name.chars().filter(|c| !c.is_control()).collect();
            let next = suggest::did_you_mean(name, &known).unwrap_or_else(|| {
                "sendo context list, or sendo context set NAME --server URL".to_owned()
            });
            Failure::new(
                Exit::NotFound,
                "context_unknown",
                format!("there is no context `{shown}`"),
            )
            .why(why)
            .next(next)
        })
    }
}

/// A name that can be typed without quotes.
///
/// # Errors
/// What a name is.
pub fn name(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    if begins && text.len() <= LONGEST_NAME && text.chars().all(plain) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "a name begins with a letter or digit and has at most {LONGEST_NAME} of letters, digits, `-`, `_` and `.`"
    ))
}

/// Where the file is, if this user has a place for such files.
#[must_use]
pub fn place() -> Option<PathBuf> {
    let folder = |name: &str| {
        let value = std::env::var_os(name).filter(|value: &OsString| !value.is_empty());
        value.map(PathBuf::from)
    };
    // A relative one is invalid, says the specification of these folders.
    let own = folder("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
    let base = own.or_else(|| Some(folder("HOME")?.join(".config")))?;
    Some(base.join("sendo/contexts.yaml"))
}

/// Waits until no other process changes the file, for as long as what is returned lives.
fn lock(path: &Path) -> std::io::Result<File> {
    if let Some(folder) = path.parent() {
        let mut folders = std::fs::DirBuilder::new();
        folders.recursive(true).mode(0o700).create(folder)?;
    }
    let mut options = File::options();
    options.write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(path.with_extension("lock"))?;
    file.lock()?;
    Ok(file)
}

fn unwritable(what: String, why: String) -> Failure {
    Failure::new(Exit::Failed, "contexts_unwritable", what)
        .why(why)
        .next("set XDG_CONFIG_HOME to a folder you may write to")
}

fn unreadable(path: &Path, why: String) -> Failure {
    let path = path.display();
    Failure::new(
        Exit::Usage,
        "contexts_unreadable",
        format!("the contexts in {path} cannot be read"),
    )
    .why(why)
    .next("correct the file or remove it; --server URL goes on without it")
}
