//! Who is who on a Gitea.
//!
//! Users go by their numbers, as a name can pass to somebody else. Our own two go by what they are for,
//! so that rules can tell them from people without asking.

use sendo_core::names::{ForgeName, Principal};
use tokio::sync::OnceCell;

use super::approve::who;
use super::client::{Client, Role};
use super::shapes::User;
use crate::error::ForgeError;

/// The users of a Gitea, as far as we tell them apart.
#[derive(Debug)]
pub(super) struct People {
    forge: ForgeName,
    /// The numbers of who proposes and who approves; asked once, as a token does not change hands.
    ours: OnceCell<(i64, i64)>,
}

impl People {
    pub(super) const fn of(forge: ForgeName) -> Self {
        Self {
            forge,
            ours: OnceCell::const_new(),
        }
    }

    /// Who a user is, unless it is nobody.
    ///
    /// # Errors
    /// [`ForgeError`] when the Gitea does not say who we are there.
    pub(super) async fn principal(
        &self,
        user: &User,
        proposer: &Client,
        approver: &Client,
    ) -> Result<Option<Principal>, ForgeError> {
        let ask = || async {
            let (proposer, approver) = tokio::try_join!(who(proposer), who(approver))?;
            Ok::<_, ForgeError>((proposer.id, approver.id))
        };
        let (proposer, approver) = self.ours.get_or_try_init(ask).await?;
        Ok(match user.id {
            id if id == *proposer => by_role(&self.forge, Role::Proposer),
            id if id == *approver => by_role(&self.forge, Role::Approver),
            id => Principal::on_gitea(&self.forge, id),
        })
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
