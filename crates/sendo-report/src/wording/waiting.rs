//! Why a deployment waits, who can move it, and what they type.
//!
//! Each sentence begins with its verb, so that a revision or nothing at all may stand before it.

use sendo_core::deployment::{Held, Lock, Waiting};
use sendo_core::names::Principal;
use sendo_core::time::Timestamp;

use crate::sentence::{Sentence, Slot};
use crate::wording::closed::typed;
use crate::wording::steps::{self, Step, next};
use crate::wording::{Context, effect, engine};
use crate::{Language, escape, time};

/// How many names a sentence lists before it counts the rest.
const LISTED: usize = 5;

/// Why it waits and who can move it.
#[must_use]
pub fn waiting(waiting: &Waiting, context: &Context<'_>, language: Language) -> Sentence {
    match waiting {
        Waiting::After { environment } => Sentence::fill(
            match language {
                Language::En => {
                    "waits for {environment}: it goes on by itself once {environment} has succeeded with the same revision."
                }
                Language::Ja => {
                    "{environment} の成功を待っています。{environment} が同じリビジョンで成功すると自動で進みます。"
                }
            },
            &[("environment", Slot::Text(environment.clone()))],
        ),
        Waiting::Checks { pending } => Sentence::fill(
            match language {
                Language::En => {
                    "waits for checks on the exact head: {names}. It goes on by itself when they report success."
                }
                Language::Ja => {
                    "先頭コミットのチェックを待っています: {names}。成功が報告されると自動で進みます。"
                }
            },
            &[("names", names(pending, language))],
        )
        .then(next(Step::Show, context, language)),
        Waiting::ChecksFailed { failed } => Sentence::fill(
            match language {
                Language::En => {
                    "waits, because checks failed on the exact head: {names}. A new report of success or a newer revision moves it."
                }
                Language::Ja => {
                    "先頭コミットのチェックが失敗したため止まっています: {names}。チェックの再実行が成功するか、新しいリビジョンが来ると進みます。"
                }
            },
            &[("names", names(failed, language))],
        )
        .then(next(Step::Show, context, language)),
        Waiting::People {
            needed,
            have,
            from,
            backwards,
        } => people(*needed, have, from, *backwards, language)
            .then(steps::approve(context, language)),
        Waiting::Soak { environment, until } => Sentence::fill(
            match language {
                Language::En => {
                    "waits until {until}: it has to prove itself in {environment} for a while. It goes on by itself."
                }
                Language::Ja => {
                    "{environment} での様子見のため、{until} まで待っています。時間になると自動で進みます。"
                }
            },
            &[
                ("environment", Slot::Text(environment.clone())),
                ("until", Slot::Text(time::date_time(*until))),
            ],
        ),
        Waiting::Locked { lock } => locked(lock, language),
        Waiting::Held { held } => held_back(held, language),
        Waiting::Frozen {
            name,
            reason,
            until,
            by,
        } => frozen(name, reason.as_deref(), *until, by.as_ref(), language),
        Waiting::ChangesRequested { by } => Sentence::fill(
            match language {
                Language::En => {
                    "waits, because {by} asked for changes on the exact head. {by} can approve it after all, or anybody can close it."
                }
                Language::Ja => {
                    "{by} が先頭コミットに変更を求めたため止まっています。{by} があらためて承認するか、だれかがクローズすると進みます。"
                }
            },
            &[("by", Slot::Code(by.to_string()))],
        )
        .then(next(Step::ApproveOrClose, context, language)),
        Waiting::ForeignCommits { commits } => Sentence::fill(
            match language {
                Language::En => {
                    "waits, because somebody else committed to its branch: {titles}. Sendo neither approves nor merges that; a person merges or closes it."
                }
                Language::Ja => {
                    "ほかの人がこのブランチにコミットしたため止まっています: {titles}。Sendo は承認もマージもしません。人がマージするかクローズしてください。"
                }
            },
            &[("titles", Slot::Text(titles(commits, language)))],
        )
        .then(next(Step::MergeOrClose, context, language)),
        Waiting::TreeMismatch => Sentence::fill(
            match language {
                Language::En => {
                    "waits, because the files of its head are not the ones Sendo would generate. Sendo neither approves nor merges that; a person merges or closes it."
                }
                Language::Ja => {
                    "先頭コミットのファイルが Sendo の生成する内容と一致しないため止まっています。Sendo は承認もマージもしません。人がマージするかクローズしてください。"
                }
            },
            &[],
        )
        .then(next(Step::MergeOrClose, context, language)),
        Waiting::Protected { why } => Sentence::fill(
            match language {
                Language::En => {
                    "waits for what the branch's protection asks for: {why}. It goes on by itself once that is met."
                }
                Language::Ja => {
                    "ブランチの保護ルールの条件がそろうのを待っています: {why}。条件がそろうと自動で進みます。"
                }
            },
            &[("why", Slot::Words(fragment(why)))],
        )
        .then(next(Step::Show, context, language)),
        Waiting::Engine {
            application,
            lacks,
            message,
        } => engine::lacks(application, *lacks, message.as_deref(), language),
        Waiting::Retry { effect, error, at } => Sentence::fill(
            match language {
                Language::En => {
                    "waits, because Sendo could not {effect}: {error}. It is tried again by itself at {at}."
                }
                Language::Ja => {
                    "{effect}ができないため待っています: {error}。{at} に自動で再試行します。"
                }
            },
            &[
                ("effect", Slot::Text(effect::tried(effect, language))),
                ("error", Slot::Words(fragment(error))),
                ("at", Slot::Text(time::date_time(*at))),
            ],
        ),
        Waiting::Blocked {
            effect,
            reason_code,
            error,
        } => Sentence::fill(
            match language {
                Language::En => {
                    "waits for a person, because Sendo could not {effect}: {error} ({code}). It goes on once the configuration or the repository is corrected."
                }
                Language::Ja => {
                    "{effect}ができないため、人の対応を待っています: {error}（{code}）。設定またはリポジトリを修正すると進みます。"
                }
            },
            &[
                ("effect", Slot::Text(effect::tried(effect, language))),
                ("error", Slot::Words(fragment(error))),
                ("code", Slot::Code(reason_code.clone())),
            ],
        ),
    }
}

