//! What a running server takes over from a configuration: rules, routes, forges and targets.
//!
//! [`Live`] is made whole before anything of it is used; [`Switch`] puts it in the place of what
//! was there. Whoever works reads it anew at every step, so nothing is half old and half new for
//! longer than a step; the loop decides again whatever a step on old rules left awake.

use std::collections::BTreeMap;
use std::sync::Arc;

use secrecy::ExposeSecret as _;
use sendo_core::job::Jobs;
use sendo_core::lock::Locks;
use sendo_core::mailbox::Mailboxes;
use sendo_core::names::{ForgeName, Repository};
use sendo_core::promotion::{LaneRules, Promotions};
use sendo_effects::{Reach, SlackApp, Target, Targets, egress};
use sendo_forge::gitea::{Access, GiteaActs};
use sendo_forge::local::acts::LocalActs;
use sendo_forge::{Forge, Forges};
use sendo_intake::gitea::Senders;
use sendo_intake::spool::{Spooled, Spools};
use sendo_kube::{Clusters, Configured};
use tokio::sync::{Mutex, watch};

use crate::config::{Channel, Config, Gitea};
use crate::server::{ServeError, setup};

/// Takes the lines of notice targets of kind `terminal`.
pub type Print = Arc<dyn Fn(&str) + Send + Sync>;

/// What one configuration says that a running server can take over.
pub struct Live {
    /// The rules of every lane, in order.
    pub lanes: Arc<[LaneRules]>,
    /// What decides, and which notices go where.
    pub jobs: Arc<Jobs>,
    /// What effects reach.
    pub reach: Arc<Reach>,
    /// The repositories of local forges whose pushes are heard.
    pub spooled: Vec<Spooled>,
    /// The forges that deliver what happens on them, and the keys they sign with.
    pub senders: Arc<Senders>,
    /// The clusters whose applications are watched.
    pub clusters: Clusters,
}

impl Live {
    /// Makes it from a configuration.
    ///
    /// # Errors
    /// [`ServeError`] when a secret cannot be read, or this machine gives no HTTP client.
    pub fn of(config: &Config, print: &Print) -> Result<Self, ServeError> {
        let lanes = config.lanes();
        let clusters = clusters(config)?;
        Ok(Self {
            jobs: Arc::new(Jobs {
                all: vec![
                    Arc::new(Promotions::new(lanes.clone())),
                    Arc::new(Locks::new(lanes.clone())),
                    Arc::new(Mailboxes::new(config.mailboxes())),
                ],
                routes: config.routes(),
            }),
            reach: Arc::new(Reach {
                clusters: clusters.clone(),
                forges: forges(config)?,
                targets: targets(config, print)?,
                language: config.server.language,
            }),
            spooled: spooled(config, &lanes)?,
            senders: Arc::new(senders(config)?),
            clusters,
            lanes: lanes.into(),
        })
    }
}

/// What the parts of a server read at every step, and the one way to change it.
#[derive(Clone)]
pub struct Switch {
    /// The rules of every lane, in order.
    pub lanes: watch::Sender<Arc<[LaneRules]>>,
    /// What decides, and which notices go where.
    pub jobs: watch::Sender<Arc<Jobs>>,
    /// What effects reach.
    pub reach: watch::Sender<Arc<Reach>>,
    /// Whose pushes are heard.
    pub spools: Arc<Mutex<Spools>>,
    /// Who delivers.
    pub senders: watch::Sender<Arc<Senders>>,
    /// The clusters that are watched.
    pub clusters: watch::Sender<Clusters>,
}

impl Switch {
    /// Begins with `live`.
    #[must_use]
    pub fn new(live: Live, spools: impl FnOnce(Vec<Spooled>) -> Spools) -> Self {
        Self {
            lanes: watch::Sender::new(live.lanes),
            jobs: watch::Sender::new(live.jobs),
            reach: watch::Sender::new(live.reach),
            spools: Arc::new(Mutex::new(spools(live.spooled))),
            senders: watch::Sender::new(live.senders),
            clusters: watch::Sender::new(live.clusters),
        }
    }

    /// Puts `live` in the place of what is there. What new rules plan can be carried out at once,
    /// so what effects reach goes first.
    pub async fn replace(&self, live: Live) {
        self.reach.send_replace(live.reach);
        self.spools.lock().await.replace(live.spooled);
        self.senders.send_replace(live.senders);
        self.clusters.send_replace(live.clusters);
        self.lanes.send_replace(live.lanes);
        self.jobs.send_replace(live.jobs);
    }
}

fn local(config: &Config, forge: &ForgeName) -> Result<Option<LocalActs>, ServeError> {
    let Some(root) = config
        .forges
        .get(forge)
        .and_then(crate::config::Forge::root)
    else {
        return Ok(None);
    };
    Ok(Some(
        LocalActs::new(root.to_owned()).map_err(|error| setup("the local forge", error))?,
    ))
}

