//! How ids and JSON stand in the store.
//!
//! Ids are numbers of a sequence, padded so that they sort as text. JSON that is hashed is written
//! with sorted keys, so that the same content always has the same hash.

use serde::Serialize;
use serde_json::Value;

use crate::error::StoreError;
use crate::store::Result;

/// A row's number as an id: sorts by arrival.
pub(crate) fn id(seq: i64) -> String {
    format!("{seq:012}")
}

/// The number of an id.
pub(crate) fn seq(id: &str) -> Result<i64> {
    id.parse()
        .map_err(|source| StoreError::unreadable(format!("id `{id}`"), Box::new(source) as Box<_>))
}

/// JSON as it is stored.
pub(crate) fn json<T: Serialize>(what: &'static str, value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|source| StoreError::unreadable(what, source))
}

/// JSON with sorted keys and no spaces.
pub(crate) fn canonical<T: Serialize>(what: &'static str, value: &T) -> Result<String> {
    let mut value =
        serde_json::to_value(value).map_err(|source| StoreError::unreadable(what, source))?;
    value.sort_all_objects();
    json::<Value>(what, &value)
}
