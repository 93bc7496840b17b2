//! Reading the refs of a remote repository, by one `ls-refs` of protocol version 2.
//!
//! Owns the question and its answer. What is learnt of branches is remembered, as a hint.

use std::collections::BTreeMap;

use super::RemoteRepository;
use super::fault::{Garbled, RemoteFault};
use super::http::{AGENT, Service};
use super::pkt::{self, Pkt, chomp};
use super::service::{Listener, Request, talk};
use crate::error::GitError;
use crate::oid::Oid;
use crate::ref_name::RefName;
use crate::refs::RefEntry;

/// Most that a listing may take, in bytes: about 500,000 refs.
const MAX_LISTING: u64 = 64 * 1024 * 1024;
/// git ignores all prefixes when there are more than this.
const MAX_PREFIXES: usize = 65_536;
const ACTION: &str = "read the refs of";

impl RemoteRepository {
    /// Where a ref points, unpeeled, as the remote says now; `None` when there is no such ref.
    ///
    /// # Errors
    /// Those of a [`RemoteError`](crate::RemoteError).
    pub async fn resolve(&self, name: &RefName) -> Result<Option<Oid>, GitError> {
        let mut found = self.resolve_all(std::slice::from_ref(name)).await?;
        Ok(found.remove(name))
    }

    /// Where several refs point, unpeeled, read by one request; absent ones are left out.
    ///
    /// # Errors
    /// As [`RemoteRepository::resolve`].
    pub async fn resolve_all(&self, names: &[RefName]) -> Result<BTreeMap<RefName, Oid>, GitError> {
        let prefixes: Vec<&str> = names.iter().map(RefName::as_str).collect();
        let listed = self.list(&prefixes, false).await?;
        // A prefix also finds what goes on after it.
        let listed = listed.into_iter().map(|entry| (entry.name, entry.oid));
        let found: BTreeMap<_, _> = listed.filter(|(name, _)| names.contains(name)).collect();
        for name in names {
            self.known().told(name, found.get(name).copied());
        }
        Ok(found)
    }

    /// The refs that start with any of `prefixes` (`refs/heads/`, `refs/tags/v1`; none: all), sorted
    /// by name. A tag's commit is told with it; when it was made is not, as that would take another
    /// request.
    ///
    /// # Errors
    /// As [`RemoteRepository::resolve`].
    pub async fn refs(&self, prefixes: &[&str]) -> Result<Vec<RefEntry>, GitError> {
        self.list(prefixes, true).await
    }

    pub(crate) async fn list(
        &self,
        prefixes: &[&str],
        peel: bool,
    ) -> Result<Vec<RefEntry>, GitError> {
        let request = Request {
            body: question(prefixes, peel),
            limit: MAX_LISTING,
            filtered: false,
        };
        let heard = talk(
            &self.line,
            self.habits(),
            Service::Upload,
            &request,
            RefsListener::default,
        )
        .await;
        let mut entries = heard
            .map_err(|fault| self.failed_to_read(ACTION, fault))?
            .entries;
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    }
}

fn question(prefixes: &[&str], peel: bool) -> Vec<u8> {
    let mut body = Vec::new();
    pkt::write(&mut body, b"command=ls-refs\n");
    pkt::write(&mut body, format!("agent={AGENT}\n").as_bytes());
    pkt::write(&mut body, b"object-format=sha1\n");
    pkt::delimiter(&mut body);
    if peel {
        pkt::write(&mut body, b"peel\n");
    }
    for prefix in prefixes.iter().take(MAX_PREFIXES) {
        pkt::write(&mut body, format!("ref-prefix {prefix}\n").as_bytes());
    }
    pkt::flush(&mut body);
    body
}

/// Takes a list of refs. Names that are none, as git's own `HEAD`, are passed over.
#[derive(Debug, Default)]
pub(crate) struct RefsListener {
    pub(crate) entries: Vec<RefEntry>,
    complete: bool,
}

impl Listener for RefsListener {
    fn hear(&mut self, pkt: Pkt) -> Result<bool, RemoteFault> {
        let Pkt::Data(data) = pkt else {
            self.complete = true;
            return Ok(false);
        };
        let text = String::from_utf8_lossy(chomp(&data));
        let mut words = text.split(' ');
        let oid = words.next().unwrap_or_default();
        if oid.len() == 64 && oid.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(RemoteFault::ObjectFormat {
                format: "sha256".to_owned(),
            });
        }
        // A branch that is only a name yet has no object.
        if oid == "unborn" {
            return Ok(false);
        }
        let (Some(oid), Some(name)) = (Oid::from_hex(oid.as_bytes()), words.next()) else {
            return Err(Garbled("a line that is no ref".to_owned()).into());
        };
        let Ok(name) = RefName::new(name) else {
            return Ok(false);
        };
        let peeled = words.find_map(|word| word.strip_prefix("peeled:"));
        let peeled = peeled.and_then(|oid| Oid::from_hex(oid.as_bytes()));
        self.entries.push(RefEntry {
            name,
            oid,
            commit: Some(peeled.unwrap_or(oid)),
            created_at: None,
        });
        Ok(false)
    }

    fn is_complete(&self) -> bool {
        self.complete
    }
}
