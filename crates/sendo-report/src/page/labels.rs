//! The fixed words of the pages.

use crate::Language;

/// Words that stand on pages, one set for each language.
pub(super) struct Labels {
    pub(super) lang: &'static str,
    pub(super) board: &'static str,
    /// Before and after a point in time.
    pub(super) as_of: [&'static str; 2],
    pub(super) empty_board: &'static str,
    /// Before and after how long ago it was.
    pub(super) arrived: [&'static str; 2],
    pub(super) nothing_runs: &'static str,
    pub(super) live: &'static str,
    pub(super) not_live: &'static str,
    pub(super) closed: &'static str,
    pub(super) deployment: &'static str,
    pub(super) revision: &'static str,
    pub(super) found_on: &'static str,
    pub(super) value: &'static str,
    pub(super) change_request: &'static str,
    pub(super) asked_by: &'static str,
    pub(super) began: &'static str,
    pub(super) took: &'static str,
    pub(super) superseded_by: &'static str,
    pub(super) included: &'static str,
    pub(super) timeline: &'static str,
    pub(super) missing: &'static str,
    pub(super) missing_why: &'static str,
    pub(super) to_board: &'static str,
}

impl Labels {
    pub(super) const fn of(language: Language) -> &'static Self {
        match language {
            Language::En => &EN,
            Language::Ja => &JA,
        }
    }
}

const EN: Labels = Labels {
    lang: "en",
    board: "What is where",
    as_of: ["As of ", ""],
    empty_board: "No applications are configured yet.",
    arrived: ["arrived ", ""],
    nothing_runs: "nothing yet",
    live: "live",
    not_live: "reconnecting …",
    closed: "not live, reload for news",
    deployment: "Deployment",
    revision: "Revision",
    found_on: "From",
    value: "Value written",
    change_request: "Change request",
    asked_by: "Asked for by",
    began: "Began",
    took: "Took",
    superseded_by: "Superseded by",
    included: "Included changes",
    timeline: "Timeline",
    missing: "Nothing is here",
    missing_why: "No page has this address. A deployment may have been given under another name.",
    to_board: "Back to the board",
};

const JA: Labels = Labels {
    lang: "ja",
    board: "デプロイの現在地",
    as_of: ["", " 時点"],
    empty_board: "アプリケーションはまだ設定されていません。",
    arrived: ["", "に到着"],
    nothing_runs: "未デプロイ",
    live: "ライブ更新中",
    not_live: "再接続中 …",
    closed: "自動更新は停止中、再読み込みで更新",
    deployment: "デプロイ",
    revision: "リビジョン",
    found_on: "ブランチ・タグ",
    value: "書き込む値",
    change_request: "変更リクエスト",
    asked_by: "依頼者",
    began: "開始",
    took: "所要時間",
    superseded_by: "置き換えたデプロイ",
    included: "含まれる変更",
    timeline: "経過",
    missing: "ページが見つかりません",
    missing_why: "このアドレスのページはありません。デプロイの名前を確かめてください。",
    to_board: "一覧に戻る",
};
