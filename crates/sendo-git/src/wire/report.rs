//! The answer to a push: whether the objects were stored, and what became of each ref.
//!
//! Owns reading it, with or without the bands a server may wrap it in. What follows from it is decided
//! in [`super::push`].

use super::fault::{Garbled, RemoteFault};
use super::http::MAX_HEARD;
use super::pkt::{Pkt, PktBuffer, chomp};
use super::service::Listener;

/// More refs than a push of ours has.
const MAX_REFS: usize = 100_000;

/// Takes the report on a push.
#[derive(Debug, Default)]
pub(crate) struct ReportListener {
    pub(crate) report: Report,
    banded: Option<bool>,
    inner: PktBuffer,
    complete: bool,
}

/// What became of a push.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// Why the objects were not stored, if they were not.
    pub(crate) not_stored: Option<String>,
    /// Each ref, and why it was not moved, if it was not.
    pub(crate) refs: Vec<(String, Option<String>)>,
    /// What hooks and the server say beside.
    pub(crate) said: Vec<u8>,
    stored: bool,
}

impl Listener for ReportListener {
    fn hear(&mut self, pkt: Pkt) -> Result<bool, RemoteFault> {
        let data = match pkt {
            Pkt::Data(data) => data,
            // Of the bands, if there are any; else of the report.
            Pkt::Flush => {
                self.complete |= self.banded == Some(false);
                return Ok(false);
            }
            _ => return Err(Garbled("a section within a report".to_owned()).into()),
        };
        let banded = *self
            .banded
            .get_or_insert(data.first().is_some_and(|b| *b < 4));
        if !banded {
            self.line(&data)?;
            return Ok(false);
        }
        match data.split_first() {
            Some((1, data)) => {
                self.inner.feed(data);
                while let Some(pkt) = self.inner.next()? {
                    match pkt {
                        Pkt::Data(data) => self.line(&data)?,
                        Pkt::Flush => self.complete = true,
                        _ => return Err(Garbled("a section within a report".to_owned()).into()),
                    }
                }
            }
            Some((2, text)) => {
                let room = (MAX_HEARD + 1).saturating_sub(self.report.said.len());
                self.report.said.extend(text.iter().take(room));
            }
            Some((3, text)) => {
                return Err(RemoteFault::Reported {
                    text: String::from_utf8_lossy(text).into_owned(),
                });
            }
            _ => return Err(Garbled("an unknown band".to_owned()).into()),
        }
        Ok(false)
    }

    fn is_complete(&self) -> bool {
        self.complete && (self.report.stored || self.report.not_stored.is_some())
    }
}

impl ReportListener {
    fn line(&mut self, line: &[u8]) -> Result<(), RemoteFault> {
        let text = String::from_utf8_lossy(chomp(line)).into_owned();
        let report = &mut self.report;
        match text.split_once(' ') {
            Some(("unpack", "ok")) => report.stored = true,
            Some(("unpack", why)) => report.not_stored = Some(why.to_owned()),
            Some(("ok" | "ng", _)) if report.refs.len() >= MAX_REFS => {
                return Err(Garbled("a report on too many refs".to_owned()).into());
            }
            Some(("ok", name)) => report.refs.push((name.to_owned(), None)),
            Some(("ng", rest)) => {
                let (name, why) = rest.split_once(' ').unwrap_or((rest, "no reason given"));
                report.refs.push((name.to_owned(), Some(why.to_owned())));
            }
            _ => return Err(Garbled("a line that is no report".to_owned()).into()),
        }
        Ok(())
    }
}
