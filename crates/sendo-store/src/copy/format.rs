//! The file of a backup: lines of JSON that any tool can read, and a checksum of all of them.
//!
//! The first line says what follows: format, schema, installation, time, and each table with its
//! columns and the number of its rows. Then comes one line for each row, table after table, with
//! its values in the order of the columns; bytes are base64. The last line has the SHA-256 of every
//! byte before it. Only one line is in memory at a time.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sendo_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::error::CopyError;
use super::tables::{Held, named};
use super::{Progress, TELL_EVERY, Watch};
use crate::db::{Arg, Cell};

/// The format this binary writes and reads.
const FORMAT: u64 = 1;
/// How long a line may be: the largest body of a delivery, in base64, several times over.
const LONGEST: u64 = 256 * 1024 * 1024;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    sendo_backup: u64,
    /// The schema its tables have.
    pub(super) schema: i64,
    /// The text drawn for the database.
    pub(super) installation: String,
    /// When it was read, in microseconds, by the database's clock.
    pub(super) created_at: Timestamp,
    /// What follows.
    pub(super) tables: Vec<Held>,
}

impl Header {
    pub(super) const fn new(
        schema: i64,
        installation: String,
        created_at: Timestamp,
        tables: Vec<Held>,
    ) -> Self {
        Self {
            sendo_backup: FORMAT,
            schema,
            installation,
            created_at,
            tables,
        }
    }
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
struct Trailer {
    sha256: String,
}

/// Writes lines and keeps their sum.
pub(super) struct Writer {
    to: BufWriter<File>,
    path: PathBuf,
    sum: Sha256,
    bytes: u64,
    line: Vec<u8>,
}

impl Writer {
    pub(super) fn new(file: File, path: &Path) -> Self {
        Self {
            to: BufWriter::with_capacity(1 << 16, file),
            path: path.to_owned(),
            sum: Sha256::new(),
            bytes: 0,
            line: Vec::new(),
        }
    }

    fn put(&mut self, value: &impl Serialize) -> Result<(), CopyError> {
        self.line.clear();
        let written = serde_json::to_writer(&mut self.line, value);
        written.map_err(|error| self.failed(error.into()))?;
        self.line.push(b'\n');
        if self.line.len() as u64 > LONGEST {
            let why = std::io::Error::other("a row is too large to be read again");
            return Err(self.failed(why));
        }
        self.to
            .write_all(&self.line)
            .map_err(|source| failed("writing", &self.path, source))?;
        self.bytes += self.line.len() as u64;
        Ok(())
    }

    fn failed(&self, source: std::io::Error) -> CopyError {
        failed("writing", &self.path, source)
    }

    pub(super) fn header(&mut self, header: &Header) -> Result<(), CopyError> {
        self.put(header)?;
        self.sum.update(&self.line);
        Ok(())
    }

    pub(super) fn row(&mut self, cells: &[Arg]) -> Result<(), CopyError> {
        let values: Vec<Value> = cells.iter().map(value).collect();
        self.put(&values)?;
        self.sum.update(&self.line);
        Ok(())
    }

