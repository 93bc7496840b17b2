//! Why what people ask for with a form, or by its counterpart of the API, is not done, and what to do
//! next.
//!
//! A refusal is worded here by what it is about, so there is none without both languages. Which status
//! it has is the server's affair. Messages and next steps are fragments without a full stop.
//!
//! Size: every refusal of every form in both languages, side by side.

use sendo_core::act::ActRefusal;
use sendo_core::freeze::Unfit;
use sendo_core::subject::LaneId;

use super::act;
use crate::Language;

/// What may have been meant by a name that is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meant {
    /// Probably this one.
    This(String),
    /// One of these, or of more; `count` is how many there are.
    OneOf {
        /// The first of them.
        names: Vec<String>,
        /// How many there are.
        count: usize,
    },
}

impl Meant {
    /// As a fragment.
    #[must_use]
    pub fn words(&self, language: Language) -> String {
        let (names, count) = match self {
            Self::This(name) => {
                return match language {
                    Language::En => format!("did you mean `{name}`?"),
                    Language::Ja => format!("`{name}` ではありませんか"),
                };
            }
            Self::OneOf { names, count } => (names, *count),
        };
        let listed: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let listed = listed.join(language.choose(", ", "、"));
        match (count, language) {
            (0, Language::En) => "none is configured yet".to_owned(),
            (0, Language::Ja) => "まだ何も設定されていません".to_owned(),
            (_, Language::En) if count > names.len() => {
                format!("there are {count}, among them {listed}")
            }
            (_, Language::Ja) if count > names.len() => {
                format!("全部で {count} 件あり、{listed} などがあります")
            }
            (_, Language::En) => format!("there are {listed}"),
            (_, Language::Ja) => format!("あるのは {listed} です"),
        }
    }
}

/// What a reason was not given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reasoned {
    /// A lock.
    Lock,
    /// A freeze.
    Freeze,
    /// Breaking the glass.
    Override,
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is what the words of its variant name")]
pub enum Refused {
    /// There is no such application.
    ApplicationUnknown { name: String, meant: Meant },
    /// The application has no such environment.
    EnvironmentUnknown {
        application: String,
        name: String,
        meant: Meant,
    },
    /// There is no such deployment.
    DeploymentUnknown { lane: String, number: String },
    /// The token does not cover the application.
    ApplicationNotCovered { application: String },
    /// The token covers some applications, and this concerns all.
    TokenLimited,
    /// The token lacks a scope.
    ScopeMissing { scope: String },
    /// Only an administrator's token breaks the glass here.
    GlassNotTheirs,
    /// The act does not fit how things stand, or who asks.
    Act { why: ActRefusal, lane: LaneId },
    /// A reason has to be given.
    ReasonMissing(Reasoned),
    /// The reason is too long, or not one line.
    ReasonInvalid { longest: usize },
    /// What is written is no area.
    AreaInvalid { problem: String },
    /// There is no lane in the area.
    AreaUnknown { area: String },
    /// They may not lock there.
    AreaNotAllowed { area: String },
    /// They may not release the lane after a rollback.
    NotReleasable { lane: String },
    /// They may not unlock there.
    NotUnlockable { area: String },
    /// A lock cannot last so long, or so short.
    SecondsInvalid,
    /// The same, of whole hours in a form.
    HoursInvalid { most: u32 },
    /// Somebody else has the lock.
    AlreadyLocked {
        area: String,
        by: String,
        reason: String,
    },
    /// There is nothing to unlock.
    NotLocked { area: String },
    /// What is written is no date or time.
    TimeInvalid { text: String },
    /// A freeze ends at one time, said in one way.
    EndMissing,
    /// A form left out when the freeze ends.
    EndEmpty,
    /// There is no such time zone.
    ZoneUnknown { name: String, meant: Meant },
    /// A freeze cannot be called so.
    NameInvalid,
    /// The area has a freeze of that name.
    NameTaken { area: String, name: String },
    /// The area has as many freezes as it may.
    TooManyFreezes { area: String, most: usize },
    /// Its window cannot be announced.
    Unfit(Unfit),
    /// Several areas have a freeze of that name.
    NameAmbiguous { name: String, areas: Vec<String> },
    /// No freeze of that name is announced.
    FreezeUnknown { name: String, is_configured: bool },
    /// The delivery was read.
    NotQuarantined { id: String },
    /// Nothing of the delivery is left to read.
    BodyDeleted { id: String },
    /// There is no such delivery.
    DeliveryUnknown { id: String },
    /// The form is not one of ours, or not whole.
    FormInvalid,
}

