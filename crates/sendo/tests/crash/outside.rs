//! Pushes that nobody tells of, or tells of twice: one sweep after the last of them the state is
//! what it would have been.

use sendo_testkit::suite::in_parallel;
use sendo_testkit::{Stage, Story, Telling};

use crate::child::{self, Asked};
use crate::run::{self, Case};

/// What becomes of the notes that the hooks leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Notes {
    /// None arrives.
    Dropped,
    /// Each arrives twice.
    Doubled,
    /// Two of three arrive.
    Thinned,
}

pub(crate) fn dropped_and_doubled_pushes_end_in_the_same_state() {
    let ways = [Notes::Dropped, Notes::Doubled, Notes::Thinned];
    let done = in_parallel(run::AT_ONCE, &ways, |notes| {
        let mut story = Story::set(run::PROGRAM, Telling::Whole);
        let mut server = child::start(&story.stage, &Asked::default());
        server.came_up();
        story.first_look(&mut server);
        for repository in ["shop", "site", "manifests"] {
            meddle(&story.stage, repository, *notes);
        }
        story.begin();
        let played = story.play(&mut server);
        Case {
            name: format!("{notes:?}"),
            disturbed: true,
            findings: run::ended(story, server, played),
        }
    });
    run::report("notes of pushes", done);
}

/// Puts another hook in the place of Sendo's.
fn meddle(stage: &Stage, repository: &str, notes: Notes) {
    use std::os::unix::fs::PermissionsExt;
    let hook = stage.bare(repository).join("hooks/post-receive");
    let kept = hook.with_file_name("kept");
    std::fs::copy(&hook, &kept).unwrap();
    let kept = kept.display();
    let body = match notes {
        Notes::Dropped => "cat >/dev/null".to_owned(),
        Notes::Doubled => format!("moves=$(cat); for n in 1 2; do echo \"$moves\" | {kept}; done"),
        Notes::Thinned => format!(
            "moves=$(cat); echo x >>$GIT_DIR/seen; n=$(wc -l <$GIT_DIR/seen)\n\
             [ $((n % 3)) -eq 0 ] || echo \"$moves\" | {kept}"
        ),
    };
    std::fs::write(&hook, format!("#!/bin/sh\n# sendo-spool 1\n{body}\n")).unwrap();
    std::fs::set_permissions(&hook, PermissionsExt::from_mode(0o755)).unwrap();
}
