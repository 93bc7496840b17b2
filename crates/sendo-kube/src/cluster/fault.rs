//! What an answer means that is no success, and what broke when there is none.

use std::error::Error as StdError;
use std::io;

use http_body_util::LengthLimitError;
use kube::client::AuthError;
use serde_json::Value;

use super::{Ask, WATCH};
use crate::error::{Fault, Said, line};

/// The group of Argo CD's own objects.
const ARGO_CD: &str = "argoproj.io";

/// A client that could not be made.
pub(super) fn of_building(error: &kube::Error) -> Fault {
    match chain(error).find_map(|error| error.downcast_ref::<AuthError>()) {
        Some(error) => of_credentials(error),
        None => Fault::Access {
            why: "its certificates or keys cannot be used; check the kubeconfig's cluster and user"
                .to_owned(),
        },
    }
}

/// A watch that did not begin, or broke off.
pub(crate) fn of_client(ask: &Ask<'_>, error: &kube::Error) -> Fault {
    match error {
        kube::Error::Api(status) => {
            let named = status
                .details
                .as_ref()
                .is_some_and(|it| !it.name.is_empty());
            of_status(ask, status.code, named, &status.message)
        }
        kube::Error::SerdeError(error) => Fault::Unreadable {
            why: error.to_string(),
        },
        error => of_trouble(error, WATCH),
    }
}

/// A request that got no answer, or one that broke off: what is at the bottom of the client's error.
/// `limit` is the one that its size was held to, in bytes.
pub(super) fn of_trouble(error: &(dyn StdError + 'static), limit: usize) -> Fault {
    if chain(error).any(|error| error.is::<LengthLimitError>()) {
        return Fault::TooLarge { limit };
    }
    if let Some(error) = chain(error).find_map(|error| error.downcast_ref::<AuthError>()) {
        return of_credentials(error);
    }
    // The last one says most.
    let last = chain(error).last();
    let why = last.map_or_else(String::new, |error| line(&error.to_string(), 200));
    if chain(error).any(|error| error.is::<rustls::Error>()) {
        return Fault::Tls { why };
    }
    // The client's own words for what never got through; its types are not ours to name.
    let connecting = chain(error).any(|error| {
        error.to_string().contains("client error (Connect)")
            || error
                .downcast_ref::<io::Error>()
                .is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    });
    if connecting {
        Fault::NotReached { why }
    } else {
        Fault::BrokeOff { why }
    }
}

/// An error and what caused it. The cause of an I/O error made of another is that other, which the
/// standard library leaves out of its own chain.
fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn StdError + 'static)| {
        let error: &'a (dyn StdError + 'static) = *error;
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        match inner {
            Some(inner) => Some(inner as &(dyn StdError + 'static)),
            None => error.source(),
        }
    })
    .take(32)
}

/// Credentials that could not be had. What a program printed is never told: it may be the token.
fn of_credentials(error: &AuthError) -> Fault {
    let why = match error {
        AuthError::AuthExecStart(error) => format!("its program cannot be run: {error}"),
        AuthError::AuthExecRun { out, .. } => format!("its program ended with {}", out.status),
        AuthError::ReadTokenFile(error, path) => {
            format!("{} cannot be read: {error}", path.display())
        }
        AuthError::AuthExecParse(_) | AuthError::ExecPluginFailed => {
            "what its program printed is no ExecCredential".to_owned()
        }
        AuthError::MissingCommand => "its `exec` names no command".to_owned(),
        _ => "they cannot be used as they are".to_owned(),
    };
    Fault::Credentials { why }
}

/// What a status that is no success means for what was asked.
///
/// A missing object and a missing kind are both 404: the first is told as a `Status` whose details name
/// the object, the second as plain text (seen on Kubernetes 1.36).
pub(super) fn of_answer(ask: &Ask<'_>, status: u16, body: &[u8]) -> Fault {
    let told: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let named = told["details"]["name"]
        .as_str()
        .is_some_and(|name| !name.is_empty());
    of_status(
        ask,
        status,
        named,
        told["message"].as_str().unwrap_or_default(),
    )
}

fn of_status(ask: &Ask<'_>, status: u16, named: bool, said: &str) -> Fault {
    let said = Said::new(said);
    match status {
        401 => Fault::Unauthorized,
        403 => Fault::Forbidden {
            right: right(ask),
            said,
        },
        404 if named => Fault::NotFound,
        404 if ask.resource.group == ARGO_CD => Fault::NoArgoCd,
        404 => Fault::NoKind {
            resource: ask.resource.rbac(),
        },
        409 => Fault::Contended,
        429 => Fault::Limited,
        _ => Fault::Status { status, said },
    }
}

/// What an ask needs the right to.
fn right(ask: &Ask<'_>) -> String {
    let (verb, resource) = (ask.verb, ask.resource.rbac());
    match ask.namespace {
        Some(namespace) => format!("{verb} {resource} in namespace {namespace}"),
        None => format!("{verb} {resource} in every namespace"),
    }
}
