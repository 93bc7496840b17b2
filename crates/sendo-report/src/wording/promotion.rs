//! One sentence for each turn of a promotion.

use sendo_core::deployment::Failure;
use sendo_core::names::Revision;
use sendo_core::notice::{Notice, Turn};

use crate::Language;
use crate::sentence::{Sentence, Slot};
use crate::wording::waiting::{fragment, waiting};
use crate::wording::{Context, act, cancelled, engine, reference};

/// What happened, on one line, as far as the notice alone can tell.
#[must_use]
pub fn turn(notice: &Notice, language: Language) -> Sentence {
    turn_in(notice, &Context::of_notice(notice), language)
}

/// What happened, on one line, with the commands and addresses the context knows.
#[must_use]
pub fn turn_in(notice: &Notice, context: &Context<'_>, language: Language) -> Sentence {
    let lane = Sentence::fill("{lane}: ", &[("lane", Slot::Text(notice.lane.to_string()))]);
    lane.then(happened(notice, context, language))
}

/// What happened, without naming the lane: for places that stand under its heading.
#[must_use]
pub fn happened(notice: &Notice, context: &Context<'_>, language: Language) -> Sentence {
    let revision = ("revision", short(&notice.revision));
    match &notice.turn {
        Turn::Started { .. } => started(notice, language),
        Turn::ChangeRequestOpened { number, url } => Sentence::fill(
            match language {
                Language::En => "change request #{number} for {revision} is open: {url}",
                Language::Ja => "{revision} の変更リクエスト #{number} を作成しました: {url}",
            },
            &[
                revision,
                ("number", Slot::Text(number.to_string())),
                ("url", address(url)),
            ],
        ),
        Turn::Waits { waiting: why, .. } => Sentence::fill(
            match language {
                Language::En => "{revision} {why}",
                Language::Ja => "{revision} は、{why}",
            },
            &[
                revision,
                ("why", Slot::Sentence(waiting(why, context, language))),
            ],
        ),
        Turn::Approved { number, head } => Sentence::fill(
            match language {
                Language::En => {
                    "Sendo's second identity approved change request #{number} at exactly {head}."
                }
                Language::Ja => {
                    "Sendo が承認用の ID で変更リクエスト #{number} の {head} を承認しました。"
                }
            },
            &[
                ("number", Slot::Text(number.to_string())),
                ("head", short(head)),
            ],
        ),
        Turn::PersonApproved { by, have, needed } => Sentence::fill(
            match language {
                Language::En => "{by} approved {revision}: {have} of {needed}.",
                Language::Ja => "{by} が {revision} を承認しました（{have}/{needed}）。",
            },
            &[
                revision,
                ("by", Slot::Code(by.to_string())),
                ("have", Slot::Text(have.to_string())),
                ("needed", Slot::Text(needed.to_string())),
            ],
        ),
        Turn::Overridden { by, reason } => Sentence::fill(
            match language {
                Language::En => {
                    "{by} broke the glass for {revision}: {reason}. Approvals, soak, locks, holds and freezes do not stop it."
                }
                Language::Ja => {
                    "{by} が {revision} を緊急実行にしました: {reason}。承認、様子見、ロック、フリーズ期間では止まりません。"
                }
            },
            &[
                revision,
                ("by", Slot::Code(by.to_string())),
                ("reason", Slot::Text(fragment(reason))),
            ],
        ),
        Turn::ActRefused { act, by, why } => Sentence::fill(
            match language {
                Language::En => "`{act}` by {by} was not done: {why} ({code}).",
                Language::Ja => "{by} の `{act}` は実行されませんでした: {why}（{code}）。",
            },
            &[
                ("act", Slot::Text(act.clone())),
                ("by", Slot::Code(by.to_string())),
                ("why", Slot::Text(act::refused(*why, language).to_owned())),
                ("code", Slot::Code(why.code().to_owned())),
            ],
        ),
        Turn::Merged {
            number,
            revision: base,
            by,
        } => merged(
            *number,
            base,
            by.as_ref().map(ToString::to_string),
            notice,
            language,
        ),
        Turn::Succeeded { unchanged, healthy } => Sentence::fill(
            match (unchanged, healthy, language) {
                (false, true, Language::En) => {
                    "{revision} succeeded; {environment} is healthy at this revision."
                }
                (false, true, Language::Ja) => {
                    "{revision} のデプロイが {environment} で成功し、正常に動いています。"
                }
                (true, true, Language::En) => {
                    "{revision} succeeded; the files already said so, and {environment} is healthy at this revision."
                }
                (true, true, Language::Ja) => {
                    "{revision} のデプロイが成功しました。ファイルはすでにこの内容で、{environment} は正常に動いています。"
                }
                (false, false, Language::En) => {
                    "{revision} succeeded; {environment} is at this revision now."
                }
                (false, false, Language::Ja) => {
                    "{revision} のデプロイが {environment} で成功しました。"
                }
                (true, false, Language::En) => {
                    "{revision} succeeded; the files already said so, nothing had to change."
                }
                (true, false, Language::Ja) => {
                    "{revision} のデプロイが成功しました。ファイルはすでにこの内容で、変更は不要でした。"
                }
            },
            &[
                revision,
                (
                    "environment",
                    Slot::Text(notice.lane.environment.to_string()),
                ),
            ],
        ),
        Turn::Superseded {
            by,
            revision: newer,
        } => Sentence::fill(
            match language {
                Language::En => "{revision} is superseded by {newer} ({by}).",
                Language::Ja => "{revision} は新しい {newer}（{by}）に置き換えられました。",
            },
            &[
                revision,
                ("newer", short(newer)),
                ("by", Slot::Text(by.to_string())),
            ],
        ),
        Turn::Displaced {
            application,
            revision: other,
        } => engine::displaced(&notice.revision, application, other.as_ref(), language),
        Turn::Cancelled {
            by, merged: true, ..
        } => cancelled::left(by.as_ref().map(ToString::to_string), notice, language),
        Turn::Cancelled {
            by,
            number,
            merged: false,
        } => cancelled::cancelled(
            *number,
            by.as_ref().map(ToString::to_string),
            notice,
            language,
        ),
        Turn::Failed { failure, .. } => Sentence::fill(
            match language {
                Language::En => "{revision} failed: {failure}",
                Language::Ja => "{revision} のデプロイが失敗しました: {failure}",
            },
            &[
                revision,
                ("failure", Slot::Sentence(failed(failure, language))),
            ],
        ),
        Turn::Untold {
            target,
            of,
            failure,
        } => Sentence::fill(
            match language {
                Language::En => {
                    "{target} could not be told of `{of}`: {message} ({code}). It is not tried again; correct the target under `notices:`."
                }
                Language::Ja => {
                    "{target} に `{of}` を通知できませんでした: {message}（{code}）。再送はしません。設定の `notices:` で通知先を直してください。"
                }
            },
            &[
                ("target", Slot::Code(target.clone())),
                ("of", Slot::Text(of.clone())),
                ("message", Slot::Words(fragment(&failure.message))),
                ("code", Slot::Code(failure.reason_code.clone())),
            ],
        ),
    }
}

