//! What was tried, in words: each kind of effect as a fragment that follows "could not".

use crate::Language;

/// `open the change request` for `open_change_request`; an unknown kind stands for itself.
#[must_use]
pub fn tried(kind: &str, language: Language) -> String {
    let [en, ja] = match kind {
        "observe_source" => [
            "read the application's repository",
            "アプリケーションのリポジトリの読み取り",
        ],
        "observe_change" => ["read the change request", "変更リクエストの読み取り"],
        "publish_branch" => ["publish the branch", "ブランチの作成"],
        "publish_commit" => ["commit to the base", "ベースブランチへのコミット"],
        "open_change_request" => ["open the change request", "変更リクエストの作成"],
        "approve_change_request" => ["approve the change request", "変更リクエストの承認"],
        "merge_change_request" => ["merge the change request", "変更リクエストのマージ"],
        "close_change_request" => ["close the change request", "変更リクエストのクローズ"],
        "delete_branch" => ["delete the branch", "ブランチの削除"],
        "refresh_engine" => [
            "have Argo CD look at the repository",
            "Argo CD への再読み込みの依頼",
        ],
        "sync_engine" => [
            "have Argo CD sync the application",
            "Argo CD への同期の依頼",
        ],
        "observe_engine" => ["read what Argo CD says", "Argo CD の状態の読み取り"],
        "post_notice" => ["post the notice", "通知の送信"],
        "post_to_thread" => ["post the notice to its thread", "スレッドへの通知の送信"],
        "post_digest" => ["post the digest", "まとめ通知の送信"],
        other => return other.replace('_', " "),
    };
    match language {
        Language::En => en,
        Language::Ja => ja,
    }
    .to_owned()
}
