//! Values that go into a statement and rows that come out of it, for both databases.
//!
//! Only four kinds of value exist: text, whole numbers, bytes and nothing. JSON is text, times are
//! microseconds, and truth is 0 or 1, so that a row reads the same everywhere.

use sendo_core::names::Principal;
use sendo_core::subject::SubjectId;
use sendo_core::time::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Postgres, Row as _, Sqlite, Type};

use crate::error::StoreError;
use crate::store::Result;

/// A value for a statement.
#[derive(Debug, Clone)]
pub(crate) enum Arg {
    /// Text or nothing.
    Text(Option<String>),
    /// A whole number or nothing.
    Int(Option<i64>),
    /// Bytes or nothing.
    Bytes(Option<Vec<u8>>),
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Cell {
    /// Text.
    Text,
    /// Whole numbers.
    Int,
    /// Bytes.
    Bytes,
}

/// Makes the list of values for a statement.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::db::Arg::from($value)),*] };
}
pub(crate) use args;

impl From<&str> for Arg {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}

impl From<String> for Arg {
    fn from(value: String) -> Self {
        Self::Text(Some(value))
    }
}

impl From<Option<String>> for Arg {
    fn from(value: Option<String>) -> Self {
        Self::Text(value)
    }
}

impl From<&SubjectId> for Arg {
    fn from(value: &SubjectId) -> Self {
        Self::Text(Some(value.to_string()))
    }
}

impl From<i64> for Arg {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<Option<i64>> for Arg {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Arg {
    fn from(value: bool) -> Self {
        Self::Int(Some(i64::from(value)))
    }
}

impl From<Timestamp> for Arg {
    fn from(value: Timestamp) -> Self {
        Self::Int(Some(value.0))
    }
}

impl From<Option<Timestamp>> for Arg {
    fn from(value: Option<Timestamp>) -> Self {
        Self::Int(value.map(|at| at.0))
    }
}

impl From<Vec<u8>> for Arg {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(Some(value))
    }
}

/// A row, from either database.
pub(crate) enum Row {
    /// From SQLite.
    Sqlite(SqliteRow),
    /// From Postgres.
    Postgres(PgRow),
}

impl Row {
    fn get<T>(&self, column: &'static str) -> Result<T>
    where
        T: for<'r> Decode<'r, Sqlite> + Type<Sqlite>,
        T: for<'r> Decode<'r, Postgres> + Type<Postgres>,
    {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
        .map_err(|source| StoreError::unreadable(format!("column `{column}`"), source))
    }

    /// A value by its place, for rows whose columns are only known when they are read.
    pub(crate) fn cell(&self, index: usize, kind: Cell) -> Result<Arg> {
        match kind {
            Cell::Text => self.at(index).map(Arg::Text),
            Cell::Int => self.at(index).map(Arg::Int),
            Cell::Bytes => self.at(index).map(Arg::Bytes),
        }
    }

    fn at<T>(&self, index: usize) -> Result<T>
    where
        T: for<'r> Decode<'r, Sqlite> + Type<Sqlite>,
        T: for<'r> Decode<'r, Postgres> + Type<Postgres>,
    {
        match self {
            Self::Sqlite(row) => row.try_get(index),
            Self::Postgres(row) => row.try_get(index),
        }
        .map_err(|source| StoreError::unreadable(format!("column {}", index + 1), source))
    }

    pub(crate) fn text(&self, column: &'static str) -> Result<String> {
        self.get(column)
    }

    pub(crate) fn opt_text(&self, column: &'static str) -> Result<Option<String>> {
        self.get(column)
    }

    pub(crate) fn int(&self, column: &'static str) -> Result<i64> {
        self.get(column)
    }

    pub(crate) fn opt_int(&self, column: &'static str) -> Result<Option<i64>> {
        self.get(column)
    }

    /// A count; one that does not fit is the largest.
    pub(crate) fn count(&self, column: &'static str) -> Result<u32> {
        Ok(u32::try_from(self.int(column)?.max(0)).unwrap_or(u32::MAX))
    }

    pub(crate) fn time(&self, column: &'static str) -> Result<Timestamp> {
        Ok(Timestamp(self.int(column)?))
    }

    pub(crate) fn opt_time(&self, column: &'static str) -> Result<Option<Timestamp>> {
        Ok(self.opt_int(column)?.map(Timestamp))
    }

    pub(crate) fn opt_bytes(&self, column: &'static str) -> Result<Option<Vec<u8>>> {
        self.get(column)
    }

    pub(crate) fn subject(&self, column: &'static str) -> Result<SubjectId> {
        SubjectId::try_from(self.text(column)?)
            .map_err(|why| StoreError::unreadable(format!("column `{column}`"), why))
    }

    pub(crate) fn principal(&self, column: &'static str) -> Result<Principal> {
        Principal::new(self.text(column)?)
            .map_err(|why| StoreError::unreadable(format!("column `{column}`"), why))
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T> {
        parse(column, &self.text(column)?)
    }

    pub(crate) fn opt_json<T: DeserializeOwned>(&self, column: &'static str) -> Result<Option<T>> {
        self.opt_text(column)?
            .map(|text| parse(column, &text))
            .transpose()
    }
}

fn parse<T: DeserializeOwned>(column: &'static str, text: &str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|source| StoreError::unreadable(format!("JSON in column `{column}`"), source))
}