fn locked(lock: &Lock, language: Language) -> Sentence {
    let area = lock.area.to_string();
    Sentence::fill(
        match (language, lock.until) {
            (Language::En, None) => {
                "waits, because {by} locked {area}: {reason}. Next: `sendo unlock {typed}`."
            }
            (Language::En, Some(_)) => {
                "waits, because {by} locked {area} until {until}: {reason}. Next: `sendo unlock {typed}`."
            }
            (Language::Ja, None) => {
                "{by} が {area} をロックしているため待っています: {reason}。次の操作: `sendo unlock {typed}`"
            }
            (Language::Ja, Some(_)) => {
                "{by} が {area} を {until} までロックしているため待っています: {reason}。次の操作: `sendo unlock {typed}`"
            }
        },
        &[
            ("by", Slot::Code(lock.by.to_string())),
            ("area", Slot::Code(area.clone())),
            ("typed", Slot::Text(typed(area))),
            ("reason", Slot::Text(fragment(&lock.reason))),
            (
                "until",
                Slot::Text(lock.until.map(time::date_time).unwrap_or_default()),
            ),
        ],
    )
}

fn held_back(held: &Held, language: Language) -> Sentence {
    let lane = held.deployment.lane().to_owned();
    Sentence::fill(
        match (language, &held.reason) {
            (Language::En, None) => {
                "waits, because {by} rolled the lane back with {deployment}. Next: `sendo unlock {lane}`."
            }
            (Language::En, Some(_)) => {
                "waits, because {by} rolled the lane back with {deployment}: {reason}. Next: `sendo unlock {lane}`."
            }
            (Language::Ja, None) => {
                "{by} が {deployment} でロールバックしたため待っています。次の操作: `sendo unlock {lane}`"
            }
            (Language::Ja, Some(_)) => {
                "{by} が {deployment} でロールバックしたため待っています: {reason}。次の操作: `sendo unlock {lane}`"
            }
        },
        &[
            ("by", Slot::Code(held.by.to_string())),
            ("deployment", Slot::Text(held.deployment.to_string())),
            (
                "reason",
                Slot::Text(held.reason.as_deref().map(fragment).unwrap_or_default()),
            ),
            ("lane", Slot::Text(lane)),
        ],
    )
}

fn frozen(
    name: &str,
    reason: Option<&str>,
    until: Timestamp,
    by: Option<&Principal>,
    language: Language,
) -> Sentence {
    Sentence::fill(
        match (language, by, reason) {
            (Language::En, Some(_), _) => {
                "waits until {until}, because {by} announced the freeze {name}: {reason}. It goes on by itself; `sendo unfreeze {typed}` ends the freeze."
            }
            (Language::En, None, None) => {
                "waits until {until}, because of the freeze {name}. It goes on by itself."
            }
            (Language::En, None, Some(_)) => {
                "waits until {until}, because of the freeze {name}: {reason}. It goes on by itself."
            }
            (Language::Ja, Some(_), _) => {
                "{by} が告知したフリーズ期間 {name} のため、{until} まで待っています: {reason}。時間になると自動で進みます。期間を終わらせるには `sendo unfreeze {typed}` を実行します。"
            }
            (Language::Ja, None, None) => {
                "フリーズ期間 {name} のため、{until} まで待っています。時間になると自動で進みます。"
            }
            (Language::Ja, None, Some(_)) => {
                "フリーズ期間 {name} のため、{until} まで待っています: {reason}。時間になると自動で進みます。"
            }
        },
        &[
            ("name", Slot::Code(escape::cut(name, 80))),
            ("typed", Slot::Text(name.to_owned())),
            (
                "by",
                Slot::Code(by.map(ToString::to_string).unwrap_or_default()),
            ),
            (
                "reason",
                Slot::Text(reason.map(fragment).unwrap_or_default()),
            ),
            ("until", Slot::Text(time::date_time(until))),
        ],
    )
}