/// The forges that can be acted on.
///
/// # Errors
/// [`ServeError`] when a secret cannot be read, or this machine gives no HTTP client.
pub(crate) fn forges(config: &Config) -> Result<Forges, ServeError> {
    let mut forges = BTreeMap::new();
    let mut http = None;
    for (name, forge) in &config.forges {
        if let Some(local) = local(config, name)? {
            forges.insert(name.clone(), Forge::Local(local));
        }
        if let Some(gitea) = forge.gitea() {
            let http = match &http {
                Some(http) => reqwest::Client::clone(http),
                None => http.insert(forge_client()?).clone(),
            };
            let acts = GiteaActs::new(http, access(name, gitea)?);
            let acts = acts.map_err(|error| setup("a forge of kind `gitea`", error))?;
            forges.insert(name.clone(), Forge::Gitea(acts));
        }
    }
    Ok(Forges::new(forges))
}

fn forge_client() -> Result<reqwest::Client, ServeError> {
    // Fails only when a provider is set already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    sendo_forge::gitea::http().map_err(|error| setup("the HTTP client", error))
}

fn access(name: &ForgeName, gitea: &Gitea) -> Result<Access, ServeError> {
    Ok(Access {
        name: name.clone(),
        url: gitea.url.clone(),
        proposer: gitea.proposer.read().map_err(ServeError::Secret)?,
        approver: gitea.approver.read().map_err(ServeError::Secret)?,
        labels: gitea.labels.clone(),
        also_at: gitea.also_at.clone(),
    })
}

/// The clusters, none of which is asked before somebody has to.
///
/// # Errors
/// [`ServeError`] when a kubeconfig cannot be read.
pub(crate) fn clusters(config: &Config) -> Result<Clusters, ServeError> {
    let mut clusters = Vec::new();
    for (name, cluster) in &config.clusters {
        let access = match &cluster.kubeconfig {
            Some((kubeconfig, context)) => sendo_kube::Access::Kubeconfig {
                text: kubeconfig.read().map_err(ServeError::Secret)?,
                context: context.clone(),
            },
            None => sendo_kube::Access::InCluster,
        };
        let configured = Configured {
            access,
            argocd_namespace: cluster.argocd_namespace.clone(),
        };
        clusters.push((name.clone(), configured));
    }
    Ok(Clusters::new(clusters))
}

fn senders(config: &Config) -> Result<Senders, ServeError> {
    let mut senders = BTreeMap::new();
    for (name, forge) in &config.forges {
        let Some(gitea) = forge.gitea() else {
            continue;
        };
        let secrets = gitea
            .webhook_secrets
            .iter()
            .map(crate::config::Secret::read);
        let secrets: Result<Vec<_>, _> = secrets.collect();
        senders.insert(name.clone(), secrets.map_err(ServeError::Secret)?);
    }
    Ok(Senders::new(senders))
}

/// Every repository of a local forge that a lane reads or writes.
fn spooled(config: &Config, lanes: &[LaneRules]) -> Result<Vec<Spooled>, ServeError> {
    let mut all: Vec<Repository> = lanes
        .iter()
        .flat_map(|rules| [&rules.repository, &rules.deliver.repository])
        .cloned()
        .collect();
    all.sort();
    all.dedup();
    let mut spooled = Vec::new();
    for repository in all {
        if let Some(local) = local(config, &repository.forge)? {
            let folders = local.folders(&repository.path).to_vec();
            spooled.push(Spooled {
                repository,
                folders,
            });
        }
    }
    Ok(spooled)
}

fn targets(config: &Config, print: &Print) -> Result<Targets, ServeError> {
    let mut targets = BTreeMap::new();
    for notice in &config.notices {
        let language = notice.language.unwrap_or(config.server.language);
        let target = match &notice.channel {
            Channel::Slack { webhook } => Target::Slack {
                webhook: webhook.read().map_err(ServeError::Secret)?,
                language,
            },
            Channel::SlackApp {
                token,
                channel,
                api,
            } => Target::SlackApp(SlackApp {
                api: api.clone(),
                token: token.read().map_err(ServeError::Secret)?,
                channel: channel.clone(),
                language,
            }),
            Channel::Webhook { url, secret } => Target::Webhook {
                url: url
                    .read()
                    .map_err(ServeError::Secret)?
                    .expose_secret()
                    .to_owned(),
                secret: secret
                    .as_ref()
                    .map(|secret| secret.read().map_err(ServeError::Secret))
                    .transpose()?,
            },
            Channel::Terminal => Target::Terminal {
                language,
                print: Arc::clone(print),
            },
        };
        targets.insert(notice.name.clone(), target);
    }
    let client = egress::client().map_err(|error| setup("the HTTP client", error))?;
    Ok(Targets::new(client, targets, config.server.url.clone()))
}
