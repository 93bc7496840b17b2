//! What caused a deployment, or a line of the audit trail.

use sendo_core::time::Timestamp;
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

/// Of a line that was decided, when and on the news of which moment, as a fragment. Such a cause is kept
/// as its microseconds, so that sealed lines stay what they are; `None` is another cause.
#[must_use]
pub fn decided(cause: &str, language: Language) -> Option<String> {
    let moment = |micros: &str| micros.parse().ok().map(|at| time::date_time(Timestamp(at)));
    let rest = cause.strip_prefix("decided at ")?;
    let Some((at, hint)) = rest.split_once(" on what was hinted at ") else {
        let at = moment(rest)?;
        return Some(match language {
            Language::En => format!("decided at {at}"),
            Language::Ja => format!("{at} に判断"),
        });
    };
    let (at, hint) = (moment(at)?, moment(hint)?);
    Some(match language {
        Language::En => format!("decided at {at} on what was hinted at {hint}"),
        Language::Ja => format!("{hint} の知らせをもとに {at} に判断"),
    })
}