/// Why a deployment ended without success, and what brings the next one.
#[must_use]
pub fn failed(failure: &Failure, language: Language) -> Sentence {
    Sentence::fill(
        match language {
            Language::En => {
                "{message} ({code}). It is not tried again by itself; a newer revision or a new request starts another deployment."
            }
            Language::Ja => {
                "{message}（{code}）。自動では再試行しません。新しいリビジョンか、あらためての依頼で次のデプロイが始まります。"
            }
        },
        &[
            ("message", Slot::Words(fragment(&failure.message))),
            ("code", Slot::Code(failure.reason_code.clone())),
        ],
    )
}

fn started(notice: &Notice, language: Language) -> Sentence {
    let Turn::Started {
        reference: found_on,
        version,
        previous,
        included,
        requested_by,
        undoes,
        observed,
    } = &notice.turn
    else {
        return Sentence::default();
    };
    let begun = match (previous, language) {
        (Some(_), Language::En) if *observed => {
            "follows {revision}, merged into {reference}, which is to replace {previous}"
        }
        (Some(_), Language::Ja) if *observed => {
            "{reference} にマージされた {revision} の反映を追跡します（現在は {previous}）"
        }
        (None, Language::En) if *observed => {
            "follows {revision}, merged into {reference}, the first deployment here"
        }
        (None, Language::Ja) if *observed => {
            "{reference} にマージされた {revision} の反映を追跡します（初回）"
        }
        (Some(_), Language::En) => "started {revision} from {reference} to replace {previous}",
        (Some(_), Language::Ja) => {
            "{reference} の {revision} のデプロイを開始しました（現在は {previous}）"
        }
        (None, Language::En) => "started {revision} from {reference}, the first deployment here",
        (None, Language::Ja) => "{reference} の {revision} のデプロイを開始しました（初回）",
    };
    let mut sentence = Sentence::fill(
        begun,
        &[
            ("revision", short(&notice.revision)),
            ("reference", Slot::Text(reference(found_on).to_owned())),
            (
                "previous",
                previous.as_ref().map_or(Slot::Text(String::new()), short),
            ),
        ],
    );
    if !notice.revision.as_str().starts_with(version.as_str()) {
        sentence = sentence.then(Sentence::fill(
            match language {
                Language::En => ", as {version}",
                Language::Ja => "。書き込む値: {version}",
            },
            &[("version", Slot::Code(crate::escape::cut(version, 120)))],
        ));
    }
    if !included.is_empty() {
        sentence = sentence.then(Sentence::fill(
            match (included.len(), language) {
                (1, Language::En) => ", with 1 change",
                (_, Language::En) => ", with {count} changes",
                (_, Language::Ja) => "。変更 {count} 件",
            },
            &[("count", Slot::Text(included.len().to_string()))],
        ));
    }
    if let Some(undone) = undoes {
        sentence = sentence.then(Sentence::fill(
            match language {
                Language::En => ", because {undone} did not work",
                Language::Ja => "。{undone} が正常に動かなかったためのロールバック",
            },
            &[("undone", Slot::Text(undone.to_string()))],
        ));
    }
    if let Some(who) = requested_by {
        sentence = sentence.then(Sentence::fill(
            match language {
                Language::En => ", asked for by {who}",
                Language::Ja => "。依頼者: {who}",
            },
            &[("who", Slot::Code(who.to_string()))],
        ));
    }
    sentence.then(Sentence::fill(
        match language {
            Language::En => ".",
            Language::Ja => "。",
        },
        &[],
    ))
}

