//! Talking to a server: by HTTP only, never by opening its database.
//!
//! Which server, and with which token, [`connect`](crate::connect) says.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response};
use secrecy::{ExposeSecret as _, SecretString};
use sendo_core::names::Principal;
use sendo_report::page::EVENTS_PATH;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::answer;
use crate::cli::{Failure, IN_THE_OPEN};
use crate::connect::{Connect, Place};
use crate::exit::Exit;
use crate::out::Out;

/// How long a feed may be silent; the server sends a comment more often.
const SILENCE: Duration = Duration::from_secs(45);

/// A client of one server.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<SecretString>,
}

impl Client {
    /// A client of the server that was named, with its token.
    ///
    /// # Errors
    /// [`Failure`] when nothing says which server, or its token cannot be read.
    pub fn connect(connect: &Connect, out: &Out) -> Result<Self, Failure> {
        Self::of(&connect.place()?, out)
    }

    /// A client of a server that was found, with its token.
    ///
    /// # Errors
    /// [`Failure`] when its token cannot be read.
    pub fn of(place: &Place, out: &Out) -> Result<Self, Failure> {
        let token = place.token()?;
        if token.is_some() && place.is_in_the_open() {
            out.note(IN_THE_OPEN);
        }
        Self::to(place.server.clone(), token)
    }

    /// A client of the server at `base`.
    ///
    /// # Errors
    /// [`Failure`] when the HTTP client cannot be made.
    pub fn to(base: String, token: Option<SecretString>) -> Result<Self, Failure> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = built(usual().timeout(Duration::from_secs(30)))?;
        Ok(Self {
            http,
            base: base.trim_end_matches('/').to_owned(),
            token,
        })
    }

    /// Reads.
    ///
    /// # Errors
    /// [`Failure`] with the server's own words and what to do next.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.call(Method::GET, path, None::<&Value>, None).await
    }

    /// Asks for something. `key` lets the same request be sent again without being done twice.
    ///
    /// # Errors
    /// See [`Client::get`].
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        key: Option<&str>,
    ) -> Result<T, Failure> {
        self.call(Method::POST, path, Some(body), key).await
    }

    /// Removes.
    ///
    /// # Errors
    /// See [`Client::get`].
    pub async fn delete(&self, path: &str) -> Result<Value, Failure> {
        self.call(Method::DELETE, path, None::<&Value>, None).await
    }

    /// Whose the token is: what is done with it stands under this name.
    ///
    /// # Errors
    /// See [`Client::get`].
    pub async fn principal(&self) -> Result<Principal, Failure> {
        #[derive(serde::Deserialize)]
        struct Me {
            principal: Principal,
        }
        let Me { principal } = self.get("/api/v1/me").await?;
        Ok(principal)
    }

    /// Opens the feed. What comes is read without a limit of time, unless it is silent.
    ///
    /// # Errors
    /// See [`Client::get`].
    pub async fn events(&self) -> Result<Response, Failure> {
        let http = built(usual().read_timeout(SILENCE))?;
        let request = http.get(format!("{}{EVENTS_PATH}", self.base));
        let lost = |error| answer::none(&self.base, &Method::GET, EVENTS_PATH, &error);
        let response = self.send(request).await.map_err(lost)?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let bytes = response.bytes().await.unwrap_or_default();
        Err(answer::refused(status, &bytes))
    }

    /// Sends a request with the token.
    async fn send(&self, mut request: RequestBuilder) -> Result<Response, reqwest::Error> {
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        request.send().await.map_err(reqwest::Error::without_url)
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
        key: Option<&str>,
    ) -> Result<T, Failure> {
        let lost = |error| answer::none(&self.base, &method, path, &error);
        let url = format!("{}{path}", self.base);
        let mut request = self.http.request(method.clone(), url);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = self.send(request).await.map_err(lost)?;
        let status = response.status();
        let bytes = response.bytes().await;
        if !status.is_success() {
            return Err(answer::refused(status, &bytes.unwrap_or_default()));
        }
        let bytes = bytes.map_err(lost)?;
        let bytes = if bytes.is_empty() {
            b"null".as_slice()
        } else {
            &bytes
        };
        serde_json::from_slice(bytes).map_err(|error| {
            Failure::new(
                Exit::Failed,
                "answer_unreadable",
                "the server's answer cannot be read",
            )
            .why(error.to_string())
            .next("check that client and server are of the same version: sendo --version")
        })
    }
}

/// What every connection keeps to.
fn usual() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(5))
}

fn built(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, Failure> {
    builder.build().map_err(|error| {
        Failure::new(Exit::Failed, "client", "the HTTP client cannot be made")
            .why(error.to_string())
    })
}