/// English and Japanese.
type Both = [String; 2];

fn both(en: impl Into<String>, ja: impl Into<String>) -> Both {
    [en.into(), ja.into()]
}

impl Refused {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ApplicationUnknown { .. } => "application_unknown",
            Self::EnvironmentUnknown { .. } => "environment_unknown",
            Self::DeploymentUnknown { .. } => "deployment_unknown",
            Self::ApplicationNotCovered { .. } => "application_not_covered",
            Self::TokenLimited => "token_limited",
            Self::ScopeMissing { .. } | Self::GlassNotTheirs => "scope_missing",
            Self::Act { why, .. } => why.code(),
            Self::ReasonMissing(_) => "reason_missing",
            Self::ReasonInvalid { .. } => "reason_invalid",
            Self::AreaInvalid { .. } => "area_invalid",
            Self::AreaUnknown { .. } => "area_unknown",
            Self::AreaNotAllowed { .. }
            | Self::NotReleasable { .. }
            | Self::NotUnlockable { .. } => "not_allowed",
            Self::SecondsInvalid => "seconds_invalid",
            Self::HoursInvalid { .. } => "hours_invalid",
            Self::AlreadyLocked { .. } => "already_locked",
            Self::NotLocked { .. } => "not_locked",
            Self::TimeInvalid { .. } => "time_invalid",
            Self::EndMissing | Self::EndEmpty => "end_missing",
            Self::ZoneUnknown { .. } => "zone_unknown",
            Self::NameInvalid => "name_invalid",
            Self::NameTaken { .. } => "name_taken",
            Self::TooManyFreezes { .. } => "too_many_freezes",
            Self::Unfit(unfit) => unfit.code(),
            Self::NameAmbiguous { .. } => "name_ambiguous",
            Self::FreezeUnknown { .. } => "freeze_unknown",
            Self::NotQuarantined { .. } => "not_quarantined",
            Self::BodyDeleted { .. } => "body_deleted",
            Self::DeliveryUnknown { .. } => "delivery_unknown",
            Self::FormInvalid => "form_invalid",
        }
    }

    /// What happened.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        let [en, ja] = self.messages();
        language.choose(en, ja)
    }

    /// What to do next.
    #[must_use]
    pub fn next(&self, language: Language) -> String {
        let [en, ja] = self.nexts();
        language.choose(en, ja)
    }

    fn messages(&self) -> Both {
        match self {
            Self::ApplicationUnknown { name, .. } => both(
                format!("there is no application `{name}`"),
                format!("アプリケーション `{name}` はありません"),
            ),
            Self::EnvironmentUnknown {
                application, name, ..
            } => both(
                format!("`{application}` has no environment `{name}`"),
                format!("`{application}` に環境 `{name}` はありません"),
            ),
            Self::DeploymentUnknown { lane, number } => both(
                format!("there is no deployment `{lane}/{number}`"),
                format!("デプロイ `{lane}/{number}` はありません"),
            ),
            Self::ApplicationNotCovered { application } => both(
                format!("this token does not cover the application `{application}`"),
                format!("このトークンはアプリケーション `{application}` を対象にしていません"),
            ),
            Self::TokenLimited => both(
                "this token is limited to some applications, and what was asked concerns them all",
                "このトークンは一部のアプリケーションに限られていますが、この操作はすべてに及びます",
            ),
            Self::ScopeMissing { scope } => both(
                format!("this token does not have the scope `{scope}`"),
                format!("このトークンにはスコープ `{scope}` がありません"),
            ),
            Self::GlassNotTheirs => both(
                "breaking the glass needs a token of scope `admin` here",
                "ここで緊急実行するには、スコープ `admin` のトークンが必要です",
            ),
            Self::Act { why, .. } => Language::ALL.map(|l| act::refused(*why, l).to_owned()),
            Self::ReasonMissing(Reasoned::Lock) => {
                both("a lock needs a reason", "ロックには理由が必要です")
            }
            Self::ReasonMissing(Reasoned::Freeze) => {
                both("a freeze needs a reason", "フリーズ期間には理由が必要です")
            }
            Self::ReasonMissing(Reasoned::Override) => both(
                "breaking the glass needs a reason",
                "緊急実行には理由が必要です",
            ),
            Self::ReasonInvalid { longest } => both(
                format!("a reason is one line of at most {longest} characters"),
                format!("理由は1行、{longest}文字以内です"),
            ),
            Self::AreaInvalid { problem } => both(problem, "対象の書き方が正しくありません"),
            Self::AreaUnknown { area } => both(
                format!("there is no lane in `{area}`"),
                format!("`{area}` に当たるレーンはありません"),
            ),
            Self::AreaNotAllowed { area } => both(
                format!("the configuration does not let you lock all of `{area}`"),
                format!("`{area}` 全体のロックは設定で許可されていません"),
            ),
            Self::NotUnlockable { area } => both(
                format!("the configuration does not let you unlock `{area}`"),
                format!("`{area}` の解除は設定で許可されていません"),
            ),
            Self::NotReleasable { lane } => both(
                format!("the configuration does not let you release `{lane}` after a rollback"),
                format!("ロールバックのあとの `{lane}` の解除は設定で許可されていません"),
            ),
            Self::SecondsInvalid => both(
                "a lock ends after a second at the earliest and a year at the latest",
                "ロックの長さは1秒以上、1年以内です",
            ),
            Self::HoursInvalid { most } => both(
                format!("a lock lasts whole hours, from 1 to {most}"),
                format!("ロックの長さは1から{most}までの整数の時間です"),
            ),
            Self::AlreadyLocked { area, by, reason } => both(
                format!("`{area}` is locked by {by}: {reason}"),
                format!("`{area}` は {by} がロックしています: {reason}"),
            ),
            Self::NotLocked { area } => both(
                format!("`{area}` is not locked"),
                format!("`{area}` はロックされていません"),
            ),
            Self::TimeInvalid { text } => both(
                format!("`{text}` is not a date or a time"),
                format!("`{text}` は日付でも時刻でもありません"),
            ),
            Self::EndMissing => both("a freeze has one end", "フリーズ期間の終わりは一つです"),
            Self::EndEmpty => both(
                "a freeze needs an end",
                "フリーズ期間には終了日時が必要です",
            ),
            Self::ZoneUnknown { name, .. } => both(
                format!("there is no time zone `{name}`"),
                format!("タイムゾーン `{name}` はありません"),
            ),
            Self::NameInvalid => both(
                "a name has 1 to 60 letters, digits, `-`, `_` and `.`, and does not begin with `-`",
                "名前は文字、数字、`-`、`_`、`.` で1から60文字までで、`-` では始められません",
            ),
            Self::NameTaken { area, name } => both(
                format!("`{area}` has a freeze `{name}` already"),
                format!("`{area}` にはフリーズ期間 `{name}` がすでにあります"),
            ),
            Self::TooManyFreezes { area, most } => both(
                format!("`{area}` has {most} announced freezes already"),
                format!("`{area}` にはフリーズ期間がすでに{most}件告知されています"),
            ),
            Self::Unfit(Unfit::Backwards) => both(
                "this freeze ends before it begins",
                "このフリーズ期間は開始より前に終わっています",
            ),
            Self::Unfit(Unfit::Over) => both(
                "this freeze is over already",
                "このフリーズ期間はすでに終わっています",
            ),
            Self::Unfit(Unfit::TooLong) => both(
                "this freeze is longer than a year",
                "このフリーズ期間は1年を超えています",
            ),
            Self::NameAmbiguous { name, areas } => {
                let list = |and: &str| {
                    let all: Vec<String> = areas.iter().map(|area| format!("`{area}`")).collect();
                    all.join(and)
                };
                both(
                    format!("`{name}` is announced for {}", list(" and ")),
                    format!("`{name}` は {} に告知されています", list("、")),
                )
            }
            Self::FreezeUnknown { name, .. } => both(
                format!("no freeze `{name}` is announced"),
                format!("フリーズ期間 `{name}` は告知されていません"),
            ),
            Self::NotQuarantined { id } => both(
                format!("delivery `{id}` was read; only quarantined ones are replayed"),
                format!("受信 `{id}` は読み取り済みです。読み直せるのは隔離されたものだけです"),
            ),
            Self::BodyDeleted { id } => both(
                format!("the body of delivery `{id}` was deleted after the retention time"),
                format!("受信 `{id}` の本文は保管期間を過ぎて削除されました"),
            ),
            Self::DeliveryUnknown { id } => both(
                format!("there is no delivery `{id}`"),
                format!("受信 `{id}` はありません"),
            ),
            Self::FormInvalid => both(
                "the form lacks a field, or has one that is not known",
                "フォームの項目が足りないか、知らない項目があります",
            ),
        }
    }

    fn nexts(&self) -> Both {
        match self {
            Self::ApplicationUnknown { meant, .. }
            | Self::EnvironmentUnknown { meant, .. }
            | Self::ZoneUnknown { meant, .. } => Language::ALL.map(|l| meant.words(l)),
            Self::DeploymentUnknown { lane, .. } => both(
                format!("`sendo history {lane}` lists those there are"),
                format!("`sendo history {lane}` で一覧を表示できます"),
            ),
            Self::ApplicationNotCovered { .. } => both(
                "use a token that covers it, or ask an administrator for one",
                "対象に含むトークンを使うか、管理者に依頼してください",
            ),
            Self::TokenLimited => both(
                "use a token that is not limited to applications",
                "アプリケーションを限定しないトークンを使ってください",
            ),
            Self::ScopeMissing { .. } => both(
                "use a token that has it, or ask an administrator for one",
                "そのスコープのあるトークンを使うか、管理者に依頼してください",
            ),
            Self::GlassNotTheirs => both(
                "use such a token, or let the configuration's `access` say who may `override`",
                "そのトークンを使うか、設定の `access` で `override` できる人を決めてください",
            ),
            Self::Act { why, lane } => act_next(*why, lane),
            Self::ReasonMissing(Reasoned::Override) => both(
                "say why: it is told to everybody and kept in the audit trail",
                "理由を書いてください。全員に知らされ、監査記録に残ります",
            ),
            Self::ReasonMissing(_) => both(
                "say why, so that whoever waits knows what for",
                "待つ人にわかるように理由を書いてください",
            ),
            Self::ReasonInvalid { .. } => both(
                "say it in fewer words, and link to the rest",
                "短く書き、詳しくはリンクで示してください",
            ),
            Self::AreaInvalid { .. } => both(
                "write `APPLICATION/ENVIRONMENT`, `APPLICATION`, `*/ENVIRONMENT` or `*`",
                "`アプリケーション/環境`、`アプリケーション`、`*/環境`、`*` のいずれかで書いてください",
            ),
            Self::AreaUnknown { .. } => both(
                "`sendo status` lists the lanes",
                "`sendo status` でレーンの一覧を表示できます",
            ),
            Self::AreaNotAllowed { .. } => both(
                "lock less of it, or ask somebody whom the configuration's `access` names",
                "範囲を狭めるか、設定の `access` に記載された人に依頼してください",
            ),
            Self::NotUnlockable { .. } => both(
                "ask whoever locked it, or somebody whom the configuration's `access` lets `lock` there",
                "ロックした人か、設定の `access` でそこの `lock` を許可された人に依頼してください",
            ),
            Self::NotReleasable { .. } => both(
                "ask somebody whom the configuration's `access` lets `rollback` there",
                "設定の `access` でそこの `rollback` を許可された人に依頼してください",
            ),
            Self::SecondsInvalid | Self::HoursInvalid { .. } => both(
                "give another time, or none: then it stays until somebody unlocks it",
                "別の長さを指定してください。省略すると、だれかが解除するまで続きます",
            ),
            Self::AlreadyLocked { area, .. } => both(
                format!("ask them, or `sendo unlock '{area}'` first"),
                format!("本人に依頼するか、先に `sendo unlock '{area}'` で解除してください"),
            ),
            Self::NotLocked { .. } => both(
                "`sendo locks` lists what is",
                "ロックの一覧は `sendo locks` で表示できます",
            ),
            Self::TimeInvalid { .. } => both(
                "write it like `2026-12-28`, `2026-12-28T18:00` or `2026-12-28T18:00+09:00`",
                "`2026-12-28`、`2026-12-28T18:00`、`2026-12-28T18:00+09:00` のように書いてください",
            ),
            Self::EndMissing => both(
                "say either when it ends or how long it lasts",
                "終了日時か長さのどちらか一方を指定してください",
            ),
            Self::EndEmpty => both("say when it ends", "終了日時を入力してください"),
            Self::NameInvalid => both(
                "give another, such as `year-end`",
                "`year-end` のような別の名前にしてください",
            ),
            Self::NameTaken { .. } => both(
                "give another name; `sendo freezes` lists them",
                "別の名前にしてください。一覧は `sendo freezes` で表示できます",
            ),
            Self::TooManyFreezes { .. } => both(
                "end some with `sendo unfreeze NAME`, or write them into the configuration",
                "`sendo unfreeze 名前` でいくつか終えるか、設定に書いてください",
            ),
            Self::Unfit(Unfit::Backwards) => both(
                "exchange its beginning and its end, or correct one of them",
                "開始と終了を入れ替えるか、どちらかを直してください",
            ),
            Self::Unfit(Unfit::Over) => both(
                "give a later end; without a zone or an offset, times are UTC",
                "終了を後にしてください。タイムゾーンや時差がなければ UTC とみなします",
            ),
            Self::Unfit(Unfit::TooLong) => both(
                "give an earlier end, or write it into the configuration",
                "終了を早めるか、設定に書いてください",
            ),
            Self::NameAmbiguous { name, areas } => {
                let first = areas.first().map_or("*", String::as_str);
                let typed = format!("`sendo unfreeze {name} --area '{first}'`");
                both(typed.clone(), typed)
            }
            Self::FreezeUnknown {
                is_configured: true,
                ..
            } => both(
                "it stands in the configuration: change it there",
                "設定にあるものは設定で変更してください",
            ),
            Self::FreezeUnknown { .. } => both(
                "`sendo freezes` lists what is",
                "一覧は `sendo freezes` で表示できます",
            ),
            Self::NotQuarantined { .. } => both(
                "`sendo delivery list --quarantined` shows those there are",
                "隔離されたものは `sendo delivery list --quarantined` で表示できます",
            ),
            Self::BodyDeleted { .. } => both(
                "send it again from where it came",
                "送信元からもう一度送ってください",
            ),
            Self::DeliveryUnknown { .. } => both(
                "`sendo delivery list` shows those there are",
                "一覧は `sendo delivery list` で表示できます",
            ),
            Self::FormInvalid => both(
                "send it from the page that shows it",
                "フォームのあるページから送ってください",
            ),
        }
    }
}

