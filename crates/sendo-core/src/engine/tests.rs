//! Verdicts, one for each thing an engine can say.
//!
//! Size: one judgement, told case by case; its helpers are half of what another file would need again.

use super::*;

fn name(text: &str) -> EngineApplication {
    EngineApplication::new(text).unwrap()
}

fn sha(digit: char) -> Revision {
    Revision::new(digit.to_string().repeat(40)).unwrap()
}

/// An application that is where it should be.
fn app(text: &str) -> Applied {
    Applied {
        application: name(text),
        exists: true,
        revision: Some(sha('a')),
        place: Place::There,
        synced: true,
        automated: true,
        attempt: None,
        health: Health::Healthy,
        message: None,
        images: Vec::new(),
        window: None,
        causes: Vec::new(),
    }
}

fn attempt(phase: Phase, revision: char) -> Option<Attempt> {
    Some(Attempt {
        phase,
        revision: Some(sha(revision)),
        message: "the hook exited with 1".to_owned(),
    })
}

fn cause(object: &str, reason: &str) -> Cause {
    Cause {
        object: object.to_owned(),
        reason: reason.to_owned(),
        message: String::new(),
    }
}

fn of(applications: Vec<Applied>, edits: &[Edit]) -> Verdict {
    judge(&Report { applications }, edits)
}

fn but(change: impl FnOnce(&mut Applied)) -> Verdict {
    let mut one = app("web");
    change(&mut one);
    of(vec![one], &[])
}

/// What is said to be healthy where no pod shows it.
fn seems(text: &str) -> Verdict {
    Verdict::SeemsHealthy {
        application: name(text),
    }
}

fn lacking(verdict: Verdict) -> (Lacks, Option<String>) {
    match verdict {
        Verdict::Lacks { lacks, message, .. } => (lacks, message),
        other => panic!("{other:?}"),
    }
}

fn reasons(verdict: &Verdict) -> Vec<&str> {
    match verdict {
        Verdict::Ails { causes, .. } => causes.iter().map(|it| it.reason.as_str()).collect(),
        other => panic!("{other:?}"),
    }
}

fn image(new_name: Option<&str>, new_tag: Option<&str>, digest: Option<&str>) -> Vec<Edit> {
    vec![Edit::Image {
        path: "prod".to_owned(),
        image: "acme/web".to_owned(),
        new_name: new_name.map(str::to_owned),
        new_tag: new_tag.map(str::to_owned),
        digest: digest.map(str::to_owned),
    }]
}

fn named(name: &str, tag: &str) -> Vec<Edit> {
    image(Some(name), Some(tag), None)
}

fn running(images: &[&str], edits: &[Edit]) -> Verdict {
    let images = images.iter().map(|&image| image.to_owned()).collect();
    let one = Applied {
        images,
        ..app("web")
    };
    of(vec![one], edits)
}

#[test]
fn an_environment_is_healthy_when_every_application_is_at_the_commit_and_healthy() {
    let both = || {
        let images = vec!["acme/web:1.4".to_owned()];
        let web = Applied {
            images: images.clone(),
            ..app("web")
        };
        let jobs = Applied {
            images,
            ..app("jobs")
        };
        vec![web, jobs]
    };
    let ours = image(None, Some("1.4"), None);
    assert_eq!(of(both(), &ours), Verdict::Healthy);
    assert_eq!(
        of(both(), &[]),
        seems("web"),
        "nothing is known to look for"
    );
}

#[test]
fn an_application_that_is_not_there_lacks_itself() {
    let verdict = but(|one| (one.exists, one.place) = (false, Place::Unknown));
    assert_eq!(lacking(verdict), (Lacks::Application, None));
}

#[test]
fn an_engine_that_is_at_an_earlier_commit_has_not_looked_however_it_is_there() {
    for health in [Health::Healthy, Health::Degraded] {
        let verdict = but(|one| {
            (one.place, one.health) = (Place::Before, health);
            one.causes = vec![cause("Pod web-1", "CrashLoopBackOff")];
        });
        assert_eq!(lacking(verdict).0, Lacks::Look);
    }
}

