//! Lists, page by page.
//!
//! Owns how much is asked for at a time: less where a page is longer than what is read of an answer, and
//! more again after it. Where one entry alone is too long, the question says what to leave out of it.

use serde::de::DeserializeOwned;

use super::{Answer, Ask, Client};
use crate::error::ForgeError;

/// Entries asked for at a time: first what a Gitea gives at the most unless it is told otherwise. Each
/// is a part of the one before, so that small pages begin where large ones do.
const SIZES: [usize; 4] = [50, 25, 5, 1];

impl Client {
    /// Reads a list, at most `most` entries. The second half says whether there are more.
    ///
    /// # Errors
    /// As for [`Client::get`], refusals, and `answer_too_long` for one entry that is.
    pub(in crate::gitea) async fn list<T: DeserializeOwned>(
        &self,
        ask: &Ask,
        most: usize,
    ) -> Result<(Vec<T>, bool), ForgeError> {
        // No entries at all can come as `null`.
        let read = |answer: &Answer| Ok(answer.json::<Option<Vec<T>>>(ask)?.unwrap_or_default());
        self.pages(ask, most, read).await
    }

    /// Reads a list that stands inside of something else.
    ///
    /// # Errors
    /// As for [`Client::list`].
    pub(in crate::gitea) async fn pages<T>(
        &self,
        ask: &Ask,
        most: usize,
        read: impl Fn(&Answer) -> Result<Vec<T>, ForgeError>,
    ) -> Result<(Vec<T>, bool), ForgeError> {
        let enough = SIZES.iter().rposition(|size| *size >= most).unwrap_or(0);
        let (mut at, mut size, mut smallest) = (0, enough, enough);
        let mut all = Vec::new();
        // It gives less at a time than is asked for: then only pages of one size are told apart.
        let mut sparse = false;
        loop {
            let limit = SIZES[size];
            let one = ask
                .clone()
                .with("page", (at / limit + 1).to_string())
                .with("limit", limit.to_string());
            let mut answer = self.get(&one).await?.accepted(&one)?;
            if answer.is_too_long() && size + 1 < SIZES.len() {
                size += 1;
                smallest = smallest.max(size);
                if sparse {
                    at = 0;
                    all.clear();
                }
                continue;
            }
            if answer.is_too_long()
                && let Some(one) = one.lightened()
            {
                answer = self.get(&one).await?.accepted(&one)?;
            }
            let found = read(&answer)?;
            let seen = all.len() + found.len();
            // Only nothing is the end, where nothing else tells.
            let over = found.is_empty() || answer.is_last_page(seen, ask.counted);
            if found.len() < limit && !over && !sparse {
                sparse = true;
                if smallest > enough {
                    (at, size) = (0, smallest);
                    all.clear();
                    continue;
                }
            }
            all.extend(found);
            at += limit;
            if over || all.len() >= most {
                let more = !over || all.len() > most;
                all.truncate(most);
                return Ok((all, more));
            }
            if !sparse && size > enough && at.is_multiple_of(SIZES[size - 1]) {
                size -= 1;
            }
        }
    }
}
