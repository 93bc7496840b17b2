//! What an engine makes of a merged change: what an environment lacks, and what displaced a deployment.

use sendo_core::engine::{Cause, Lacks};
use sendo_core::names::{EngineApplication, Revision};

use crate::sentence::{Sentence, Slot};
use crate::wording::waiting::fragment;
use crate::{Language, escape};

/// At most this many causes are listed under a failure.
const LISTED: usize = 10;

/// Why an environment is not healthy yet, and who can move it. It begins with its verb, as every reason
/// to wait.
pub(super) fn lacks(
    application: &EngineApplication,
    lacks: Lacks,
    message: Option<&str>,
    language: Language,
) -> Sentence {
    let [en, ja] = match lacks {
        Lacks::Progress => [
            "waits for {application} to become healthy{said}. It goes on by itself.",
            "{application} が正常になるのを待っています{said}。自動で進みます。",
        ],
        Lacks::Sync => [
            "waits for Argo CD to sync {application}{said}. It goes on by itself.",
            "Argo CD が {application} を同期するのを待っています{said}。自動で進みます。",
        ],
        Lacks::Look => [
            "waits for Argo CD to see the merged commit in {application}{said}. It goes on by itself.",
            "Argo CD が {application} でマージ済みのコミットを検出するのを待っています{said}。自動で進みます。",
        ],
        Lacks::Knowledge => [
            "waits, because Argo CD cannot tell how {application} is{said}. It goes on by itself once it can.",
            "Argo CD が {application} の状態を判定できないため待っています{said}。判定できると自動で進みます。",
        ],
        Lacks::Resume => [
            "waits, because something in {application} is paused{said}. It goes on once a person resumes it.",
            "{application} の中に一時停止中のものがあるため待っています{said}。人が再開すると進みます。",
        ],
        Lacks::Window => [
            "waits, because Argo CD may not sync {application} now{said}. It goes on by itself when it may.",
            "Argo CD が今は {application} を同期できないため待っています{said}。同期できる時間になると自動で進みます。",
        ],
        Lacks::Person => [
            "waits for a person in Argo CD to sync {application}{said}. It goes on by itself after that.",
            "人が Argo CD で {application} を同期するのを待っています{said}。同期されると自動で進みます。",
        ],
        Lacks::Application => [
            "waits, because Argo CD has no application {application}{said}. It goes on once a person creates it or corrects its name in the configuration.",
            "Argo CD にアプリケーション {application} がないため待っています{said}。人が作成するか、設定の名前を直すと進みます。",
        ],
    };
    let said = message.map_or_else(Sentence::default, |message| {
        Sentence::fill(
            match (lacks, language) {
                (Lacks::Window, Language::En) => ": window {message}",
                (Lacks::Window, Language::Ja) => "（時間枠: {message}）",
                (_, Language::En) => ": {message}",
                (_, Language::Ja) => "（{message}）",
            },
            &[("message", Slot::Words(fragment(message)))],
        )
    });
    Sentence::fill(
        match language {
            Language::En => en,
            Language::Ja => ja,
        },
        &[
            ("application", Slot::Code(application.to_string())),
            ("said", Slot::Sentence(said)),
        ],
    )
}

/// That something else was applied.
pub(super) fn displaced(
    revision: &Revision,
    application: &EngineApplication,
    other: Option<&Revision>,
    language: Language,
) -> Sentence {
    let short = |revision: &Revision| Slot::Text(revision.short().to_owned());
    Sentence::fill(
        match (other, language) {
            (Some(_), Language::En) => {
                "{revision} is merged and gave way before it was healthy: somebody applied something else to {application}, commit {other} of the manifests. It is not followed any more."
            }
            (Some(_), Language::Ja) => {
                "{revision} はマージ済みですが、正常になる前に {application} へ別の内容（マニフェストのコミット {other}）が適用されました。これ以上は追跡しません。"
            }
            (None, Language::En) => {
                "{revision} is merged and gave way before it was healthy: somebody applied something else to {application}. It is not followed any more."
            }
            (None, Language::Ja) => {
                "{revision} はマージ済みですが、正常になる前に {application} へ別の内容が適用されました。これ以上は追跡しません。"
            }
        },
        &[
            ("revision", short(revision)),
            ("application", Slot::Code(application.to_string())),
            ("other", other.map_or(Slot::Text(String::new()), short)),
        ],
    )
}

/// What ails, a line each; what is left out is counted.
pub(crate) fn causes(causes: &[Cause], language: Language) -> Vec<String> {
    let one = |cause: &Cause| {
        let object = escape::cut(&escape::one_line(&cause.object), 120);
        let reason = escape::cut(&escape::one_line(&cause.reason), 60);
        match fragment(&cause.message) {
            said if said.is_empty() => format!("{object}: {reason}"),
            said => format!("{object}: {reason} ({said})"),
        }
    };
    let mut lines: Vec<String> = causes.iter().take(LISTED).map(one).collect();
    let more = causes.len().saturating_sub(LISTED);
    if more > 0 {
        lines.push(match language {
            Language::En => format!("and {more} more"),
            Language::Ja => format!("ほか {more} 件"),
        });
    }
    lines
}
