//! What single commits and tags say: what a commit changes, when a tag was made.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use sendo_git::{Oid, RefEntry};

use super::client::Ask;
use super::history::{History, date};
use super::shapes::Tag;
use crate::error::ForgeError;

/// Tags read at the most, newest first.
const MOST_TAGS: usize = 5_000;
/// Tags whose times are remembered, before those that one look adds.
const MOST_REMEMBERED: usize = 20_000;

impl History {
    /// What a commit changes against its first parent, in at most `limit` bytes, and whether that cut it.
    ///
    /// # Errors
    /// As for [`History::is_ancestor`].
    pub(crate) async fn diff(&self, to: Oid, limit: u64) -> Result<(String, bool), ForgeError> {
        // For a commit that is not there, the answer is an inner error.
        match self.look_for(to).await {
            Err(error) if error.is_missing() => {
                return Err(self.missing_in_what_there_is(to).await?);
            }
            looked => looked?,
        }
        let name = format!("{to}.diff");
        let path = ["git", "commits", &name];
        let ask = Ask::repository(format!("read what {to} changes"), &self.repository, &path)?;
        let answer = self.client.get(&ask).await?;
        Ok(answer.accepted(&ask)?.text(limit))
    }

    /// The same tags with the times they were made. Lists are read only for a tag nobody saw before.
    ///
    /// # Errors
    /// Trouble on the way.
    pub(crate) async fn dated(&self, mut tags: Vec<RefEntry>) -> Result<Vec<RefEntry>, ForgeError> {
        let made = self
            .made
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if tags.iter().any(|tag| !made.contains_key(&tag.oid)) {
            let ask = Ask::repository("read the tags", &self.repository, &["tags"])?;
            let (listed, _) = self.client.list::<Tag>(&ask, MOST_TAGS).await?;
            let named: BTreeMap<&str, i64> = listed
                .iter()
                .map(|tag| (tag.name.as_str(), date(&tag.commit.created)))
                .collect();
            for tag in &mut tags {
                let name = tag.name.as_str().trim_start_matches("refs/tags/");
                tag.created_at = named.get(name).copied();
            }
            let dated = tags
                .iter()
                .filter_map(|tag| Some((tag.oid, tag.created_at?)));
            let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
            // Tags of other prefixes were asked for by others, who will ask again.
            if made.len() > MOST_REMEMBERED {
                made.clear();
            }
            made.extend(dated);
            return Ok(tags);
        }
        for tag in &mut tags {
            tag.created_at = made.get(&tag.oid).copied();
        }
        Ok(tags)
    }

    /// What is not there: the commit, or all of the repository.
    async fn missing_in_what_there_is(&self, oid: Oid) -> Result<ForgeError, ForgeError> {
        let ask = Ask::repository("read the state", &self.repository, &[])?;
        Ok(match self.client.get(&ask).await?.status() {
            404 => ForgeError::refused(
                "repository_missing",
                format!("`{}` is not on its forge any more", self.repository),
            ),
            _ => self.missing(oid),
        })
    }
}
