//! Secrets: referred to in the configuration, read when they are needed, never written in it.
//!
//! A reference is read again on every use, so that a rotated file is used without a restart.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use secrecy::SecretString;
use serde::Deserialize;

use super::check::SECRET;
use super::place::Place;
use super::problem::Code;
use super::{Purpose, Reading};

/// How large may a secret's file be?
const LIMIT: u64 = 64 * 1024;

/// Where a secret is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// In an environment variable.
    Env(String),
    /// In a file; a relative path starts at the configuration's folder.
    File(PathBuf),
}

impl Secret {
    /// The secret as it is now. Line ends at the end of a file are not part of it.
    ///
    /// # Errors
    /// [`SecretError`] when it is not there, empty or not text.
    pub fn read(&self) -> Result<SecretString, SecretError> {
        let refuse = |why: String| SecretError {
            reference: self.to_string(),
            why,
        };
        let text = match self {
            Self::Env(name) => std::env::var(name).map_err(|error| match error {
                std::env::VarError::NotPresent => refuse("the variable is not set".to_owned()),
                std::env::VarError::NotUnicode(_) => refuse("the variable is not UTF-8".to_owned()),
            })?,
            Self::File(path) => {
                let metadata = std::fs::metadata(path);
                let metadata = metadata.map_err(|error| refuse(error.to_string()))?;
                // Opening a pipe waits for whoever writes into it, perhaps for ever.
                if !metadata.is_file() {
                    return Err(refuse(
                        "it is no plain file; write the secret into one".to_owned(),
                    ));
                }
                if metadata.len() > LIMIT {
                    return Err(refuse(format!("the file is larger than {LIMIT} bytes")));
                }
                std::fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?
            }
        };
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            return Err(refuse("it is empty".to_owned()));
        }
        Ok(SecretString::from(text))
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "${{env:{name}}}"),
            Self::File(path) => write!(f, "${{file:{}}}", path.display()),
        }
    }
}

/// A secret that cannot be read. It never carries the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretError {
    /// The reference, as written.
    pub reference: String,
    /// Why.
    pub why: String,
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be read: {}", self.reference, self.why)
    }
}

impl std::error::Error for SecretError {}

/// A text that must be a reference to a secret.
#[derive(Debug, Clone, Deserialize, serde::Serialize)]
#[serde(transparent)]
pub(crate) struct SecretShape(String);

impl JsonSchema for SecretShape {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^\\$\\{(env|file):.+\\}$",
            SECRET: true,
        })
    }
}

impl SecretShape {
    /// The reference, once it was checked and, on a server, read.
    pub(crate) fn resolve(&self, place: Place<'_>, reading: &mut Reading<'_>) -> Option<Secret> {
        match reference(&self.0, reading) {
            Some(Ok(secret)) => {
                if reading.purpose == Purpose::Serve
                    && let Err(error) = secret.read()
                {
                    reading.problems.push(
                        place
                            .problem(Code::MissingSecret, error.to_string())
                            .why("it is read when the server starts")
                            .fix(match &secret {
                                Secret::Env(name) => {
                                    format!("set {name} in the environment of the server")
                                }
                                Secret::File(_) => {
                                    "write the secret there, readable for the server's user"
                                        .to_owned()
                                }
                            }),
                    );
                }
                Some(secret)
            }
            Some(Err(why)) => {
                reading.problems.push(
                    place
                        .problem(Code::InvalidValue, "this is not a reference to a secret")
                        .why(why)
                        .fix("write \"${env:NAME}\" or \"${file:PATH}\""),
                );
                None
            }
            None => {
                reading.problems.push(
                    place
                        .problem(Code::PlainSecret, "a secret is written in the open")
                        .why("whoever reads the configuration would know it")
                        .fix("put it into a file or a variable and write \"${file:PATH}\" or \"${env:NAME}\""),
                );
                None
            }
        }
    }
}

/// A text that may be a reference to a secret.
#[derive(Debug, Clone, Deserialize, serde::Serialize)]
#[serde(transparent)]
pub(crate) struct OpenShape(String);

impl JsonSchema for OpenShape {
    fn schema_name() -> Cow<'static, str> {
        "SecretOrText".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", SECRET: true })
    }
}

impl OpenShape {
    /// A text as if it had been written in the configuration.
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The reference, once it was checked, or the text.
    pub(crate) fn resolve(
        &self,
        place: Place<'_>,
        reading: &mut Reading<'_>,
    ) -> Option<SecretOrText> {
        if self.0.starts_with("${") {
            let shape = SecretShape(self.0.clone());
            shape.resolve(place, reading).map(SecretOrText::Secret)
        } else {
            Some(SecretOrText::Text(self.0.clone()))
        }
    }
}

/// A value that may hold a secret, such as a database URL with a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretOrText {
    /// A reference.
    Secret(Secret),
    /// Written in the open.
    Text(String),
}

impl SecretOrText {
    /// The reference, if it is one.
    #[must_use]
    pub const fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Secret(secret) => Some(secret),
            Self::Text(_) => None,
        }
    }

    /// The value as it is now.
    ///
    /// # Errors
    /// [`SecretError`] when it is a reference that cannot be read.
    pub fn read(&self) -> Result<SecretString, SecretError> {
        match self {
            Self::Secret(secret) => secret.read(),
            Self::Text(text) => Ok(SecretString::from(text.as_str())),
        }
    }
}

/// The reference a text is; nothing when it is plain text.
fn reference(text: &str, reading: &Reading<'_>) -> Option<Result<Secret, String>> {
    let inner = text.strip_prefix("${")?;
    let Some(inner) = inner.strip_suffix('}') else {
        return Some(Err(
            "the closing `}` is missing, or text follows it".to_owned()
        ));
    };
    Some(match inner.split_once(':') {
        Some(("env", name)) if variable(name) => Ok(Secret::Env(name.to_owned())),
        Some(("env", name)) => Err(format!("`{name}` is not the name of a variable")),
        Some(("file", path)) if !path.is_empty() => Ok(Secret::File(reading.beside(path))),
        Some(("file", _)) => Err("the path is missing".to_owned()),
        Some(("ssm" | "secretsmanager", _)) => {
            Err("this version reads secrets from variables and files only".to_owned())
        }
        _ => Err("it starts with neither `env:` nor `file:`".to_owned()),
    })
}

fn variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_rotated_file_is_read_anew_and_the_secret_is_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let secret = Secret::File(path.clone());
        for value in ["first", "second"] {
            std::fs::write(&path, format!("{value}\r\n")).unwrap();
            let read = secret.read().unwrap();
            assert_eq!(read.expose_secret(), value);
            assert!(!format!("{read:?} {secret:?} {secret}").contains(value));
        }
        std::fs::write(&path, "\n").unwrap();
        assert!(
            secret
                .read()
                .unwrap_err()
                .to_string()
                .ends_with("it is empty")
        );
        std::fs::write(&path, [b'x'; 70_000]).unwrap();
        assert!(secret.read().is_err());
    }

    #[test]
    fn a_pipe_is_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        let refused = Secret::File(path).read().unwrap_err();
        assert!(refused.why.contains("no plain file"), "{refused}");
    }
}
