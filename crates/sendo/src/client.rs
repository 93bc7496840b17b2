//! Talking to a server: by HTTP only, never by opening its database.
//!
//! The address comes from `--server` or `SENDO_URL`, else from the configuration; the token from
//! `SENDO_TOKEN`, else from the file the server wrote beside its database.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::cli::Failure;
use crate::config::{Config, Purpose};
use crate::exit::Exit;
use crate::token_file;

/// Where a server usually listens.
const USUAL: &str = "http://127.0.0.1:8787";

/// How to reach a server.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Connect {
    /// The server's address, such as `http://127.0.0.1:8787`.
    #[arg(long, env = "SENDO_URL", value_name = "URL", help_heading = "Server")]
    pub server: Option<String>,
    /// The server's configuration, to find its address and its token file.
    #[arg(
        long,
        env = "SENDO_CONFIG",
        value_name = "FILE",
        help_heading = "Server"
    )]
    pub config: Option<PathBuf>,
}

/// A client of one server.
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<SecretString>,
}

impl Client {
    /// Finds the server and the token.
    ///
    /// # Errors
    /// [`Failure`] when the configuration is invalid.
    pub fn connect(connect: &Connect) -> Result<Self, Failure> {
        let config = match &connect.config {
            Some(path) => Some(read(path)?),
            // One that lies here is a convenience: it may be of another server, or of none.
            None => Config::load_for(Path::new("sendo.yaml"), Purpose::Explain).ok(),
        };
        let listens = config.as_ref().map(|config| {
            config
                .server
                .url
                .clone()
                .unwrap_or_else(|| format!("http://{}", config.server.listen))
        });
        let base = connect
            .server
            .clone()
            .or(listens)
            .unwrap_or_else(|| USUAL.to_owned());
        let from_file = || {
            // The token of this machine's server goes to no other address unless asked to.
            if connect.server.is_some() && connect.config.is_none() {
                return None;
            }
            let path = token_file::path(config.as_ref()?);
            std::fs::read_to_string(path).ok()
        };
        let token = std::env::var("SENDO_TOKEN")
            .ok()
            .or_else(from_file)
            .map(|token| token.trim().to_owned());
        Self::to(
            base,
            token
                .filter(|token| !token.is_empty())
                .map(SecretString::from),
        )
    }

    /// A client of the server at `base`.
    ///
    /// # Errors
    /// [`Failure`] when the HTTP client cannot be made.
    pub fn to(base: String, token: Option<SecretString>) -> Result<Self, Failure> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(30))
            .build()
            .map_err(|error| {
                Failure::new(Exit::Failed, "client", "the HTTP client cannot be made")
                    .why(error.to_string())
            })?;
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

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
        key: Option<&str>,
    ) -> Result<T, Failure> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|error| {
            Failure::new(
                Exit::Unreachable,
                "unreachable",
                format!("the server at {} cannot be reached", self.base),
            )
            .why(error.without_url().to_string())
            .next("sendo serve --config FILE, or name another with --server URL")
        })?;
        let status = response.status();
        let bytes = response.bytes().await.unwrap_or_default();
        if !status.is_success() {
            return Err(refused(status, &bytes));
        }
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

fn read(path: &Path) -> Result<Config, Failure> {
    Config::load_for(path, Purpose::Explain).map_err(|errors| {
        Failure::new(
            Exit::Usage,
            "configuration_invalid",
            "the configuration is invalid",
        )
        .why(errors.to_string())
        .next(format!("sendo validate --config {}", path.display()))
    })
}

fn refused(status: StatusCode, body: &[u8]) -> Failure {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |field: &str| body["error"][field].as_str().map(ToOwned::to_owned);
    let exit = match status.as_u16() {
        401 | 403 => Exit::Denied,
        404 => Exit::NotFound,
        409 => Exit::Conflict,
        423 => Exit::Refused,
        429 => Exit::RateLimited,
        400 | 413 | 415 | 422 => Exit::Usage,
        503 => Exit::Unreachable,
        _ => Exit::Failed,
    };
    let what = text("message").unwrap_or_else(|| format!("the server answered {status}"));
    let failure = Failure::new(exit, "refused", what);
    match text("next") {
        Some(next) => failure.next(next),
        None => failure,
    }
}
