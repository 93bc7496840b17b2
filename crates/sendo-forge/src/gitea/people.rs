//! Who is who on a Gitea.
//!
//! Users go by their numbers, as a name can pass to somebody else. Our own two go by what they are for,
//! so that rules can tell them from people without asking.

use sendo_core::names::{ForgeName, Principal};

use super::approve::who;
use super::client::{Client, Role};
use super::shapes::User;
use crate::error::ForgeError;

/// The users of a Gitea, as far as we tell them apart.
#[derive(Debug)]
pub(super) struct People {
    forge: ForgeName,
    proposer: i64,
    approver: i64,
}

impl People {
    /// Asks who we are there.
    ///
    /// # Errors
    /// [`ForgeError`] when it does not answer, or does not know a token.
    pub(super) async fn ask(
        forge: &ForgeName,
        proposer: &Client,
        approver: &Client,
    ) -> Result<Self, ForgeError> {
        let (proposer, approver) = tokio::try_join!(who(proposer), who(approver))?;
        Ok(Self {
            forge: forge.clone(),
            proposer: proposer.id,
            approver: approver.id,
        })
    }

    /// Who a user is, unless it is nobody.
    pub(super) fn principal(&self, user: &User) -> Option<Principal> {
        match user.id {
            id if id == self.proposer => by_role(&self.forge, Role::Proposer),
            id if id == self.approver => by_role(&self.forge, Role::Approver),
            id => Principal::on_gitea(&self.forge, id),
        }
    }
}

/// Our own two users of a Gitea, as what is seen there names them: neither counts as a person.
#[must_use]
pub fn ours(forge: &ForgeName) -> Vec<Principal> {
    let roles = [Role::Proposer, Role::Approver].into_iter();
    roles.filter_map(|role| by_role(forge, role)).collect()
}

/// No number is a word, so nobody else goes by these.
fn by_role(forge: &ForgeName, role: Role) -> Option<Principal> {
    Principal::new(format!("gitea:{forge}/{}", role.name())).ok()
}