#[test]
fn a_commit_whose_place_nobody_can_tell_lacks_knowledge() {
    let verdict = but(|one| (one.place, one.message) = (Place::Unknown, Some("?".to_owned())));
    assert_eq!(lacking(verdict), (Lacks::Knowledge, Some("?".to_owned())));
    assert_eq!(
        lacking(but(|one| one.health = Health::Unknown)).0,
        Lacks::Knowledge
    );
}

#[test]
fn what_is_not_applied_lacks_a_person_where_it_does_not_apply_by_itself() {
    let verdict = |automated| but(|one| (one.synced, one.automated) = (false, automated));
    assert_eq!(lacking(verdict(false)).0, Lacks::Person);
    assert_eq!(lacking(verdict(true)).0, Lacks::Sync);
}

#[test]
fn a_window_is_told_in_the_words_of_the_engine_unless_it_applies_already() {
    let verdict = |attempt| {
        lacking(but(|one| {
            (one.synced, one.automated, one.attempt) = (false, false, attempt);
            one.window = Some("deny 0 22 * * *".to_owned());
        }))
    };
    assert_eq!(
        verdict(None),
        (Lacks::Window, Some("deny 0 22 * * *".to_owned()))
    );
    let (lacks, message) = verdict(attempt(Phase::Running, 'a'));
    assert_eq!(
        (lacks, message.as_deref()),
        (Lacks::Sync, Some("the hook exited with 1"))
    );
}

#[test]
fn objects_on_their_way_lack_progress_and_paused_ones_somebody_to_resume_them() {
    for health in [Health::Progressing, Health::Missing] {
        assert_eq!(lacking(but(|one| one.health = health)).0, Lacks::Progress);
    }
    assert_eq!(
        lacking(but(|one| one.health = Health::Suspended)).0,
        Lacks::Resume
    );
}

#[test]
fn an_attempt_whose_last_hooks_still_run_is_not_healthy_although_its_objects_are() {
    let verdict = |revision: Option<char>| {
        but(|one| {
            one.attempt = attempt(Phase::Running, 'a');
            one.attempt.as_mut().unwrap().revision = revision.map(sha);
        })
    };
    for ours in [Some('a'), None] {
        assert_eq!(lacking(verdict(ours)).0, Lacks::Sync);
    }
    assert_eq!(verdict(Some('b')), seems("web"), "that of another one");
    let paused = but(|one| {
        (one.attempt, one.health) = (attempt(Phase::Running, 'a'), Health::Suspended);
    });
    assert_eq!(lacking(paused).0, Lacks::Resume, "it waits for that, too");
}

#[test]
fn a_failed_attempt_at_this_commit_ails_and_one_at_another_does_not() {
    let verdict = |revision| {
        but(|one| {
            one.attempt = attempt(Phase::Failed, revision);
            one.causes = vec![cause("Job migrate", "BackoffLimitExceeded")];
        })
    };
    assert_eq!(
        reasons(&verdict('a')),
        ["SyncFailed", "BackoffLimitExceeded"]
    );
    assert_eq!(verdict('b'), seems("web"));
}

#[test]
fn a_degraded_application_ails_of_what_its_pods_say_or_of_what_it_says_itself() {
    let of_pods = but(|one| {
        one.health = Health::Degraded;
        one.causes = vec![cause("Pod web-1/app", "CrashLoopBackOff")];
    });
    assert_eq!(reasons(&of_pods), ["CrashLoopBackOff"]);
    let itself = but(|one| {
        (one.health, one.message) = (Health::Degraded, Some("deadline exceeded".to_owned()));
    });
    let Verdict::Ails {
        application,
        causes,
    } = itself
    else {
        panic!("{itself:?}")
    };
    assert_eq!(application, name("web"));
    assert_eq!(
        (causes[0].object.as_str(), causes[0].message.as_str()),
        ("Application web", "deadline exceeded")
    );
}