fn people(
    needed: u32,
    have: &[Principal],
    from: &[Principal],
    backwards: bool,
    language: Language,
) -> Sentence {
    let why = match (backwards, language) {
        (false, _) => "",
        (true, Language::En) => ", because the lane would go backwards",
        (true, Language::Ja) => "（レーンが前のリビジョンに戻るため）",
    };
    let who = if from.is_empty() {
        Sentence::fill(
            match language {
                Language::En => "Anybody but the one who asked may approve.",
                Language::Ja => "依頼した本人以外ならだれでも承認できます。",
            },
            &[],
        )
    } else {
        let left: Vec<String> = from
            .iter()
            .filter(|who| !have.contains(who))
            .map(ToString::to_string)
            .collect();
        Sentence::fill(
            match language {
                Language::En => "{who} may approve.",
                Language::Ja => "承認できる人: {who}。",
            },
            &[("who", either(&left, language))],
        )
    };
    let sentence = if have.is_empty() {
        match (needed, language) {
            (0 | 1, Language::En) => "waits for a person's approval{why}. {who}",
            (_, Language::En) => "waits for {needed} people's approval{why}. {who}",
            (0 | 1, Language::Ja) => "人の承認を待っています{why}。{who}",
            (_, Language::Ja) => "{needed} 人の承認を待っています{why}。{who}",
        }
    } else {
        match language {
            Language::En => {
                "waits for people's approval{why}: {count} of {needed}, by {have}. {who}"
            }
            Language::Ja => {
                "人の承認を待っています{why}。{needed} 人中 {count} 人が承認済み: {have}。{who}"
            }
        }
    };
    let have: Vec<String> = have.iter().map(ToString::to_string).collect();
    Sentence::fill(
        sentence,
        &[
            ("count", Slot::Text(have.len().to_string())),
            ("needed", Slot::Text(needed.to_string())),
            ("why", Slot::Sentence(Sentence::fill(why, &[]))),
            ("who", Slot::Sentence(who)),
            ("have", names(&have, language)),
        ],
    )
}

/// Names as a person lists them; a long list ends with how many more there are.
pub(super) fn names(all: &[String], language: Language) -> Slot {
    match language {
        Language::En => list(all, ", ", " and {more} more"),
        Language::Ja => list(all, "、", "、ほか {more} 件"),
    }
}

/// Names of which any one will do.
fn either(all: &[String], language: Language) -> Slot {
    match language {
        Language::En => list(all, " or ", " or {more} more"),
        Language::Ja => list(all, "、", "、ほか {more} 人"),
    }
}

fn list(all: &[String], between: &'static str, rest: &'static str) -> Slot {
    let shown = all.iter().take(LISTED).map(|name| escape::cut(name, 80));
    let names = Sentence::fill(
        "{names}",
        &[("names", Slot::Codes(shown.collect(), between))],
    );
    let more = all.len().saturating_sub(LISTED);
    Slot::Sentence(if more > 0 {
        names.then(Sentence::fill(
            rest,
            &[("more", Slot::Text(more.to_string()))],
        ))
    } else {
        names
    })
}

/// Commit subjects in quotation marks.
fn titles(commits: &[String], language: Language) -> String {
    let shown: Vec<String> = commits
        .iter()
        .take(3)
        .map(|title| match language {
            Language::En => format!("\u{201c}{}\u{201d}", escape::cut(title, 80)),
            Language::Ja => format!("「{}」", escape::cut(title, 80)),
        })
        .collect();
    let more = commits.len().saturating_sub(3);
    match (language, more) {
        (Language::En, 0) => shown.join(", "),
        (Language::En, _) => format!("{} and {more} more", shown.join(", ")),
        (Language::Ja, 0) => shown.concat(),
        (Language::Ja, _) => format!("{}ほか {more} 件", shown.concat()),
    }
}

/// The words of the other side as a fragment: one line, no full stop, not endless.
pub(super) fn fragment(error: &str) -> String {
    let line = escape::one_line(error);
    escape::cut(line.trim_end_matches(['.', '。']), 300)
}
