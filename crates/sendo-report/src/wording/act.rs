//! Why what a person asked for was not done.

use sendo_core::act::ActRefusal;

use crate::Language;

/// The reason as a fragment without a full stop.
#[must_use]
pub const fn refused(why: ActRefusal, language: Language) -> &'static str {
    let [en, ja] = match why {
        ActRefusal::NotUnderWay => [
            "the deployment is not under way any more",
            "このデプロイはすでに進行中ではありません",
        ],
        ActRefusal::OwnRequest => [
            "who asked for a deployment does not approve it",
            "依頼した本人は承認できません",
        ],
        ActRefusal::NotAllowed => [
            "the configuration does not allow it to them here",
            "この操作は設定で許可されていません",
        ],
        ActRefusal::NotAnApprover => [
            "only the people the configuration names may approve here",
            "承認できるのは設定に記載された人だけです",
        ],
        ActRefusal::TooLate => [
            "the merge has begun already",
            "マージがすでに始まっています",
        ],
        ActRefusal::NothingToGoBackTo => [
            "there is no such earlier success to go back to",
            "戻り先となる過去の成功がありません",
        ],
        ActRefusal::NotToBeRetried => [
            "only one of the last few that ended without success can be retried",
            "再試行できるのは最近失敗またはキャンセルされたデプロイだけです",
        ],
        ActRefusal::LeftAlready => [
            "what was to be left does not run there any more",
            "戻す対象のデプロイはすでにそこで動いていません",
        ],
        ActRefusal::Observed => [
            "people merge there themselves, and Sendo only follows what they merged",
            "ここには人が直接マージし、Sendo はその反映を追跡するだけです",
        ],
    };
    match language {
        Language::En => en,
        Language::Ja => ja,
    }
}
