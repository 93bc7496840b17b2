//! A conversation with one of the services: asked straight away, and again after its capabilities were
//! read where a server insists on that.
//!
//! Owns the order of requests and what is remembered of a server's habits. What an answer means is
//! a [`Listener`]'s; it takes frames and knows no connection.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::fault::{Garbled, RemoteFault};
use super::http::{Line, Service};
use super::pkt::{Pkt, chomp};

/// Most that is read of a list of capabilities, in bytes. Before version 2 all refs come with it.
const MAX_OFFER: u64 = 64 * 1024 * 1024;

/// Takes an answer, frame by frame.
pub(crate) trait Listener {
    /// Takes a frame. `true` says that the rest of the answer is of no interest.
    fn hear(&mut self, pkt: Pkt) -> Result<bool, RemoteFault>;

    /// Does what takes long with what was heard; nothing, unless it says otherwise.
    fn settle(&mut self) -> impl Future<Output = Result<(), RemoteFault>> + Send {
        std::future::ready(Ok(()))
    }

    /// Whether the answer may end here.
    fn is_complete(&self) -> bool;
}

/// What a service offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) version_2: bool,
    pub(crate) object_format: Option<String>,
    pub(crate) filter: bool,
    pub(crate) atomic: bool,
}

impl Offer {
    /// Refuses what this client cannot work with.
    pub(crate) fn check(&self, service: Service) -> Result<(), RemoteFault> {
        match &self.object_format {
            Some(format) if format != "sha1" => Err(RemoteFault::ObjectFormat {
                format: format.clone(),
            }),
            _ if service == Service::Upload && !self.version_2 => Err(RemoteFault::OldProtocol),
            _ => Ok(()),
        }
    }
}

/// How long a server that answered without a filter, and not with one, is not asked for one.
const WITHOUT_FILTERS: Duration = Duration::from_secs(60 * 60);

/// What is remembered of a server.
#[derive(Debug, Default)]
pub(crate) struct Habits {
    upload: Habit,
    receive: Habit,
    /// When it last answered without a filter because it would not with one.
    unfiltered: Mutex<Option<Instant>>,
}

#[derive(Debug, Default)]
struct Habit {
    /// It wants its capabilities to be read before each request.
    insists: AtomicBool,
    offer: Mutex<Option<Offer>>,
}

impl Habits {
    fn of(&self, service: Service) -> &Habit {
        match service {
            Service::Upload => &self.upload,
            Service::Receive => &self.receive,
        }
    }

    /// Notes that it answered without a filter. That alone tells that the filter was what it refused
    /// before, and not the time of the day.
    pub(crate) fn answered_unfiltered(&self) {
        let unfiltered = self.unfiltered.lock();
        *unfiltered.unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn refuses_filters(&self) -> bool {
        let unfiltered = self.unfiltered.lock();
        let since = *unfiltered.unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| since.elapsed() < WITHOUT_FILTERS)
    }

