//! What caused a deployment.

use sendo_core::view::Cause;

use crate::escape::one_line;
use crate::{Language, time};

/// A delivery that caused a deployment: what came, from where, when, and its id.
#[must_use]
pub fn cause(cause: &Cause, language: Language) -> String {
    let (name, source) = (one_line(&cause.name), one_line(&cause.source));
    let (at, id) = (time::date_time(cause.at), one_line(&cause.id));
    match language {
        Language::En => format!("{name} from {source}, {at} (delivery {id})"),
        Language::Ja => format!("{source} からの {name}、{at}（受信 {id}）"),
    }
}
