//! Whose delivery it is, and whether it may be stored.

use std::collections::BTreeMap;

use secrecy::SecretString;
use sendo_core::names::ForgeName;
use sendo_store::NewDelivery;
use sha2::{Digest as _, Sha256};

use super::signature::{Unsigned, can_be_signed, verify};

/// The Giteas whose deliveries are taken, each with the keys they may be signed with.
#[derive(Debug, Clone, Default)]
pub struct Senders(BTreeMap<ForgeName, Vec<SecretString>>);

/// A delivery as it came: nothing of it is trusted.
#[derive(Debug, Clone, Copy)]
pub struct Arrived<'a> {
    /// The forge that its address names.
    pub forge: Option<&'a str>,
    /// What its header [`super::EVENT`] says.
    pub event: Option<&'a str>,
    /// What its header [`super::DELIVERY`] says.
    pub id: Option<&'a str>,
    /// What its header [`super::SIGNATURE`] says.
    pub signature: Option<&'a str>,
}

impl<'a> Arrived<'a> {
    fn event(&self) -> Result<&'a str, NotTaken> {
        let event = self.event.filter(|event| is_plain(event, 60));
        event.ok_or(NotTaken::EventMissing)
    }
}

/// Why a delivery is not stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// No such Gitea is configured.
    #[error("no forge of kind `gitea` is named `{named}`")]
    ForgeUnknown {
        /// The name, cut to 63 characters.
        named: String,
    },
    /// No Gitea is configured at all.
    #[error("no forge of kind `gitea` is configured")]
    NoForge,
    /// It could come from several.
    #[error("several forges could have sent this")]
    ForgeAmbiguous,
    /// It does not say what happened.
    #[error("the delivery has no usable X-Gitea-Event")]
    EventMissing,
    /// It is not signed by whom it says it is from.
    #[error(transparent)]
    Unsigned(#[from] Unsigned),
}

impl NotTaken {
    /// A stable code.
    #[must_use]
    pub const fn reason_code(&self) -> &'static str {
        match self {
            Self::ForgeUnknown { .. } | Self::NoForge => "forge_unknown",
            Self::ForgeAmbiguous => "forge_ambiguous",
            Self::EventMissing => "event_missing",
            Self::Unsigned(unsigned) => unsigned.reason_code(),
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn next(&self) -> &'static str {
        match self {
            Self::ForgeUnknown { .. } | Self::ForgeAmbiguous => {
                "send it to `/webhooks/gitea?forge=NAME` with a name of `forges`: `sendo hook install` does"
            }
            Self::NoForge => "add one under `forges`, then run `sendo hook install`",
            Self::EventMissing => "let Gitea send it, by a webhook of the type `gitea`",
            Self::Unsigned(_) => "run `sendo hook install`, which gives the webhook the key",
        }
    }
}

impl Senders {
    /// Takes what these sign.
    #[must_use]
    pub const fn new(senders: BTreeMap<ForgeName, Vec<SecretString>>) -> Self {
        Self(senders)
    }

    /// Whether a delivery can be right, as far as its head tells: before its body is read.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub fn expect(&self, arrived: Arrived<'_>) -> Result<(), NotTaken> {
        let (_, secrets) = self.sender(arrived.forge)?;
        can_be_signed(arrived.signature, secrets)?;
        arrived.event().map(drop)
    }

    /// What is stored of a delivery, once its signature was checked. The same one sent again is the same
    /// row: by its id and its body, as the id alone is not signed.
    ///
    /// # Errors
    /// [`NotTaken`]; nothing of it is kept then.
    pub fn receive(&self, arrived: Arrived<'_>, body: Vec<u8>) -> Result<NewDelivery, NotTaken> {
        let (forge, secrets) = self.sender(arrived.forge)?;
        verify(arrived.signature, &body, secrets)?;
        let event = arrived.event()?;
        let id = arrived.id.filter(|id| is_plain(id, 100)).unwrap_or("-");
        let sum = Sha256::digest(&body);
        let sum: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(NewDelivery {
            source: source(forge),
            dedup: format!("{id}/{event}/{sum}"),
            name: event.to_owned(),
            body,
            by: None,
        })
    }

    fn sender(&self, named: Option<&str>) -> Result<(&ForgeName, &[SecretString]), NotTaken> {
        let mut all = self.0.iter().map(|(name, keys)| (name, keys.as_slice()));
        if let Some(named) = named {
            let found = all.find(|(name, _)| name.as_str() == named);
            return found.ok_or_else(|| NotTaken::ForgeUnknown {
                named: named.chars().take(63).collect(),
            });
        }
        match (all.next(), all.next()) {
            (None, _) => Err(NotTaken::NoForge),
            (Some(only), None) => Ok(only),
            (Some(_), Some(_)) => Err(NotTaken::ForgeAmbiguous),
        }
    }
}

