//! An engine in memory: what it looked at, what it applied, and how that is.

use super::convergence::Dice;
use super::harness::Harness;
use super::outside::Outside;
use crate::engine::{Applied, Attempt, Cause, Health, Phase, Place, Report};
use crate::event::Event;
use crate::names::{EngineApplication, Revision};

/// An application of the engine.
#[derive(Debug, Clone)]
pub(super) struct Application {
    /// The commit it last compared the cluster with.
    pub(super) looked: Revision,
    /// The commit it applied.
    pub(super) applied: Revision,
    pub(super) automated: bool,
    /// Its looks fail, as when its git is away.
    pub(super) blind: bool,
    pub(super) window: Option<String>,
    /// How what is applied next will be.
    pub(super) next: Health,
    pub(super) health: Health,
    pub(super) attempt: Option<Attempt>,
    pub(super) causes: Vec<Cause>,
    /// Its last word.
    pub(super) message: Option<String>,
}

impl Outside {
    fn head(&self) -> Revision {
        self.refs["main"].clone()
    }

    /// The engine looks at the base, and applies it where it does that by itself.
    pub(super) fn refresh(&mut self, name: &EngineApplication) {
        let head = self.head();
        let Some(one) = self.cluster.get_mut(name.as_str()) else {
            return;
        };
        if one.blind {
            return;
        }
        one.looked = head;
        if one.automated && one.window.is_none() {
            let looked = one.looked.clone();
            self.sync(name, &looked);
        }
    }

    /// The engine applies a commit.
    pub(super) fn sync(&mut self, name: &EngineApplication, revision: &Revision) {
        if let Some(one) = self.cluster.get_mut(name.as_str())
            && one.applied != *revision
        {
            one.applied = revision.clone();
            one.health = one.next;
        }
    }

    pub(super) fn report(&self, names: &[EngineApplication], ours: &Revision) -> Report {
        let of = |name: &EngineApplication| {
            let none = Applied {
                application: name.clone(),
                exists: false,
                revision: None,
                place: Place::Unknown,
                synced: false,
                automated: false,
                attempt: None,
                health: Health::Unknown,
                message: None,
                images: Vec::new(),
                window: None,
                causes: Vec::new(),
            };
            let Some(one) = self.cluster.get(name.as_str()) else {
                return none;
            };
            let known = self.commits.contains_key(ours);
            let content = &self.commits[&one.applied].content;
            let tag = content.get("test.yaml.tag");
            Applied {
                exists: true,
                revision: Some(one.looked.clone()),
                place: match () {
                    () if !known => Place::Unknown,
                    () if self.contains(&one.looked, ours) => Place::There,
                    () if self.contains(ours, &one.looked) => Place::Before,
                    () => Place::Elsewhere,
                },
                synced: one.applied == one.looked,
                automated: one.automated,
                attempt: one.attempt.clone(),
                health: one.health,
                message: one.message.clone(),
                window: one.window.clone(),
                causes: one.causes.clone(),
                images: tag
                    .map(|tag| format!("acme/web:{tag}"))
                    .into_iter()
                    .collect(),
                ..none
            }
        };
        Report {
            applications: names.iter().map(of).collect(),
        }
    }
}

pub(super) fn back_off() -> Cause {
    Cause {
        object: "Pod web-1/app".to_owned(),
        reason: "CrashLoopBackOff".to_owned(),
        message: "exit code 1".to_owned(),
    }
}

impl Harness {
    /// The engine's application `web-test`, changed; whoever watches it tells.
    pub(super) fn engine(&mut self, change: impl FnOnce(&mut Application)) {
        change(self.outside.cluster.get_mut("web-test").unwrap());
        self.touch_engine();
    }

    pub(super) fn touch_engine(&mut self) {
        self.mail.push(Event::EngineTouched {
            cluster: "north".parse().unwrap(),
            application: "web-test".parse().unwrap(),
        });
    }

    pub(super) fn health(&mut self, health: Health) {
        self.engine(|one| {
            (one.health, one.causes) = (health, Vec::new());
            one.causes
                .extend((health == Health::Degraded).then(back_off));
        });
    }

    /// What is applied from now on will be like this at first.
    pub(super) fn next_is(&mut self, health: Health) {
        self.outside.cluster.get_mut("web-test").unwrap().next = health;
    }

    /// A person applies what the engine looked at.
    pub(super) fn sync_by_hand(&mut self) {
        let name = "web-test".parse().unwrap();
        let looked = self.outside.cluster["web-test"].looked.clone();
        self.outside.sync(&name, &looked);
        self.touch_engine();
    }

    pub(super) fn attempt_fails(&mut self) {
        self.engine(|one| {
            one.attempt = Some(Attempt {
                phase: Phase::Failed,
                revision: Some(one.looked.clone()),
                message: "the hook failed".to_owned(),
            });
        });
    }

    /// Something happens in the cluster, and somebody tells or not.
    pub(super) fn engine_lives(&mut self, dice: &mut Dice) {
        let healths = [
            Health::Healthy,
            Health::Progressing,
            Health::Degraded,
            Health::Suspended,
            Health::Unknown,
        ];
        let health = healths[usize::try_from(dice.of(5)).unwrap()];
        match dice.of(8) {
            0 | 1 => self.health(health),
            2 => self.next_is(health),
            3 => self.sync_by_hand(),
            4 => self.attempt_fails(),
            5 => self.engine(|one| one.automated = !one.automated),
            6 => self.engine(|one| {
                one.window = match one.window {
                    None => Some("deny".to_owned()),
                    Some(_) => None,
                }
            }),
            _ => {
                let head = self.outside.refs["main"].clone();
                self.engine(|one| one.looked = head);
            }
        }
        if dice.of(3) == 0 {
            self.mail.clear();
        }
    }

    /// An engine whose application is at the base as it is now, and healthy.
    pub(super) fn with_cluster(mut self) -> Self {
        let head = self.outside.refs["main"].clone();
        let application = Application {
            looked: head.clone(),
            applied: head,
            automated: true,
            blind: false,
            window: None,
            next: Health::Progressing,
            health: Health::Healthy,
            attempt: None,
            causes: Vec::new(),
            message: None,
        };
        self.outside
            .cluster
            .insert("web-test".to_owned(), application);
        self
    }
}
