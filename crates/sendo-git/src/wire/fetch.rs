//! Fetching objects by name, by one `fetch` of protocol version 2, and nothing that was not asked for.
//!
//! Owns the question, and the answer as far as the pack in it. Where a server has no filters, a whole
//! snapshot comes instead; that is told apart here and dealt with by [`super::walk`].

use super::RemoteRepository;
use super::fault::{Garbled, RemoteFault};
use super::heavy::heavy;
use super::http::{AGENT, Service};
use super::pack_read::Pack;
use super::pack_spool::Spool;
use super::pkt::{self, Pkt, chomp};
use super::service::{Listener, Request, talk};
use crate::error::GitError;
use crate::oid::Oid;

/// Most that the answer to a question for single objects may take, in bytes.
const MAX_OBJECTS: u64 = 256 * 1024 * 1024;
/// Most that a snapshot may take, in bytes. It lies in a temporary file.
const MAX_SNAPSHOT: u64 = 4 * 1024 * 1024 * 1024;
const ACTION: &str = "read objects of";

/// How much comes with what is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The objects alone; of a commit also its root, as that many commits back.
    Bare { depth: u32, root: bool },
    /// A commit with everything in it.
    Snapshot { depth: u32 },
}

impl RemoteRepository {
    /// Fetches objects. A server without filters answers `remote_no_filter` to [`Scope::Bare`].
    pub(crate) async fn fetch(&self, wanted: &[Oid], scope: Scope) -> Result<Pack, GitError> {
        let (filtered, limit) = match scope {
            Scope::Bare { .. } => (true, MAX_OBJECTS),
            Scope::Snapshot { .. } => (false, MAX_SNAPSHOT),
        };
        let request = Request {
            body: question(wanted, scope),
            limit,
            filtered,
        };
        self.fetch_by(wanted, &request, filtered).await
    }

    /// Fetches files where a filter was refused: none is needed, as nothing hangs on them.
    pub(crate) async fn fetch_files(&self, wanted: &[Oid]) -> Result<Pack, GitError> {
        let request = Request {
            body: question_of(wanted, &[]),
            limit: MAX_OBJECTS,
            filtered: false,
        };
        self.fetch_by(wanted, &request, true).await
    }

    /// Of a snapshot, `files` are passed over: they are fetched when one is needed.
    async fn fetch_by(
        &self,
        wanted: &[Oid],
        request: &Request,
        files: bool,
    ) -> Result<Pack, GitError> {
        let heard = talk(
            &self.line,
            self.habits(),
            Service::Upload,
            request,
            FetchListener::default,
        )
        .await;
        if heard.is_ok() && !request.filtered {
            self.habits().answered_unfiltered();
        }
        let heard = match heard {
            // What is missing is named, in whatever words.
            Err(RemoteFault::Reported { text }) => {
                let named = |oid: &&Oid| text.contains(&oid.to_string());
                if let Some(oid) = wanted.iter().find(named) {
                    return Err(self.missing(*oid));
                }
                // Some offer filters and refuse this one (`uploadpackfilter.*`); without, any other
                // trouble comes to light again.
                let fault = match request.filtered {
                    true => RemoteFault::NoFilter,
                    false => RemoteFault::Reported { text },
                };
                return Err(self.failed_to_read(ACTION, fault));
            }
            heard => heard.map_err(|fault| self.failed_to_read(ACTION, fault))?,
        };
        let indexed = heavy(heard.pack.is_large(), move || {
            Pack::index(heard.pack, files)
        })
        .await;
        let indexed = indexed.and_then(|indexed| indexed);
        indexed.map_err(|garbled| self.failed_to_read(ACTION, garbled.into()))
    }

    pub(crate) fn missing(&self, oid: Oid) -> GitError {
        GitError::ObjectMissing {
            repository: self.url().to_owned(),
            oid,
        }
    }
}

fn question(wanted: &[Oid], scope: Scope) -> Vec<u8> {
    let (depth, filter) = match scope {
        Scope::Bare { depth, root } => (depth, Some(if root { 1 } else { 0 })),
        Scope::Snapshot { depth } => (depth, None),
    };
    let mut lines = Vec::new();
    if depth > 0 {
        lines.push(format!("deepen {depth}\n"));
    }
    // Trees this deep and deeper stay there, and all files, but for what is wanted by name.
    lines.extend(filter.map(|levels| format!("filter tree:{levels}\n")));
    question_of(wanted, &lines)
}

fn question_of(wanted: &[Oid], lines: &[String]) -> Vec<u8> {
    let mut body = Vec::new();
    pkt::write(&mut body, b"command=fetch");
    pkt::write(&mut body, format!("agent={AGENT}").as_bytes());
    pkt::write(&mut body, b"object-format=sha1");
    pkt::delimiter(&mut body);
    pkt::write(&mut body, b"no-progress\n");
    pkt::write(&mut body, b"ofs-delta\n");
    for oid in wanted {
        pkt::write(&mut body, format!("want {oid}\n").as_bytes());
    }
    for line in lines {
        pkt::write(&mut body, line.as_bytes());
    }
    pkt::write(&mut body, b"done\n");
    pkt::flush(&mut body);
    body
}

/// Takes the answer to a fetch.
#[derive(Debug, Default)]
pub(crate) struct FetchListener {
    pub(crate) pack: Spool,
    section: Section,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Section {
    #[default]
    None,
    /// One that says nothing we need.
    Other,
    Pack,
    Ended,
}

impl Listener for FetchListener {
    fn hear(&mut self, pkt: Pkt) -> Result<bool, RemoteFault> {
        match (&self.section, pkt) {
            (Section::None, Pkt::Data(data)) => {
                self.section = match chomp(&data) {
                    b"packfile" => Section::Pack,
                    b"shallow-info" | b"acknowledgments" | b"wanted-refs" => Section::Other,
                    _ => return Err(Garbled("an unknown section".to_owned()).into()),
                };
            }
            (Section::Other, Pkt::Data(_)) => {}
            (Section::Other, Pkt::Delimiter) => self.section = Section::None,
            (Section::Pack, Pkt::Data(data)) => match data.split_first() {
                Some((1, pack)) => self.pack.feed(pack),
                Some((2, _)) => {}
                Some((3, text)) => {
                    return Err(RemoteFault::Reported {
                        text: String::from_utf8_lossy(text).into_owned(),
                    });
                }
                _ => return Err(Garbled("an unknown band".to_owned()).into()),
            },
            (Section::Pack, Pkt::Flush) => self.section = Section::Ended,
            (Section::Ended, Pkt::End) => {}
            _ => return Err(Garbled("a section out of place".to_owned()).into()),
        }
        Ok(false)
    }

    async fn settle(&mut self) -> Result<(), RemoteFault> {
        if self.pack.is_full() {
            let pack = std::mem::take(&mut self.pack);
            self.pack = heavy(pack.is_large(), || pack.write()).await??;
        }
        Ok(())
    }

    fn is_complete(&self) -> bool {
        self.section == Section::Ended
    }
}