    /// Writes the last line and waits for the disk; gives the sum and the size in bytes.
    pub(super) fn finish(mut self) -> Result<(String, u64), CopyError> {
        let sha256 = hex(std::mem::take(&mut self.sum));
        let trailer = Trailer {
            sha256: sha256.clone(),
        };
        self.put(&trailer)?;
        let written = self.to.flush().and_then(|()| self.to.get_ref().sync_all());
        written.map_err(|error| self.failed(error))?;
        Ok((sha256, self.bytes))
    }
}

fn value(cell: &Arg) -> Value {
    match cell {
        Arg::Text(Some(text)) => Value::from(text.as_str()),
        Arg::Int(Some(number)) => Value::from(*number),
        Arg::Bytes(Some(bytes)) => Value::from(STANDARD.encode(bytes)),
        Arg::Text(None) | Arg::Int(None) | Arg::Bytes(None) => Value::Null,
    }
}

fn hex(sum: Sha256) -> String {
    let digest = sum.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads lines and keeps their sum.
pub(super) struct Reader {
    from: BufReader<File>,
    path: PathBuf,
    sum: Sha256,
    line: Vec<u8>,
    number: u64,
    /// The first line.
    pub(super) header: Header,
}

impl Reader {
    /// Opens a file, reads all of it, and opens it again if it is whole.
    pub(super) fn open(path: &Path, watch: Watch<'_>) -> Result<Self, CopyError> {
        let mut reader = Self::begin(path)?;
        let tables = reader.header.tables.clone();
        let total = tables.iter().map(|table| table.rows).sum();
        let mut rows = 0;
        for table in tables {
            for _ in 0..table.rows {
                if rows % TELL_EVERY == 0 {
                    let table = "checking the file";
                    if !watch(Progress { table, rows, total }) {
                        return Err(CopyError::Interrupted);
                    }
                }
                rows += 1;
                reader.row(&table)?;
            }
        }
        reader.finish()?;
        Self::begin(path)
    }

    fn begin(path: &Path) -> Result<Self, CopyError> {
        let file = File::open(path).map_err(|source| failed("opening", path, source))?;
        let mut reader = Self {
            from: BufReader::with_capacity(1 << 16, file),
            path: path.to_owned(),
            sum: Sha256::new(),
            line: Vec::new(),
            number: 0,
            header: Header::new(0, String::new(), Timestamp(0), Vec::new()),
        };
        reader.header = reader.first()?;
        Ok(reader)
    }

    fn first(&mut self) -> Result<Header, CopyError> {
        let not = |why| CopyError::NotABackup {
            path: self.path.clone(),
            why,
        };
        let mut start = [0_u8; 16];
        let read = self.from.read(&mut start);
        let read = read.map_err(|source| failed("reading", &self.path, source))?;
        match &start[..read] {
            [] => return Err(not("it is empty")),
            [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] => {
                return Err(not("it is compressed; unpack it first"));
            }
            [b'{', ..] => {}
            _ => return Err(not("it does not begin with a line of JSON")),
        }
        let again = self.from.rewind();
        again.map_err(|source| failed("reading", &self.path, source))?;
        self.next()?;
        let line: Value =
            serde_json::from_slice(&self.line).map_err(|error| self.damaged(&error))?;
        let Some(found) = line["sendo_backup"].as_u64() else {
            return Err(CopyError::NotABackup {
                path: self.path.clone(),
                why: "its first line does not say so",
            });
        };
        if found != FORMAT {
            return Err(CopyError::NewerFormat {
                path: self.path.clone(),
                found,
                known: FORMAT,
            });
        }
        let header: Header = serde_json::from_value(line).map_err(|error| self.damaged(&error))?;
        if let Some(table) = header
            .tables
            .iter()
            .find(|table| named(&table.name).is_none())
        {
            return Err(self.damaged(&format!("there is no table `{}`", table.name)));
        }
        self.sum.update(&self.line);
        Ok(header)
    }

    /// Reads the next line into `line`, with its end.
    fn next(&mut self) -> Result<(), CopyError> {
        self.line.clear();
        self.number += 1;
        let read = (&mut self.from)
            .take(LONGEST)
            .read_until(b'\n', &mut self.line);
        read.map_err(|source| failed("reading", &self.path, source))?;
        match self.line.last() {
            Some(b'\n') => Ok(()),
            None => Err(self.damaged(&"the file ends before it")),
            Some(_) => Err(self.damaged(&"the line has no end")),
        }
    }

    /// The next row, of this table.
    pub(super) fn row(&mut self, table: &Held) -> Result<Vec<Arg>, CopyError> {
        self.next()?;
        let values: Vec<Value> =
            serde_json::from_slice(&self.line).map_err(|error| self.damaged(&error))?;
        if values.len() != table.columns.len() {
            let why = format!("it is no row of {}", table.name);
            return Err(self.damaged(&why));
        }
        let cells = values.into_iter().zip(&table.columns);
        let cells: Option<Vec<Arg>> = cells.map(|(value, (_, kind))| arg(value, *kind)).collect();
        let cells =
            cells.ok_or_else(|| self.damaged(&format!("it is no row of {}", table.name)))?;
        self.sum.update(&self.line);
        Ok(cells)
    }

    /// The end: the sum fits, and nothing follows it.
    pub(super) fn finish(&mut self) -> Result<String, CopyError> {
        let sum = hex(std::mem::take(&mut self.sum));
        self.next()?;
        let trailer: Trailer =
            serde_json::from_slice(&self.line).map_err(|error| self.damaged(&error))?;
        if trailer.sha256 != sum {
            return Err(self.damaged(&"the checksum does not fit what was read"));
        }
        let more = self.from.fill_buf();
        if !more
            .map_err(|source| failed("reading", &self.path, source))?
            .is_empty()
        {
            self.number += 1;
            return Err(self.damaged(&"something follows the end"));
        }
        Ok(sum)
    }

    fn damaged(&self, why: &impl std::fmt::Display) -> CopyError {
        CopyError::Damaged {
            path: self.path.clone(),
            line: self.number,
            why: why.to_string(),
        }
    }
}

fn arg(value: Value, kind: Cell) -> Option<Arg> {
    Some(match (kind, value) {
        (Cell::Text, Value::Null) => Arg::Text(None),
        (Cell::Int, Value::Null) => Arg::Int(None),
        (Cell::Bytes, Value::Null) => Arg::Bytes(None),
        (Cell::Text, Value::String(text)) => Arg::Text(Some(text)),
        (Cell::Int, Value::Number(number)) => Arg::Int(Some(number.as_i64()?)),
        (Cell::Bytes, Value::String(text)) => Arg::Bytes(Some(STANDARD.decode(text).ok()?)),
        _ => return None,
    })
}

pub(super) fn failed(what: &'static str, path: &Path, source: std::io::Error) -> CopyError {
    CopyError::File {
        what,
        path: path.to_owned(),
        source,
    }
}
