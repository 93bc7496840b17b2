//! The list of included changes, kept within the room a body has.

use sendo_core::deployment::Change;
use sendo_core::effect::Story;

use crate::Language;
use crate::escape::{code_span, cut, markdown, one_line};
use crate::wording::change_title;

/// The list of changes in at most `room` characters. What does not fit is left out of the middle:
/// the first and the last changes are the ones people look for.
pub(super) fn included(story: &Story, room: usize, language: Language) -> String {
    let total = u64::try_from(story.included.len())
        .unwrap_or(u64::MAX)
        .saturating_add(story.omitted);
    if total == 0 && story.previous.is_none() {
        return String::new();
    }
    let heading = match language {
        Language::En => format!("### Included changes ({total})\n\n"),
        Language::Ja => format!("### 含まれる変更（{total} 件）\n\n"),
    };
    let compare = story.previous.as_ref().map_or_else(String::new, |from| {
        let range = format!("`{from}..{}`", story.revision);
        let source = code_span(&story.source.path);
        match language {
            Language::En => format!("Compare {range} in {source}.\n\n"),
            Language::Ja => format!("比較範囲: {source} の {range}\n\n"),
        }
    });
    let lines: Vec<String> = story
        .included
        .iter()
        .map(|change| line(change, story))
        .collect();
    // Room for the line that says how many are missing, whatever its number.
    let fixed = heading.chars().count() + compare.chars().count() + 200;
    let (head, tail) = ends(&lines, room.saturating_sub(fixed));
    let dropped = u64::try_from(lines.len() - head.len() - tail.len()).unwrap_or(u64::MAX);
    let missing = missing(dropped.saturating_add(story.omitted), language);
    let list = if dropped > 0 {
        format!("{}{missing}{}", head.concat(), tail.concat())
    } else {
        format!("{}{}{missing}", head.concat(), tail.concat())
    };
    format!("{heading}{list}\n{compare}")
}

fn line(change: &Change, story: &Story) -> String {
    let number = change
        .number
        .map(|number| format!("{}#{number} ", story.source.path))
        .unwrap_or_default();
    format!(
        "- {number}{} — {} (`{}`)\n",
        markdown(&change_title(change)),
        markdown(&cut(&one_line(&change.author), 80)),
        change.revision.short()
    )
}

fn missing(count: u64, language: Language) -> String {
    match (count, language) {
        (0, _) => String::new(),
        (1, Language::En) => "- … 1 more change is not listed here …\n".to_owned(),
        (_, Language::En) => format!("- … {count} more changes are not listed here …\n"),
        (_, Language::Ja) => format!("- … ほか {count} 件の変更は省略しました …\n"),
    }
}

/// As many lines from both ends as fit, taken in turn, starting with the last.
fn ends(lines: &[String], room: usize) -> (&[String], &[String]) {
    let (mut front, mut back, mut used) = (0, lines.len(), 0);
    while front < back {
        let take_last = lines.len() - back <= front;
        let index = if take_last { back - 1 } else { front };
        used += lines.get(index).map_or(0, |line| line.chars().count());
        if used > room {
            break;
        }
        if take_last { back -= 1 } else { front += 1 }
    }
    lines
        .split_at_checked(front)
        .map_or((&[], &[]), |(head, rest)| {
            (head, rest.get(back - front..).unwrap_or_default())
        })
}
