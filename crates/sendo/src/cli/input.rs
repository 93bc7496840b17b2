//! Files named on the command line.

use std::io::Read;
use std::path::Path;

use super::Failure;
use crate::exit::Exit;

/// How large may a file be? Manifests and payloads are smaller.
const LIMIT: u64 = 25 * 1024 * 1024;

/// The bytes of a file; of standard input for `-`.
///
/// # Errors
/// [`Exit::NotFound`] when it is not there, [`Exit::Failed`] when it cannot be read,
/// [`Exit::Usage`] when it is too large.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().take(LIMIT + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(LIMIT + 1).read_to_end(&mut bytes))
    };
    let shown = path.display();
    match read {
        Ok(_) if bytes.len() as u64 > LIMIT => Err(Failure::new(
            Exit::Usage,
            "too_large",
            format!("{shown} is larger than 25 MiB"),
        )),
        Ok(_) => Ok(bytes),
        Err(error) => Err(failed(path, &error)),
    }
}

/// Why a file cannot be used.
pub(super) fn failed(path: &Path, error: &std::io::Error) -> Failure {
    let shown = path.display();
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            Failure::new(Exit::NotFound, "not_found", format!("there is no {shown}"))
                .next("correct the path")
        }
        _ => Failure::new(Exit::Failed, "io_error", format!("{shown} cannot be used"))
            .why(error.to_string()),
    }
}