#[test]
fn an_image_that_cannot_be_pulled_ails_while_the_engine_still_says_progressing() {
    let verdict = but(|one| {
        one.health = Health::Progressing;
        one.causes = vec![cause("Pod web-1/app", "ImagePullBackOff")];
    });
    assert_eq!(reasons(&verdict), ["ImagePullBackOff"]);
}

#[test]
fn what_ailed_before_it_was_applied_is_not_its_doing() {
    let verdict = but(|one| {
        (one.synced, one.automated, one.health) = (false, false, Health::Degraded);
        one.causes = vec![cause("Pod web-1/app", "CrashLoopBackOff")];
    });
    assert_eq!(
        lacking(verdict).0,
        Lacks::Person,
        "a fix that waits for its sync"
    );
}

#[test]
fn a_warning_of_a_healthy_application_is_no_ailment() {
    let verdict = but(|one| one.causes = vec![cause("Application web", "OrphanedResource")]);
    assert_eq!(verdict, seems("web"));
}

#[test]
fn an_engine_at_a_commit_that_neither_contains_nor_precedes_ours_is_displaced() {
    let verdict = but(|one| (one.place, one.revision) = (Place::Elsewhere, Some(sha('c'))));
    let (application, revision) = (name("web"), Some(sha('c')));
    assert_eq!(
        verdict,
        Verdict::Displaced {
            application,
            revision
        }
    );
}

#[test]
fn a_later_commit_that_says_another_image_displaces_ours() {
    let ours = image(None, Some("1.4"), None);
    assert_eq!(
        running(&["acme/web:1.4", "envoy:2"], &ours),
        Verdict::Healthy
    );
    assert!(matches!(
        running(&["acme/web:1.5", "envoy:2"], &ours),
        Verdict::Displaced { .. }
    ));
}

#[test]
fn images_are_known_by_name_tag_and_digest_whatever_the_registrys_port() {
    let port = "registry:5000/acme/web";
    let sum = format!("sha256:{}", "0".repeat(64));
    let ours = |tag, digest| image(Some(port), tag, digest);
    let cases = [
        (format!("{port}:1.4"), ours(Some("1.4"), None), true),
        (format!("{port}:1.5"), ours(Some("1.4"), None), false),
        (port.to_owned(), ours(Some("5000/acme/web"), None), false),
        (format!("{port}@{sum}"), ours(None, Some(&sum)), true),
        // A digest makes the tag a remark, which is not in the pods any more.
        (format!("{port}@{sum}"), ours(Some("1.4"), Some(&sum)), true),
        (format!("{port}:1.4@{sum}"), ours(Some("1.4"), None), true),
        (format!("{port}:1.4"), ours(None, Some(&sum)), false),
    ];
    for (runs, edits, ours) in cases {
        let verdict = running(&[&runs], &edits);
        assert_eq!(verdict == Verdict::Healthy, ours, "{runs} {edits:?}");
    }
}

#[test]
fn an_image_that_no_pod_runs_now_says_nothing_and_one_that_runs_as_we_set_it_speaks_for_us() {
    let migrate = named("acme/migrate", "1.4");
    assert_eq!(
        running(&["acme/web:1.3"], &migrate),
        seems("web"),
        "its job is done and gone"
    );
    let ours = image(None, Some("1.4"), None);
    assert_eq!(
        running(&["acme/web:1.3", "acme/web:1.4"], &ours),
        Verdict::Healthy,
        "an old job is still there"
    );
}

#[test]
fn an_image_may_run_in_any_of_the_applications_and_where_none_runs_nothing_speaks_against_it() {
    let with = |text, images: &[&str]| Applied {
        images: images.iter().map(|&image| image.to_owned()).collect(),
        ..app(text)
    };
    let mut edits = named("acme/web", "1.4");
    edits.extend(named("acme/jobs", "7"));
    let both = vec![
        with("web", &["acme/web:1.4"]),
        with("jobs", &["acme/jobs:7"]),
    ];
    assert_eq!(of(both, &edits), Verdict::Healthy);
    let idle = vec![with("web", &["acme/web:1.4"]), with("jobs", &[])];
    assert_eq!(of(idle, &edits), seems("jobs"));
    let other = vec![
        with("web", &["acme/web:1.4"]),
        with("jobs", &["acme/jobs:8"]),
    ];
    assert!(matches!(of(other, &edits), Verdict::Displaced { .. }));
}

