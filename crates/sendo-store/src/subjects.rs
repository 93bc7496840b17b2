//! Subjects: waking them, and claiming one together with its world.
//!
//! A subject is awake while it was woken more often than decided, or when its own timer is due. A
//! hint from outside moves the time before which observations are stale; an effect's outcome or a
//! neighbour's fact wakes without doing so.

use sendo_core::effect::EffectView;
use sendo_core::fact::{Fact, Facts};
use sendo_core::subject::{SubjectId, SubjectKind};
use sendo_core::time::{Span, Timestamp};
use sendo_core::world::World;

use crate::boundary::place;
use crate::codec::json;
use crate::db::statement::{
    CLAIM_SUBJECT, FACTS_NAMED, FACTS_OF, INSTALLATION, LIVE_EFFECTS, SUBJECT, UPSERT_FACT,
    WAKE_SUBJECT,
};
use crate::db::{Db, Kind, Row, Tx, args, transact};
use crate::effects::view;
use crate::store::{Claimed, Result};

pub(crate) async fn hint(db: &Db, subjects: &[SubjectId]) -> Result<()> {
    transact!(db, Kind::Write(place::HINT), tx => {
        let now = tx.now;
        for subject in ordered(subjects) {
            wake(&mut tx, subject, Some(now)).await?;
        }
        Ok(())
    })
}

/// In the order in which everybody locks subjects, so that nobody waits in a circle.
pub(crate) fn ordered(subjects: &[SubjectId]) -> Vec<&SubjectId> {
    let mut ordered: Vec<_> = subjects.iter().collect();
    ordered.sort_by_cached_key(|subject| subject.to_string());
    ordered
}

/// Wakes one subject, making it if it is new.
pub(crate) async fn wake(tx: &mut Tx, subject: &SubjectId, hint: Option<Timestamp>) -> Result<()> {
    let now = tx.now;
    tx.run(&WAKE_SUBJECT, args![subject, hint.unwrap_or_default(), now])
        .await?;
    Ok(())
}

/// Keeps a fact, unless a newer observation is there.
pub(crate) async fn put_fact(tx: &mut Tx, fact: &Fact) -> Result<()> {
    let value = json("fact", &fact.value)?;
    tx.run(
        &UPSERT_FACT,
        args![&fact.subject, fact.key.as_str(), value, fact.observed_at],
    )
    .await?;
    Ok(())
}

pub(crate) async fn claim(
    db: &Db,
    lease: Span,
    reads: &(dyn for<'a> Fn(&'a SubjectId) -> Vec<SubjectId> + Send + Sync),
) -> Result<Option<Claimed>> {
    let claimed: Option<Claimed> = transact!(db, Kind::Write(place::CLAIM_SUBJECT), tx => {
        let now = tx.now;
        let Some(row) = tx.row(&CLAIM_SUBJECT, args![now, now + lease]).await? else {
            return Ok(None);
        };
        Ok(Some(Claimed {
            version: row.int("version")?,
            wakes: row.int("wakes")?,
            fence: row.int("fence")?,
            world: World {
                subject: row.subject("id")?,
                now,
                hinted_at: row.time("hinted_at")?,
                installation: String::new(),
                state: row.json("state")?,
                facts: Facts::default(),
                effects: Vec::new(),
            },
        }))
    })?;
    let Some(mut claimed) = claimed else {
        return Ok(None);
    };
    load(db, &mut claimed.world, reads).await?;
    Ok(Some(claimed))
}

/// The world of a subject as a decision would see it now. Claims nothing.
pub(crate) async fn world(
    db: &Db,
    subject: &SubjectId,
    reads: &(dyn for<'a> Fn(&'a SubjectId) -> Vec<SubjectId> + Send + Sync),
) -> Result<World> {
    let mut world = World {
        subject: subject.clone(),
        now: Timestamp::default(),
        hinted_at: Timestamp::default(),
        installation: String::new(),
        state: serde_json::Value::Null,
        facts: Facts::default(),
        effects: Vec::new(),
    };
    world.state = load(db, &mut world, reads).await?;
    Ok(world)
}

/// The facts under one key of every subject of a kind.
pub(crate) async fn facts_named(db: &Db, kind: SubjectKind, key: &str) -> Result<Vec<Fact>> {
    let prefix = format!("{}:", kind.as_str());
    transact!(db, Kind::Read, tx => {
        let rows = tx.rows(&FACTS_NAMED, args![prefix.as_str(), key]).await?;
        rows.iter().map(fact).collect()
    })
}

fn fact(row: &Row) -> Result<Fact> {
    Ok(Fact {
        subject: row.subject("subject")?,
        key: row.text("key")?,
        value: row.json("value")?,
        observed_at: row.time("observed_at")?,
    })
}

/// Reads the rest of the world at one instant. What arrives after the claim may be in it already,
/// and then its hint is too, so that no fact is judged by a look that is older than it; its wake-up
/// is still counted, and the subject is decided once more than needed. Gives the state as of that
/// instant, which a claim does not take: its own belongs to its version.
async fn load(
    db: &Db,
    world: &mut World,
    reads: &(dyn for<'a> Fn(&'a SubjectId) -> Vec<SubjectId> + Send + Sync),
) -> Result<serde_json::Value> {
    let subject = world.subject.clone();
    let mut readable = reads(&subject);
    readable.push(subject.clone());
    let (now, hinted_at, state, installation, facts, effects) = transact!(db, Kind::Read, tx => {
        let installation = tx
            .row(&INSTALLATION, args![])
            .await?
            .map_or_else(|| Ok(String::new()), |row| row.text("value"))?;
        let (hinted_at, state) = match tx.row(&SUBJECT, args![&subject]).await? {
            Some(row) => (row.time("hinted_at")?, row.json("state")?),
            None => (Timestamp::default(), serde_json::Value::Null),
        };
        let mut facts = Facts::default();
        let owners = json("subjects", &readable)?;
        for row in tx.rows(&FACTS_OF, args![owners.as_str()]).await? {
            facts.insert(fact(&row)?);
        }
        let now = tx.now;
        let effects: Vec<EffectView> = tx
            .rows(&LIVE_EFFECTS, args![&subject])
            .await?
            .iter()
            .map(|row| view(row, now))
            .collect::<Result<_>>()?;
        Ok((now, hinted_at, state, installation, facts, effects))
    })?;
    world.now = now;
    world.hinted_at = world.hinted_at.max(hinted_at);
    world.installation = installation;
    world.facts = facts;
    world.effects = effects;
    Ok(state)
}