    /// What it offers, if that was read before.
    pub(crate) fn known(&self, service: Service) -> Option<Offer> {
        let offer = self.of(service).offer.lock();
        offer.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Reads what a service offers.
pub(crate) async fn offer(
    line: &Line,
    habits: &Habits,
    service: Service,
) -> Result<Offer, RemoteFault> {
    let mut heard = OfferListener::default();
    let mut answer = line.get(service, MAX_OFFER).await?;
    while let Some(pkt) = answer.pkt().await? {
        if heard.hear(pkt)? {
            break;
        }
    }
    if !heard.is_complete() {
        return Err(RemoteFault::Empty);
    }
    let known = &habits.of(service).offer;
    *known.lock().unwrap_or_else(PoisonError::into_inner) = Some(heard.offer.clone());
    Ok(heard.offer)
}

/// Asks a service something. `read` makes whoever takes the answer, once for every try.
///
/// A request that was to change something is asked again only if it was refused before it was looked
/// at; one that reads, also when git on the other side died of it. `filtered` says that it makes sense
/// only where the server has filters.
pub(crate) async fn talk<L: Listener>(
    line: &Line,
    habits: &Habits,
    service: Service,
    request: &Request,
    read: impl Fn() -> L,
) -> Result<L, RemoteFault> {
    if request.filtered && habits.refuses_filters() {
        return Err(RemoteFault::NoFilter);
    }
    let insists = &habits.of(service).insists;
    if insists.load(Ordering::Relaxed) {
        offer(line, habits, service).await?.check(service)?;
        return ask(line, service, request, read()).await;
    }
    let fault = match ask(line, service, request, read()).await {
        Ok(heard) => return Ok(heard),
        Err(fault) => fault,
    };
    let understood = matches!(fault, RemoteFault::Reported { .. });
    let died = matches!(fault, RemoteFault::Empty | RemoteFault::Garbled { .. });
    let reads = service == Service::Upload;
    if !fault.asks_for_manners() && !(reads && (understood || died)) {
        return Err(fault);
    }
    let offer = match habits.known(service) {
        Some(known) if understood => known,
        _ => offer(line, habits, service).await?,
    };
    offer.check(service)?;
    if request.filtered && !offer.filter {
        return Err(RemoteFault::NoFilter);
    }
    if understood {
        // Its capabilities do not explain why it refused.
        return Err(fault);
    }
    let heard = ask(line, service, request, read()).await?;
    if fault.asks_for_manners() {
        insists.store(true, Ordering::Relaxed);
    }
    Ok(heard)
}

/// Something to be asked.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) body: Vec<u8>,
    /// Most that the answer may take, in bytes.
    pub(crate) limit: u64,
    /// It holds a filter.
    pub(crate) filtered: bool,
}

async fn ask<L: Listener>(
    line: &Line,
    service: Service,
    request: &Request,
    mut listener: L,
) -> Result<L, RemoteFault> {
    let body = request.body.clone();
    let mut answer = line.post(service, body, request.limit).await?;
    let mut empty = true;
    while let Some(pkt) = answer.pkt().await? {
        empty = false;
        if let Pkt::Data(data) = &pkt
            && let Some(text) = data.strip_prefix(b"ERR ")
        {
            let text = line.words(text).0;
            return Err(RemoteFault::Reported { text });
        }
        let ends = listener.hear(pkt).map_err(|fault| match fault {
            // As it came: a listener knows no credentials.
            RemoteFault::Reported { text } => RemoteFault::Reported {
                text: line.words(text.as_bytes()).0,
            },
            fault => fault,
        })?;
        if ends {
            break;
        }
        listener.settle().await?;
    }
    match (listener.is_complete(), empty) {
        (true, _) => Ok(listener),
        (false, true) => Err(RemoteFault::Empty),
        (false, false) => Err(Garbled("it ends early".to_owned()).into()),
    }
}

/// Takes a list of capabilities, of either version.
#[derive(Debug, Default)]
pub(crate) struct OfferListener {
    pub(crate) offer: Offer,
    announced: bool,
    complete: bool,
}

impl Listener for OfferListener {
    fn hear(&mut self, pkt: Pkt) -> Result<bool, RemoteFault> {
        let Pkt::Data(data) = pkt else {
            // A flush also follows the line that names the service.
            let ends = !std::mem::take(&mut self.announced);
            self.complete |= ends;
            return Ok(ends);
        };
        let line = chomp(&data);
        if line.starts_with(b"# service=") {
            self.announced = true;
            return Ok(false);
        }
        self.announced = false;
        if line == b"version 2" {
            self.offer.version_2 = true;
        } else if let Some(capabilities) = line.split(|byte| *byte == 0).nth(1) {
            for capability in capabilities.split(|byte| *byte == b' ') {
                self.note(capability);
            }
            // Refs follow, however many there are.
            self.complete = true;
            return Ok(true);
        } else if self.offer.version_2 {
            self.note(line);
        } else if line != b"version 1" {
            return Err(Garbled("no list of capabilities".to_owned()).into());
        }
        Ok(false)
    }

    fn is_complete(&self) -> bool {
        self.complete
    }
}

impl OfferListener {
    fn note(&mut self, capability: &[u8]) {
        let text = String::from_utf8_lossy(capability);
        match text.split_once('=') {
            Some(("object-format", format)) => {
                let name = format.chars().filter(|c| c.is_ascii_alphanumeric());
                self.offer.object_format = Some(name.take(20).collect());
            }
            Some(("fetch", features)) => {
                self.offer.filter = features.split(' ').any(|feature| feature == "filter");
            }
            None if text == "atomic" => self.offer.atomic = true,
            _ => {}
        }
    }
}
