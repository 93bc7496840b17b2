//! Who a caller is: what is done with a token stands under its principal, and whoever waits for what
//! they asked for has to know theirs from another's.

use axum::Json;
use sendo_core::names::Principal;
use serde::Serialize;

use crate::auth::Caller;
use crate::error::Answer;

/// The caller.
#[derive(Debug, Serialize)]
pub(crate) struct Me {
    principal: Principal,
}

/// Tells who shows this token.
pub(crate) async fn show(caller: Caller) -> Answer<Json<Me>> {
    let principal = caller.principal()?;
    Ok(Json(Me { principal }))
}