/// Before the name of a Gitea in the source of its deliveries, which so says how they are read.
const SOURCE: &str = "gitea:";

/// The source under which a Gitea's deliveries are stored.
#[must_use]
pub fn source(forge: &ForgeName) -> String {
    format!("{SOURCE}{forge}")
}

/// The Gitea that a source names.
pub(crate) fn sender(source: &str) -> Option<ForgeName> {
    ForgeName::new(source.strip_prefix(SOURCE)?).ok()
}

fn is_plain(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"{}";
    /// The HMAC-SHA256 of `{}` with the key `key-acme`, as openssl computes it.
    const SIGNED: &str = "c51f63f75c63e5f685f966154ddc48da203114bbcef9af8e5d5e0b196cd252f3";

    fn senders(names: &[&str]) -> Senders {
        let keys = |name: &&str| {
            let secret = SecretString::from(format!("key-{name}"));
            (ForgeName::new(*name).unwrap(), vec![secret])
        };
        Senders::new(names.iter().map(keys).collect())
    }

    fn arrived<'a>(forge: Option<&'a str>) -> Arrived<'a> {
        Arrived {
            forge,
            event: Some("push"),
            id: Some("0b1f"),
            signature: Some(SIGNED),
        }
    }

    fn refused(names: &[&str], arrived: Arrived<'_>) -> &'static str {
        let taken = senders(names).receive(arrived, BODY.to_vec());
        taken.unwrap_err().reason_code()
    }

    #[test]
    fn the_only_gitea_needs_no_name_and_one_of_several_does() {
        let taken = senders(&["acme"]).receive(arrived(None), BODY.to_vec());
        assert_eq!(taken.unwrap().source, "gitea:acme");
        let taken = senders(&["acme", "other"]).receive(arrived(Some("acme")), BODY.to_vec());
        assert_eq!(taken.unwrap().name, "push");
        assert_eq!(
            refused(&["acme", "other"], arrived(None)),
            "forge_ambiguous"
        );
        assert_eq!(refused(&["acme"], arrived(Some("nix"))), "forge_unknown");
        assert_eq!(refused(&[], arrived(None)), "forge_unknown");
    }

    #[test]
    fn one_gitea_cannot_speak_for_another() {
        let other = arrived(Some("other"));
        assert_eq!(refused(&["acme", "other"], other), "signature_mismatch");
    }

    #[test]
    fn what_is_not_signed_or_says_nothing_is_not_stored() {
        let unsigned = Arrived {
            signature: None,
            ..arrived(None)
        };
        assert_eq!(refused(&["acme"], unsigned), "signature_missing");
        for event in [None, Some(""), Some("two words"), Some("\u{202e}")] {
            let odd = Arrived {
                event,
                ..arrived(None)
            };
            assert_eq!(refused(&["acme"], odd), "event_missing");
        }
    }

    #[test]
    fn an_id_that_comes_again_with_something_else_hides_nothing() {
        let key = |id, body: &[u8]| {
            let signed = |secret: &[u8]| {
                use hmac::{Hmac, KeyInit as _, Mac as _};
                let mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
                let bytes = mac.chain_update(body).finalize().into_bytes();
                bytes
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect::<String>()
            };
            let signature = signed(b"key-acme");
            let arrived = Arrived {
                id,
                signature: Some(&signature),
                ..arrived(None)
            };
            senders(&["acme"])
                .receive(arrived, body.to_vec())
                .unwrap()
                .dedup
        };
        assert_eq!(key(Some("1"), b"{}"), key(Some("1"), b"{}"));
        assert_ne!(key(Some("1"), b"{}"), key(Some("1"), b"[]"));
        assert_ne!(key(Some("1"), b"{}"), key(Some("2"), b"{}"));
        assert_eq!(key(None, b"{}"), key(None, b"{}"));
    }
}