fn merged(
    number: Option<u64>,
    base: &Revision,
    by: Option<String>,
    notice: &Notice,
    language: Language,
) -> Sentence {
    let template = match (number, &by, language) {
        (Some(_), None, Language::En) => {
            "change request #{number} for {revision} is merged; the base is at {base}."
        }
        (Some(_), None, Language::Ja) => {
            "{revision} の変更リクエスト #{number} をマージしました。ベースブランチは {base} です。"
        }
        (Some(_), Some(_), Language::En) => {
            "{by} merged change request #{number} for {revision}; the base is at {base}."
        }
        (Some(_), Some(_), Language::Ja) => {
            "{by} が {revision} の変更リクエスト #{number} をマージしました。ベースブランチは {base} です。"
        }
        (None, None, Language::En) => "{revision} is committed; the base is at {base}.",
        (None, None, Language::Ja) => {
            "{revision} をコミットしました。ベースブランチは {base} です。"
        }
        (None, Some(_), Language::En) => "{by} committed {revision}; the base is at {base}.",
        (None, Some(_), Language::Ja) => {
            "{by} が {revision} をコミットしました。ベースブランチは {base} です。"
        }
    };
    Sentence::fill(
        template,
        &[
            ("revision", short(&notice.revision)),
            (
                "number",
                Slot::Text(number.map(|n| n.to_string()).unwrap_or_default()),
            ),
            ("base", short(base)),
            ("by", Slot::Code(by.unwrap_or_default())),
        ],
    )
}

fn short(revision: &Revision) -> Slot {
    Slot::Text(revision.short().to_owned())
}

/// A page is a link; on a local forge the address is a command.
fn address(url: &str) -> Slot {
    if crate::sentence::is_web(url) {
        Slot::Link(url.to_owned())
    } else {
        Slot::Code(url.to_owned())
    }
}
