//! Which server a verb talks to, and with which token.
//!
//! What is typed counts more than what the environment says, an address more than a context, a
//! context more than a configuration; then the configuration that lies in this folder, the context in
//! use, and the usual address. The token comes from where the address came from: one that was given
//! for a server goes to no other.

use std::path::{Path, PathBuf};

use clap::ArgMatches;
use clap::parser::ValueSource;
use reqwest::Url;
use secrecy::SecretString;
use serde::Serialize;

use crate::cli::Failure;
use crate::config::{Config, ConfigErrors, Purpose};
use crate::contexts::{Context, Contexts};
use crate::exit::Exit;
use crate::token_file;

/// Where a server usually listens.
const USUAL: &str = "http://127.0.0.1:8787";
/// The configuration a verb finds by itself.
pub(crate) const HERE: &str = "sendo.yaml";
/// The token for a server that no context names.
const TOKEN: &str = "SENDO_TOKEN";
/// The address that token is meant for, when it is exported, too.
const URL: &str = "SENDO_URL";

/// The options as clap reads them.
#[derive(Debug, Clone, Default, clap::Args)]
struct Options {
    /// The server's address, such as `http://127.0.0.1:8787`.
    #[arg(long, env = URL, value_name = "URL", help_heading = "Server")]
    server: Option<String>,
    /// The server by the name that `sendo context set` gave it.
    #[arg(
        long,
        env = "SENDO_CONTEXT",
        value_name = "NAME",
        help_heading = "Server"
    )]
    context: Option<String>,
    /// The server's configuration, to find its address and its token file.
    #[arg(
        long,
        env = "SENDO_CONFIG",
        value_name = "FILE",
        help_heading = "Server"
    )]
    config: Option<PathBuf>,
}

/// How to reach a server.
#[derive(Debug, Clone, Default)]
pub struct Connect {
    options: Options,
    typed: Typed,
}

/// Which options stand on the command line, and not in the environment.
#[derive(Debug, Clone, Copy, Default)]
struct Typed {
    server: bool,
    context: bool,
    config: bool,
}

impl clap::FromArgMatches for Connect {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let typed = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
        Ok(Self {
            options: Options::from_arg_matches(matches)?,
            typed: Typed {
                server: typed("server"),
                context: typed("context"),
                config: typed("config"),
            },
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl clap::Args for Connect {
    fn augment_args(command: clap::Command) -> clap::Command {
        Options::augment_args(command)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Options::augment_args_for_update(command)
    }
}

/// Where a token is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenAt {
    /// In a variable.
    Env(String),
    /// In a file.
    File(PathBuf),
}

/// A server, what named it, and where its token is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Its address, without a slash at its end.
    pub server: String,
    /// What named it, such as `--server` or `the context in use`.
    pub named_by: &'static str,
    /// The context, when that is what named it.
    pub context: Option<String>,
    /// Where its token is.
    pub token: Option<TokenAt>,
}

impl Connect {
    /// The configuration that was named, else the one in this folder.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        let named = self.options.config.clone();
        named.unwrap_or_else(|| HERE.into())
    }

    /// Whether a server is typed, whatever else names one.
    #[must_use]
    pub const fn is_typed(&self) -> bool {
        self.typed.server || self.typed.context
    }

    /// The server to talk to.
    ///
    /// # Errors
    /// [`Failure`] when a server and a context are typed, when there is no such context, when what
    /// is to say it cannot be read, or when it says no address.
    pub fn place(&self) -> Result<Place, Failure> {
        self.find(self.typed.config)
    }

    /// The same for a verb that has `--config` for another reason: whatever else names a server
    /// counts more.
    ///
    /// # Errors
    /// See [`Connect::place`].
    pub fn place_beside_config(&self) -> Result<Place, Failure> {
        self.find(false)
    }

