//! `sendo audit verify`: recomputes the audit trail's hash chain.

use sendo_store::AuditVerdict;

use super::Outcome;
use crate::client::Client;
use crate::connect::Connect;
use crate::exit::Exit;
use crate::lifecycle;
use crate::out::Out;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Recompute the hash chain, and name the first line that does not fit.
    #[command(after_help = "Example:
  sendo audit verify

Exit 0: every sealed line fits, 1: one does not.")]
    Verify(Connect),
}

pub(super) fn run(verb: &Verb, out: &Out) -> Outcome {
    let Verb::Verify(connect) = verb;
    let client = Client::connect(connect, out)?;
    let verdict: AuditVerdict = lifecycle::block_on(client.get("/api/v1/audit/verify"))??;
    if out.for_programs() {
        out.value(&verdict);
    } else {
        match &verdict.broken {
            Some((line, why)) => out.line(&format!("broken at line {line}: {why}")),
            None => out.line(&format!(
                "{} lines verified, {} not sealed yet, head {}",
                verdict.verified,
                verdict.unsealed,
                verdict.head.as_deref().unwrap_or("none")
            )),
        }
    }
    Ok(if verdict.broken.is_some() {
        Exit::Failed
    } else {
        Exit::Ok
    })
}
