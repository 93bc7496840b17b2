//! The files a configuration is read from: one, and `sendo.d/*.yaml` beside it.
//!
//! Owns reading and limiting them. What is in them is a matter of the steps after.

use std::io::Read;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::problem::{Code, Problem, Span};

/// How large may one file be?
pub(crate) const LIMIT: usize = 1024 * 1024;

/// How many files may a configuration have?
const FILES: usize = 1_000;

/// A file of a configuration, by its place in [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FileId(pub(crate) usize);

/// A file as read.
#[derive(Debug)]
pub(crate) struct File {
    /// As given or found, for messages.
    pub(crate) path: PathBuf,
    /// What it says; empty when it could not be read.
    pub(crate) text: String,
    /// Its mark right before it was read.
    mark: Option<Mark>,
}

/// What of a file differs once it was written or replaced: its size, the times of its modification
/// and its change, and its inode. Links are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    inode: u64,
}

impl Mark {
    /// The mark of a file as it is now; `None` when there is none.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let met = std::fs::metadata(path).ok()?;
        Some(Self {
            size: met.size(),
            modified: (met.mtime(), met.mtime_nsec()),
            changed: (met.ctime(), met.ctime_nsec()),
            inode: met.ino(),
        })
    }
}

/// Files with their marks.
pub type Marks = Vec<(PathBuf, Option<Mark>)>;

/// All files of a configuration, the one named on the command line first.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// In the order they were read: `sendo.d` by name.
    pub(crate) files: Vec<File>,
}

impl Sources {
    /// Reads the file and its companions. A file that cannot be read is kept without its text, so
    /// that its problem can name it.
    pub(crate) fn read(path: &Path) -> (Self, Vec<Problem>) {
        let mut sources = Self::default();
        let mut problems = Vec::new();
        sources.add(path.to_owned(), &mut problems);
        if !problems.is_empty() {
            return (sources, problems);
        }
        match companions(path) {
            Ok(paths) if paths.len() < FILES => {
                for path in paths {
                    sources.add(path, &mut problems);
                }
            }
            Ok(paths) => problems.push(
                Problem::new(
                    Code::TooLarge,
                    Span::start_of(FileId(0)),
                    format!("`sendo.d` holds {} files", paths.len()),
                )
                .why(format!("at most {FILES} are read"))
                .fix("join some of them"),
            ),
            Err(error) => problems.push(
                Problem::new(
                    Code::Unreadable,
                    Span::start_of(FileId(0)),
                    "`sendo.d` beside this file cannot be listed",
                )
                .why(error.to_string())
                .fix("correct its permissions"),
            ),
        }
        (sources, problems)
    }

    /// Files whose texts came from elsewhere, within the limits of those that are read.
    pub(crate) fn of_texts(files: Vec<(PathBuf, String)>) -> (Self, Vec<Problem>) {
        let too_large = files.len() > FILES || files.iter().any(|(_, text)| text.len() > LIMIT);
        let problems = too_large.then(|| {
            Problem::new(
                Code::TooLarge,
                Span::start_of(FileId(0)),
                "the configuration is too large",
            )
            .why(format!("at most {FILES} files of 1 MiB are read"))
            .fix("use `defaults:` and patterns")
        });
        let file = |(path, text)| File {
            path,
            text,
            mark: None,
        };
        let files = files.into_iter().map(file).collect();
        (Self { files }, problems.into_iter().collect())
    }

    fn add(&mut self, path: PathBuf, problems: &mut Vec<Problem>) {
        let id = FileId(self.files.len());
        let mark = Mark::of(&path);
        let text = read(&path, id).unwrap_or_else(|problem| {
            problems.push(*problem);
            String::new()
        });
        self.files.push(File { path, text, mark });
    }

    /// The marks of all files, from right before they were read.
    pub(crate) fn marks(&self) -> Marks {
        self.files
            .iter()
            .map(|file| (file.path.clone(), file.mark))
            .collect()
    }
}

/// The marks of the files a configuration would be read from now.
#[must_use]
pub fn marks(path: &Path) -> Marks {
    let companions = companions(path).unwrap_or_default();
    std::iter::once(path.to_owned())
        .chain(companions.into_iter().take(FILES))
        .map(|path| {
            let mark = Mark::of(&path);
            (path, mark)
        })
        .collect()
}

fn companions(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.join("sendo.d"),
        _ => PathBuf::from("sendo.d"),
    };
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let named = path
            .extension()
            .is_some_and(|ext| ext == "yaml" || ext == "yml");
        let hidden = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if named && !hidden && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn read(path: &Path, id: FileId) -> Result<String, Box<Problem>> {
    let at = Span::start_of(id);
    let unreadable = |error: std::io::Error| {
        let problem = match error.kind() {
            std::io::ErrorKind::NotFound => {
                Problem::new(Code::MissingFile, at, "there is no such file").fix(
                    "give the path of the configuration with `--config FILE`; `sendo schema` describes it",
                )
            }
            std::io::ErrorKind::PermissionDenied => {
                Problem::new(Code::Unreadable, at, "the file may not be read")
                    .fix("let the user that runs Sendo read it")
            }
            _ => Problem::new(Code::Unreadable, at, "the file cannot be read")
                .fix("give the path of a plain file"),
        };
        Box::new(problem.why(error.to_string()))
    };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(LIMIT as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() > LIMIT {
        let problem = Problem::new(Code::TooLarge, at, "the file is larger than 1 MiB")
            .why("a configuration of 1,000 applications is smaller")
            .fix("use `defaults:`, or split it into `sendo.d/*.yaml`");
        return Err(Box::new(problem));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .map_or(1, |l| l.chars().count() + 1);
        let at = Span {
            line,
            column,
            ..Span::start_of(id)
        };
        Box::new(Problem::new(Code::Encoding, at, "the file is not UTF-8").fix("save it as UTF-8"))
    })
}