    fn find(&self, config_first: bool) -> Result<Place, Failure> {
        let typed = self.typed;
        let Options {
            server,
            context,
            config,
        } = &self.options;
        // A variable that is exported empty says nothing.
        let server = server
            .as_ref()
            .filter(|url| typed.server || !url.is_empty());
        let context = context.as_ref();
        let context = context.filter(|name| typed.context || !name.is_empty());
        let config = config.as_ref();
        let config = config.filter(|path| typed.config || !path.as_os_str().is_empty());
        if typed.server && typed.context {
            return Err(Failure::new(
                Exit::Usage,
                "two_servers",
                "--server and --context both name a server",
            )
            .next("leave one of them out"));
        }
        let by = |typed, option, variable| if typed { option } else { variable };
        let of_config = |path: &Path| {
            let named_by = by(typed.config, "--config", "SENDO_CONFIG");
            configured(&read(path)?, named_by)
        };
        match (server, context, config) {
            (_, Some(name), _) if typed.context => named(name, "--context"),
            (Some(url), ..) if typed.server => self.addressed(url, "--server"),
            (.., Some(path)) if config_first => of_config(path),
            (Some(url), ..) => self.addressed(url, "SENDO_URL"),
            (_, Some(name), _) => named(name, "SENDO_CONTEXT"),
            (.., Some(path)) => of_config(path),
            (None, None, None) => here(),
        }
    }

    /// A server named by its address. The token of a configuration goes there if both were named in
    /// the same way.
    fn addressed(&self, url: &str, named_by: &'static str) -> Result<Place, Failure> {
        let config = self.options.config.as_deref();
        let config = config.filter(|_| self.typed.server == self.typed.config);
        let file = match config {
            Some(path) => Some(TokenAt::File(token_file::path(&read(path)?))),
            None => None,
        };
        let server = address(url)?;
        Ok(Place {
            token: from_environment(&server).or(file),
            server,
            named_by,
            context: None,
        })
    }
}

impl Place {
    /// Its token. A file of a configuration that is not there is no token: the server may not need
    /// one.
    ///
    /// # Errors
    /// [`Failure`] when a context says where it is, and it is not there.
    pub fn token(&self) -> Result<Option<SecretString>, Failure> {
        let (found, what) = match &self.token {
            None => return Ok(None),
            Some(TokenAt::Env(name)) => (
                std::env::var(name).map_err(|_| "it is not set".to_owned()),
                format!("the variable {name}"),
            ),
            Some(TokenAt::File(path)) => (
                std::fs::read_to_string(path).map_err(|error| error.to_string()),
                path.display().to_string(),
            ),
        };
        let found = found.and_then(|text| match text.trim() {
            "" => Err("it is empty".to_owned()),
            token if token.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(token.to_owned()),
            _ => Err("what is there is no token: one is a single word".to_owned()),
        });
        match (found, &self.context) {
            (Ok(token), _) => Ok(Some(SecretString::from(token))),
            (Err(_), None) => Ok(None),
            (Err(why), Some(name)) => Err(Failure::new(
                Exit::Usage,
                "context_token",
                format!("the token of context `{name}` cannot be read from {what}"),
            )
            .why(why)
            .next(format!(
                "put it there, or name another place: sendo context set {name} --server {} --token-file FILE",
                self.server
            ))),
        }
    }

    /// What a person should know before a token goes there: that anybody on the way can read it.
    #[must_use]
    pub fn is_in_the_open(&self) -> bool {
        is_in_the_open(&self.server)
    }
}

/// Whether what goes there can be read on the way.
#[must_use]
pub fn is_in_the_open(server: &str) -> bool {
    let Ok(url) = Url::parse(server) else {
        return false;
    };
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_here = match bare.parse::<std::net::IpAddr>() {
        Ok(ip) => ip.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    };
    url.scheme() == "http" && !is_here
}

