//! Whether two addresses are of one git repository. Pure.

use std::fmt;

/// The manifests repository, by every address that it has: over HTTP, over SSH, under a second name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses(Vec<Address>);

/// What of an address tells repositories apart.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Address {
    ssh: bool,
    host: String,
    port: Option<String>,
    path: String,
}

impl Addresses {
    /// A repository's addresses. One that cannot be read matches nothing.
    pub fn new<'a>(urls: impl IntoIterator<Item = &'a str>) -> Self {
        Self(urls.into_iter().filter_map(Address::read).collect())
    }

    /// Whether an address is one of the repository's. Scheme, user, the case of letters, a last `/` and
    /// `.git` make no difference, as Argo CD itself has it (`util/git/git.go`, `NormalizeGitURL`); nor
    /// does an SSH address beside one over HTTP of the same host and path.
    #[must_use]
    pub fn include(&self, url: &str) -> bool {
        let Some(other) = Address::read(url) else {
            return false;
        };
        self.0.iter().any(|one| {
            let alike = one.host == other.host && one.path == other.path;
            alike && (one.ssh != other.ssh || one.port == other.port)
        })
    }
}

impl Address {
    fn read(url: &str) -> Option<Self> {
        let url = url.trim().to_lowercase();
        let (scheme, rest) = match url.split_once("://") {
            Some((scheme, rest)) => (scheme, rest),
            // `git@host:owner/name`, as git takes it.
            None => {
                let (host, path) = url.split_once(':')?;
                return Self::of("ssh", host, None, path);
            }
        };
        let (authority, path) = rest.split_once('/')?;
        let authority = authority.rsplit('@').next()?;
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|c| c.is_ascii_digit()) => (host, Some(port)),
            _ => (authority, None),
        };
        Self::of(scheme, host, port, path)
    }

    fn of(scheme: &str, host: &str, port: Option<&str>, path: &str) -> Option<Self> {
        let usual = match scheme {
            "http" => "80",
            "https" => "443",
            "ssh" | "git+ssh" | "ssh+git" => "22",
            _ => return None,
        };
        let host = host.rsplit('@').next()?;
        let path = path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        (!host.is_empty() && !path.is_empty()).then(|| Self {
            ssh: scheme.contains("ssh"),
            host: host.to_owned(),
            port: port.filter(|port| *port != usual).map(str::to_owned),
            path: path.to_owned(),
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.path)
    }
}

/// An address for people: its host and path, without a user or a password that may stand in it.
pub(crate) fn shown(url: &str) -> String {
    Address::read(url).map_or_else(
        || "something else".to_owned(),
        |address| address.to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::{Addresses, shown};

    #[test]
    fn one_repository_has_many_addresses() {
        let ours = Addresses::new(["https://git.example.com/Acme/manifests.git"]);
        for same in [
            "https://git.example.com/acme/manifests",
            "https://git.example.com:443/acme/manifests/",
            "https://bot:secret@git.example.com/acme/manifests.git",
            "http://git.example.com/acme/manifests",
            "git@git.example.com:acme/manifests.git",
            "ssh://git@git.example.com:2222/acme/manifests.git",
        ] {
            assert!(ours.include(same), "{same}");
        }
        for other in [
            "https://git.example.com/acme/manifests-2",
            "https://git.example.com:8443/acme/manifests",
            "https://git.example.org/acme/manifests",
            "oci://git.example.com/acme/manifests",
            "https://git.example.com",
            "acme/manifests",
            "",
        ] {
            assert!(!ours.include(other), "{other}");
        }
        assert!(!Addresses::new(["what?"]).include("what?"));
    }

    #[test]
    fn a_shown_address_has_no_password() {
        let said = shown("https://bot:secret@git.example.com:8443/acme/manifests.git");
        assert_eq!(said, "git.example.com/acme/manifests");
    }
}
