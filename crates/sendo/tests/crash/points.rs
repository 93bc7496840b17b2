//! Every point there is, made from the effect kinds and the store's transactions.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::OnceLock;

use sendo_effects::places;
use sendo_store::PLACES;
use sendo_testkit::suite::say;
use sendo_testkit::{Story, Telling};

use crate::child::{self, Asked};
use crate::{run, store};

/// The N-th time a process is on one side of a place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At {
    pub(crate) place: String,
    pub(crate) side: String,
    pub(crate) nth: u32,
}

impl At {
    pub(crate) fn parse(text: &str) -> Self {
        let mut words = text.split(' ');
        let mut word = || words.next().unwrap().to_owned();
        Self {
            place: word(),
            side: word(),
            nth: word().parse().unwrap(),
        }
    }

    pub(crate) const fn with(place: String, side: String, nth: u32) -> Self {
        Self { place, side, nth }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.place, self.side, self.nth)
    }
}

/// Each side of each place; observations write no intent.
pub(crate) fn all() -> Vec<(String, String)> {
    let mut places: Vec<&str> = Vec::new();
    // The stories here have no cluster: what an engine is asked for is gone through by the suite `chain`.
    let no_engine = |of_kind: &places::Places| !of_kind.kind.ends_with("_engine");
    for of_kind in places::ALL.into_iter().filter(no_engine) {
        if !of_kind.kind.starts_with("observe_") {
            places.push(of_kind.intent);
        }
        places.extend([of_kind.send, of_kind.record]);
    }
    places.extend(PLACES);
    let both = |place: &str| ["before", "after"].map(|side| (place.to_owned(), side.to_owned()));
    places.into_iter().flat_map(both).collect()
}

/// Each point that was reached, and when each time: in which line of what it was written down in.
pub(crate) type Reached = BTreeMap<(String, String), Vec<usize>>;

pub(crate) fn reached_of(file: &Path) -> Reached {
    let mut reached = Reached::new();
    let text = std::fs::read_to_string(file).unwrap_or_default();
    for (at, line) in text.lines().enumerate() {
        if let Some((place, side)) = line.split_once(' ') {
            let point = (place.to_owned(), side.to_owned());
            reached.entry(point).or_default().push(at);
        }
    }
    reached
}

/// What one undisturbed run of the whole story reaches.
pub(crate) fn of_the_story() -> &'static Reached {
    static REACHED: OnceLock<Reached> = OnceLock::new();
    REACHED.get_or_init(|| {
        let mut story = Story::set(run::PROGRAM, Telling::Whole);
        let reached = story.stage.folder().join("reached");
        let asked = Asked {
            reached: Some(reached.clone()),
            ..Asked::default()
        };
        let mut server = child::start(&story.stage, &asked);
        assert!(server.came_up(), "{}", server.log());
        story.begin();
        story
            .play(&mut server)
            .unwrap_or_else(|error| panic!("{error}"));
        let reached = reached_of(&reached);
        let findings = story.close(server);
        assert!(findings.breaches.is_empty(), "{:#?}", findings.breaches);
        reached
    })
}

pub(crate) fn every_point_is_reached() {
    let (story, rare) = (of_the_story(), store::reached());
    let all = all();
    let missing: Vec<_> = all
        .iter()
        .filter(|point| !story.contains_key(*point) && !rare.contains_key(*point))
        .collect();
    let unknown: Vec<_> = story
        .keys()
        .chain(rare.keys())
        .filter(|point| !all.contains(*point))
        .collect();
    say(&format!(
        "{} points: {} reached by the story, {} by the rarer transactions, {} by neither",
        all.len(),
        all.iter()
            .filter(|point| story.contains_key(*point))
            .count(),
        all.iter().filter(|point| rare.contains_key(*point)).count(),
        missing.len()
    ));
    assert!(missing.is_empty(), "no test reaches {missing:#?}");
    assert!(unknown.is_empty(), "not on the list: {unknown:#?}");
}