/// An address as it is used: `http` or `https`, without a slash at its end.
///
/// # Errors
/// [`Failure`] when it is none, or holds what has to be kept elsewhere.
pub fn address(text: &str) -> Result<String, Failure> {
    let text = text.trim();
    let url = Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.query().is_none()
            && url.fragment().is_none()
    });
    let failure = |what: &str| Failure::new(Exit::Usage, "address", what);
    match url {
        Some(url) if !url.username().is_empty() || url.password().is_some() => {
            Err(failure("a server's address holds no user and no password")
                .next("sendo context set NAME --server URL --token-file FILE"))
        }
        Some(url) => Ok(url.as_str().trim_end_matches('/').to_owned()),
        None => {
            Err(failure("this is not the address of a server")
                .next("--server http://127.0.0.1:8787"))
        }
    }
}

fn here() -> Result<Place, Failure> {
    let contexts = Contexts::load()?;
    let path = Path::new(HERE);
    if path.exists() {
        let in_use = contexts.in_use.as_deref();
        return Config::load_for(path, Purpose::Explain)
            .map_err(|errors| unknown(&errors, in_use))
            .and_then(|config| lying_here(&config));
    }
    if let Some(name) = &contexts.in_use {
        return of_context(name, contexts.get(name)?, "the context in use");
    }
    Ok(Place {
        server: USUAL.to_owned(),
        named_by: "the usual address",
        context: None,
        token: from_environment(USUAL),
    })
}

/// What lies in this folder says a server that cannot be read. Which one is meant cannot be told, so none
/// is taken by guessing: a token would go there.
fn unknown(errors: &ConfigErrors, in_use: Option<&str>) -> Failure {
    let named = in_use.map_or_else(
        || "--server URL".to_owned(),
        |name| format!("--context {name}"),
    );
    let what = "sendo.yaml in this folder is invalid, so it is not known which server is meant";
    Failure::new(Exit::Usage, "configuration_invalid", what)
        .why(errors.to_string())
        .next(format!(
            "sendo validate --config sendo.yaml, or name one with {named}"
        ))
}

/// The server of a configuration that lies in this folder and was not named: it may be a stranger's,
/// so it sends no token further than to this machine, whatever it says of an address.
fn lying_here(config: &Config) -> Result<Place, Failure> {
    let mut listens = config.server.listen;
    if listens.ip().is_unspecified() {
        listens.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    let server = format!("http://{listens}");
    let file = || TokenAt::File(token_file::path(config));
    let token = from_environment(&server).unwrap_or_else(file);
    Ok(Place {
        token: (!is_in_the_open(&server)).then_some(token),
        server,
        named_by: "sendo.yaml in this folder",
        context: None,
    })
}

fn named(name: &str, named_by: &'static str) -> Result<Place, Failure> {
    of_context(name, Contexts::load()?.get(name)?, named_by)
}

/// A context says where its token is, and no other token goes to its server.
fn of_context(name: &str, context: &Context, named_by: &'static str) -> Result<Place, Failure> {
    let file = context.token_file.clone().map(TokenAt::File);
    let variable = context.token_env.clone().map(TokenAt::Env);
    Ok(Place {
        server: address(&context.server)?,
        named_by,
        context: Some(name.to_owned()),
        token: file.or(variable),
    })
}

fn configured(config: &Config, named_by: &'static str) -> Result<Place, Failure> {
    let server = config.server.url.clone();
    let server = server.unwrap_or_else(|| format!("http://{}", config.server.listen));
    let server = address(&server)?;
    let file = || TokenAt::File(token_file::path(config));
    Ok(Place {
        token: Some(from_environment(&server).unwrap_or_else(file)),
        server,
        named_by,
        context: None,
    })
}

/// The exported token, for this address: one that is exported together with another address is that
/// one's.
fn from_environment(server: &str) -> Option<TokenAt> {
    let exported = |name| std::env::var(name).unwrap_or_default();
    let meant = exported(URL);
    let is_for_it = meant.is_empty() || address(&meant).is_ok_and(|meant| meant == server);
    let is_set = !exported(TOKEN).trim().is_empty();
    (is_set && is_for_it).then(|| TokenAt::Env(TOKEN.to_owned()))
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