#[test]
fn a_value_that_pods_run_as_an_image_a_tag_or_a_digest_is_shown_and_another_displaces_nothing() {
    let sum = format!("sha256:{}", "0".repeat(64));
    let set = |value: &str| {
        vec![Edit::Value {
            path: "prod.yaml".to_owned(),
            at: ".tag".to_owned(),
            value: value.to_owned(),
            document: None,
        }]
    };
    let runs = format!("acme/web:1.4@{sum}");
    for shown in ["1.4", &sum, &runs] {
        assert_eq!(running(&[&runs], &set(shown)), Verdict::Healthy, "{shown}");
    }
    assert_eq!(running(&["acme/web:1.3"], &set("1.4")), seems("web"));
    assert_eq!(running(&[], &set("1.4")), seems("web"));
}

#[test]
fn an_image_whose_name_only_the_file_knows_is_shown_by_its_tag_or_digest() {
    let sum = format!("sha256:{}", "0".repeat(64));
    let runs = format!("registry.example.com/web:1.4@{sum}");
    let tag = image(None, Some("1.4"), None);
    assert_eq!(running(&[&runs], &tag), Verdict::Healthy);
    let digest = image(None, Some("1.4"), Some(&sum));
    assert_eq!(running(&[&runs], &digest), Verdict::Healthy);
    let before = ["registry.example.com/web:1.3"];
    assert_eq!(running(&before, &tag), seems("web"));
    let tagged = ["registry.example.com/web:1.4"];
    assert_eq!(running(&tagged, &digest), seems("web"));
    // Where its name is known, nobody else speaks for it.
    let named = image(Some("acme/migrate"), Some("1.4"), None);
    assert_eq!(running(&["acme/web:1.4"], &named), seems("web"));
    let both = ["acme/web:1.3", "registry.example.com/web:1.4"];
    assert!(matches!(running(&both, &tag), Verdict::Displaced { .. }));
}

#[test]
fn of_several_applications_the_one_that_lacks_most_is_told_and_the_first_of_two() {
    let mut waits = app("jobs");
    (waits.synced, waits.automated) = (false, false);
    let mut progresses = app("web");
    progresses.health = Health::Progressing;
    let also = Applied {
        application: name("mail"),
        ..waits.clone()
    };
    let Verdict::Lacks {
        application, lacks, ..
    } = of(vec![progresses, waits, also], &[])
    else {
        panic!("it lacks something")
    };
    assert_eq!((application, lacks), (name("jobs"), Lacks::Person));
}

#[test]
fn what_ails_anywhere_is_told_before_all_else_and_never_without_end() {
    let mut elsewhere = app("jobs");
    elsewhere.place = Place::Elsewhere;
    let sick = |text| Applied {
        health: Health::Degraded,
        causes: vec![cause("Pod", "OOMKilled"); MOST_CAUSES],
        ..app(text)
    };
    let verdict = of(vec![elsewhere, sick("web"), sick("mail")], &[]);
    assert_eq!(reasons(&verdict).len(), MOST_CAUSES);
    assert!(matches!(verdict, Verdict::Ails { application, .. } if application == name("web")));
}

#[test]
fn what_is_lacking_is_ordered_as_it_is_listed() {
    assert!(Lacks::ALL.is_sorted());
    let patient: Vec<_> = Lacks::ALL
        .into_iter()
        .filter(|it| it.stops_the_clock())
        .collect();
    assert_eq!(patient, [Lacks::Resume, Lacks::Window, Lacks::Person]);
    assert!(patient.iter().all(|it| it.needs_somebody()));
}
