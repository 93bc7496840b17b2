//! What a configuration would do, as `sendo plan` prints it.
//!
//! A lane that would do nothing and has nothing in its way is only counted, unless all are asked for
//! or it is new among others.

use sendo_core::view::{LanePlan, PlanView};

use super::NARROWEST;
use super::paint::{Ink, paint, wrap};
use super::turn;
use crate::Language;

/// A plan for people. `all` lists the lanes that would do nothing, too, with what stands in their
/// files now.
#[must_use]
pub fn plan(view: &PlanView, all: bool, language: Language, width: usize, color: bool) -> String {
    let width = width.max(NARROWEST);
    let mut out = String::new();
    // Where all of it is new, that says nothing of any one lane.
    let tells = !view.gone.is_empty() || view.lanes.iter().any(|lane| !lane.is_new);
    for lane in &view.lanes {
        if all
            || (tells && lane.is_new)
            || !lane.notices.is_empty()
            || !lane.effects.is_empty()
            || !lane.trouble.is_empty()
        {
            out += &block(lane, all, language, width, color);
        }
    }
    for lane in &view.gone {
        let gone = match language {
            Language::En => {
                "goes: nothing starts here any more, and what is under way stays as it is"
            }
            Language::Ja => {
                "なくなります: 新しいデプロイは始まらず、進行中のものはそのまま残ります"
            }
        };
        out += &format!("{lane}\n  {gone}\n");
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out + &wrap(&tally(view, language), width, 0) + "\n"
}

fn block(lane: &LanePlan, all: bool, language: Language, width: usize, color: bool) -> String {
    let mut out = paint(&lane.lane.to_string(), Ink::Bold, color);
    if lane.is_new {
        out += match language {
            Language::En => {
                "  new: what lies there now becomes its baseline, and is not deployed by itself"
            }
            Language::Ja => "  新規: 今あるものが基準になり、自動ではデプロイされません",
        };
    }
    out.push('\n');
    for notice in &lane.notices {
        out += &format!("  {}\n", turn(notice, language, color));
    }
    if lane.notices.is_empty() && !lane.effects.is_empty() {
        let goes_on = match language {
            Language::En => "goes on with what is under way: ",
            Language::Ja => "進行中のものを先へ進めます: ",
        };
        out += &format!("  {goes_on}{}\n", lane.effects.join(", "));
    }
    if let Some(objects) = &lane.objects {
        out += &super::objects::told(objects, true, (2, width), language, color);
    }
    for why in &lane.trouble {
        let line = wrap(&format!("  ✗ {why}"), width, 4);
        out += &format!("{}\n", paint(&line, Ink::Bad, color));
    }
    if all {
        for edit in &lane.edits {
            out += &format!("  {}  {}: {}\n", edit.file, edit.place, edit.now);
        }
    }
    out
}

fn tally(view: &PlanView, language: Language) -> String {
    let count = |is: fn(&LanePlan) -> bool| view.lanes.iter().filter(|lane| is(lane)).count();
    let new = count(|lane| lane.is_new);
    let act = count(|lane| !lane.notices.is_empty() || !lane.effects.is_empty());
    let stuck = count(|lane| !lane.trouble.is_empty());
    let (lanes, gone) = (view.lanes.len(), view.gone.len());
    let nothing = !view.changes() && !view.is_in_trouble();
    match language {
        Language::En => {
            let lanes = if lanes == 1 {
                "1 lane".to_owned()
            } else {
                format!("{lanes} lanes")
            };
            if nothing {
                return format!(
                    "{lanes}, {new} of them new: nothing would be done, and nothing is in the way."
                );
            }
            format!(
                "{lanes}, {new} of them new: {act} would act at once, {gone} would go, {stuck} cannot work yet."
            )
        }
        Language::Ja => {
            if nothing {
                return format!(
                    "{lanes} レーン (うち新規 {new}): 何も行われず、妨げもありません。"
                );
            }
            format!(
                "{lanes} レーン (うち新規 {new}): すぐに動くもの {act}、なくなるもの {gone}、まだ動けないもの {stuck}。"
            )
        }
    }
}