fn act_next(why: ActRefusal, lane: &LaneId) -> Both {
    match why {
        ActRefusal::OwnRequest | ActRefusal::NotAnApprover => both(
            format!("`sendo status` says who may approve in {lane}"),
            format!("{lane} を承認できる人は `sendo status` で確かめられます"),
        ),
        ActRefusal::NotAllowed => both(
            "ask somebody whom the configuration's `access` names",
            "設定の `access` に記載された人に依頼してください",
        ),
        ActRefusal::NotToBeRetried => {
            let (application, environment) = (&lane.application, &lane.environment);
            let typed = format!("`sendo deploy {application} {environment} REVISION`");
            both(typed.clone(), typed)
        }
        ActRefusal::NothingToGoBackTo => both(
            format!(
                "`sendo history {lane}` shows what succeeded; `sendo cancel` ends what is on its way"
            ),
            format!(
                "成功したデプロイは `sendo history {lane}` で確かめられます。進行中のものは `sendo cancel` で止められます"
            ),
        ),
        ActRefusal::Observed => both(
            "merge it, or its revert, in the manifests repository",
            "マニフェストリポジトリで変更またはその取り消しをマージしてください",
        ),
        _ => both(
            format!("`sendo history {lane}` shows how its deployments stand"),
            format!("デプロイの状態は `sendo history {lane}` で確かめられます"),
        ),
    }
}

/// What a page of a refusal is headed with, by the status of the answer.
#[must_use]
pub const fn heading(status: u16, language: Language) -> &'static str {
    let [en, ja] = match status {
        401 => ["You are not signed in", "サインインしていません"],
        403 => ["You may not do this", "この操作は許可されていません"],
        404 => ["This is not there", "見つかりません"],
        409 => ["This cannot be done now", "今はこの操作を行えません"],
        410 => ["This link is used up", "このリンクはもう使えません"],
        500..=u16::MAX => ["Sendo cannot answer now", "現在応答できません"],
        _ => [
            "Something in what you asked for is not right",
            "依頼の内容に誤りがあります",
        ],
    };
    match language {
        Language::En => en,
        Language::Ja => ja,
    }
}
